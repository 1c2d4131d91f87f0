"""What rows of a plan are made from, read from databases of each kind, some days at a time."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from types import ModuleType

import polars as pl
import pytest
from afternoon import BEFORE, DAY, at, prepare, walk
from stored_visits import StoredVisit, store

from app.access.viewer import SERVICE, Forbidden, Role, Viewer
from app.compliance.calendar import DAY as ONE_DAY
from app.compliance.figures import Figures
from app.compliance.groups import Period
from app.compliance.plan import Plan, Window
from app.compliance.report import report
from app.reports import cell_rows, patrol_rows, place_days
from app.reports.evidence import Reckoned, basis, evidence_of, reckoned
from app.reports.table import Batch, OfPlan
from app.storage import plans
from app.storage.engine import Database, Reader
from app.storage.errors import NotFound

NOW = at(600)
QUARTER = Period(DAY, DAY + 89 * ONE_DAY)
TABLES = cell_rows, patrol_rows, place_days
# Thursdays to Sundays, and longer windows on Saturdays and Sundays.
WEEKENDS = Plan(
    "weekends",
    "Weekends",
    (
        Window("week", dt.time(15), dt.time(17), frozenset(range(5))),
        Window("weekend", dt.time(12), dt.time(23), frozenset({5, 6})),
    ),
    DAY,
)


async def gathered(reader: Reader, plan: str, *blocks: Period) -> list[Reckoned]:
    """What comes of some days when each block of them is asked for by itself."""
    found: list[Reckoned] = []
    for days in blocks:
        found += [part async for part in reckoned(reader, SERVICE, OfPlan(plan, days, None, NOW))]
    return found


def table(rows: ModuleType, parts: list[Reckoned]) -> Batch:
    return pl.concat([rows.rows(part) for part in parts])


async def test_a_quarter_is_read_by_the_month_and_nothing_of_it_is_lost(database: Database) -> None:
    await prepare(database)
    await walk(database, NOW, 1, (0, 12, "h1"), (12, 20, "out"), (20, 26, "h3"))
    async with database.read() as reader:
        about = await basis(reader, SERVICE, "late", NOW)
        blocks = list(about.blocks(QUARTER))
        parts = await gathered(reader, "late", QUARTER)
    assert [(block.last - block.first).days for block in blocks] == [30, 30, 27]
    assert len(parts) == 3
    windows, made, days = (table(rows, parts) for rows in TABLES)
    assert days["day"].unique().len() == windows["day"].unique().len() == 90
    assert windows["patrols"].sum() == days["patrols"].sum() == len(made) == 2
    assert made["officers"].to_list() == made["devices"].to_list() == [1, 1]
    assert made["qualifying"].to_list() == [True, False]


def relay(days: float, key: str = "h1") -> list[StoredVisit]:
    """Two devices that relieve each other for days: nine hours each, every eight."""
    starts = range(0, round(days * 1440) - 540, 480)
    return [
        StoredVisit(f"d{1 + turn % 2}", key, start, start + 540)
        for turn, start in enumerate(starts)
    ]


def wandering(seed: int, days: int) -> list[StoredVisit]:
    """Some that last for minutes and some for days; a device may be at two hot spots at once."""
    random, made = Random(seed), []
    for device in ("d1", "d2"):
        for key in ("h1", "h3"):
            edges = sorted(random.sample(range(0, days * 1440, 10), 2 * days))
            for start, end in pairwise(edges):
                if random.random() < 0.6:
                    made.append(StoredVisit(device, key, start, end))
    return made


CASES = {
    "twelve days on end": (relay(12), range(13)),
    "one after another": (relay(6) + relay(9, "h3"), range(10)),
    "forty days on end": (relay(40), (0, 1, 30, 31, 32, 41)),
    **{f"random {seed}": (wandering(seed, 9), range(10)) for seed in range(4)},
}


@pytest.mark.parametrize(("visits", "numbers"), CASES.values(), ids=CASES)
async def test_days_are_the_same_in_whatever_block_they_are_read(
    sqlite_url: str, visits: list[StoredVisit], numbers: Sequence[int]
) -> None:
    database = Database(sqlite_url)
    await prepare(database)
    await store(database, *visits)
    async with database.write() as writer:
        await plans.put(writer, WEEKENDS, BEFORE)
    days = [DAY + number * ONE_DAY for number in numbers]
    halves = Period(DAY, days[3] - ONE_DAY), Period(days[3], days[-1])
    for plan in ("late", "weekends"):
        async with database.read() as reader:
            whole = await gathered(reader, plan, Period(DAY, days[-1]))
            by_day = await gathered(reader, plan, *(Period(day, day) for day in days))
            by_halves = await gathered(reader, plan, *halves)
        for rows in TABLES:
            every = table(rows, whole)
            assert table(rows, by_day).equals(every.filter(pl.col("day").is_in(days))), plan
            assert table(rows, by_halves).equals(every), plan
    await database.close()


async def test_figures_of_a_day_are_the_same_in_whatever_period_they_are_asked_for(
    database: Database,
) -> None:
    await prepare(database)
    await store(database, *relay(6), *relay(9, "h3"))
    days = [DAY + n * ONE_DAY for n in range(10)]
    async with database.read() as reader:
        about = await basis(reader, SERVICE, "late", NOW)

        async def figures(period: Period) -> list[Figures]:
            evidence = await evidence_of(
                reader, SERVICE, about, OfPlan("late", period, None, at(30_000))
            )
            return [row.figures for row in report(evidence, period, "day").rows]

        by_day = [one for day in days for one in await figures(Period(day, day))]
        assert by_day == await figures(Period(days[0], days[-1]))
    assert sum(one.patrols for one in by_day) == 2


async def test_presence_that_goes_on_is_one_patrol_of_at_most_31_days(database: Database) -> None:
    await prepare(database)
    await store(database, *relay(40))
    async with database.read() as reader:
        made = table(patrol_rows, await gathered(reader, "late", QUARTER))
    assert made["minutes"].to_list() == [31 * 1440]
    # The last turn of those days ends with them, an hour early.
    assert made["officer_minutes"].to_list() == [31 * 3 * 540 - 60]
    assert made["officers"].to_list() == [2]


async def test_days_with_many_cells_are_read_fewer_at_a_time(database: Database) -> None:
    await prepare(database)
    async with database.read() as reader:
        about = await basis(reader, SERVICE, "late", NOW)
        count = about.most_cells(Period(DAY, DAY))
        assert len(list(about.blocks(QUARTER, most_cells=3 * count))) == 30
        assert len(list(about.blocks(QUARTER, most_cells=1))) == 90


async def test_a_plan_that_is_not_there_and_rows_for_those_who_may_not(database: Database) -> None:
    auditor = Viewer("auditor", Role.AUDITOR)
    async with database.read() as reader:
        with pytest.raises(NotFound, match="there is no plan 'late'"):
            await gathered(reader, "late", QUARTER)
        with pytest.raises(Forbidden, match="no right to read compliance"):
            await anext(reckoned(reader, auditor, OfPlan("late", QUARTER, None, NOW)))
