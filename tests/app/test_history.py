from itertools import pairwise

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from redrawing import ALWAYS, DAY, SHIFTED, TODAY, ask, days, draw, is_one_run, visit_of, work
from wandering import DEVICES, NOW, START_US, Row, columns, enrol, expected, feed, split, stored

from app.storage import schema
from app.storage.engine import Database
from app.storage.types import from_us, to_us
from ingest.columns import Columns
from ingest.screen import Verdict


async def drop(database: Database, before_us: int, device: int | None = None) -> None:
    """Drops the fixes from before a moment, as retention does."""
    gone = schema.fixes.c.time < from_us(before_us)
    if device is not None:
        gone &= schema.fixes.c.device_id == device
    async with database.write() as writer:
        await writer.execute(sa.delete(schema.fixes).where(gone))


async def test_what_has_no_stored_fixes_any_more_stays(database: Database) -> None:
    await enrol(database)
    fixes = days(6, 3)
    await feed(database, [fixes])
    before = await stored(database)
    # In the middle of a visit of each device: that stays, too.
    gone_us = {
        device: max(row[4] + row[3] for row in before if row[0] == device and row[2] < LATE_US) // 2
        for device in DEVICES
    }
    async with database.write() as writer:
        for device, moment_us in gone_us.items():
            mine = schema.fixes.c.device_id == device, schema.fixes.c.time < from_us(moment_us)
            await writer.execute(sa.delete(schema.fixes).where(*mine))
    await ask(database, TODAY - 20 * DAY)
    await work(database, 100)
    assert await stored(database) == before
    await draw(database, 1, SHIFTED, TODAY - 20 * DAY)
    await work(database, 100)
    after = await stored(database)
    kept = {row for row in before if row[2] < gone_us[int(str(row[0]))]}
    assert kept <= after
    assert no_two_at_once(after)
    assert after != before


LATE_US = START_US - 80_000_000_000


def no_two_at_once(rows: set[Row]) -> bool:
    """Whether no device was at one hot spot twice at the same time."""
    ordered = sorted(rows, key=lambda row: row[:3])
    pairs = pairwise(ordered)
    return all(one[:2] != other[:2] or one[4] <= other[3] for one, other in pairs)


async def test_a_stay_that_began_before_the_first_stored_fix_goes_on(database: Database) -> None:
    await enrol(database)
    stay = visit_of(1)
    await feed(database, [stay.take(np.arange(40))])
    async with database.write() as writer:
        inside = schema.fixes.c.time < from_us(int(stay.time_us[30]))
        await writer.execute(sa.delete(schema.fixes).where(inside))
    await ask(database, ALWAYS)
    await work(database)
    assert await stored(database) == expected(stay.take(np.arange(40)))
    await feed(database, [stay.take(np.arange(40, stay.n))])
    assert await stored(database) == expected(stay)


@pytest.mark.parametrize("place", [2, 180])
async def test_a_late_fix_leaves_what_has_no_stored_fixes_any_more(
    database: Database, place: int
) -> None:
    await enrol(database)
    fixes = days(7, 2)
    late = np.flatnonzero(fixes.time_us > START_US)[place]
    in_time = np.delete(np.arange(fixes.n), late)
    await feed(database, [fixes.take(in_time)])
    before = await stored(database)
    await drop(database, START_US)
    await feed(database, [fixes.take(np.array([late]))])
    after, wanted = await stored(database), expected(fixes)
    assert wanted != before
    # Beside what is gone a visit stays as it was told, up to a moment that nothing reaches across.
    near = START_US + (3_600_000_000 if place == 2 else 0)
    assert {row for row in after if row[2] > near} == {row for row in wanted if row[2] > near}
    assert {row for row in after if row[2] <= near} <= before | wanted


async def test_a_late_fix_in_a_stay_cut_by_retention_does_not_cost_those_in_time(
    database: Database,
) -> None:
    await enrol(database)
    stay = visit_of(1)
    in_time = np.delete(np.arange(stay.n), 48)
    await feed(database, [stay.take(in_time[in_time < 50])])
    await drop(database, int(stay.time_us[30]))
    await feed(database, [stay.take(np.array([48, *range(50, 60)]))])
    assert await stored(database) == expected(stay.take(in_time[in_time < 60]))
    await feed(database, [stay.take(np.arange(60, stay.n))])
    assert await stored(database) == expected(stay.take(in_time))


async def test_a_stay_of_weeks_is_stored_once_whatever_comes_late(database: Database) -> None:
    await enrol(database)
    weeks = resting(20)
    in_time = np.delete(np.arange(weeks.n), weeks.n - 5)
    await feed(database, split(weeks, in_time, 5000))
    before = await stored(database)
    await drop(database, to_us(NOW - 8 * DAY))
    await feed(database, [weeks.take(np.array([weeks.n - 5]))])
    assert await stored(database) == before


async def test_a_stay_of_weeks_that_was_none_goes_with_the_first_late_fix(
    database: Database,
) -> None:
    await enrol(database)
    weeks = resting(10)
    late = weeks.n - 5
    await feed(database, split(weeks, np.delete(np.arange(weeks.n), late), 5000))
    await draw(database, 1, shapely.box(-50, 20, 50, 50), ALWAYS)
    await feed(database, [weeks.take(np.array([late]))])
    await is_one_run(database, weeks)


def resting(number: int) -> Columns:
    """So many days in the first square, up to now, with a fix each 100 s."""
    time_us = to_us(NOW - number * DAY) + np.arange(number * 864) * 100_000_000
    x = np.zeros(len(time_us))
    return columns(x + 1, time_us, x, x + 1, x + 5)


@pytest.mark.parametrize("first", [13, 14, 15, 16])
async def test_that_an_enter_was_seen_is_not_forgotten_with_the_fixes(
    database: Database, first: int
) -> None:
    await enrol(database)
    stay = visit_of(1)
    await feed(database, [stay])
    await drop(database, int(stay.time_us[first]))
    await ask(database, ALWAYS)
    await work(database)
    assert await stored(database) == expected(stay)


async def forget_how(database: Database) -> None:
    """Makes what is remembered of devices that are near hot spots that of another version."""
    near = sa.select(schema.device_states.c.device_id, schema.device_states.c.near)
    async with database.write() as writer:
        rows = (await writer.execute(near.where(schema.device_states.c.near.is_not(None)))).all()
        for device, content in rows:
            mine = schema.device_states.c.device_id == device
            other = bytes([content[0] - 1]) + content[1:-8]
            await writer.execute(sa.update(schema.device_states).where(mine).values(near=other))
        assert rows


@pytest.mark.parametrize("late", [0, 25])
async def test_what_another_version_remembered_is_worked_out_anew(
    database: Database, late: int
) -> None:
    await enrol(database)
    stay = Columns.concatenate([visit_of(device) for device in DEVICES])
    stay = stay.take(np.argsort(stay.time_us, kind="stable"))
    known = np.arange(120)
    held_back = known[60 : 60 + late]
    await feed(database, [stay.take(np.setdiff1d(known, held_back))])
    await forget_how(database)
    rest = np.concatenate([np.arange(120, stay.n), held_back])
    for batch in split(stay, rest, 31):
        assert set(*await feed(database, [batch])) == {Verdict.STORED}
    await is_one_run(database, stay)


async def test_work_goes_on_where_another_version_remembered(database: Database) -> None:
    await enrol(database)
    stay = visit_of(1)
    await feed(database, [stay.take(np.arange(40))])
    await forget_how(database)
    await draw(database, 1, SHIFTED, ALWAYS)
    await work(database)
    await is_one_run(database, stay.take(np.arange(40)))
    await feed(database, [stay.take(np.arange(40, stay.n))])
    await is_one_run(database, stay)
