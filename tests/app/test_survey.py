import asyncio
import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import sqlalchemy as sa
from redrawing import ALWAYS, SHIFTED, believed, draw, work
from wandering import DEVICES, START_US, columns, enrol, feed, split, wandering

from app.access.viewer import Role, Viewer
from app.main import create_app
from app.pipeline import Pipeline
from app.settings import Settings
from app.storage import schema, survey, surveying
from app.storage.engine import Database
from app.storage.survey import HourRow, NearbyRow, Survey
from app.storage.types import from_us, to_us
from app.survey import CLOSE_M, Surveyor, look, ripe_us
from geofence.hotspots import Hotspots
from geofence.model import HOUR_US, Fixes, Profile
from ingest.columns import Columns

# 18:00; devices wander until about 21:00.
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
START = from_us(START_US)
OVER = START + 10 * HOUR
ANALYST = Viewer("test", Role.ANALYST)
EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


async def run(database: Database, now: dt.datetime = OVER, most_hours: int = 500) -> int:
    """Surveys all that is settled, as if it had crashed after each step; how many there were."""
    steps = 0
    while await Surveyor(database, lambda: to_us(now), most_hours=most_hours).step():
        steps += 1
        assert steps < 1000
    return steps


async def stored(database: Database) -> Survey:
    async with database.read() as reader:
        return (await survey.held(reader, [*DEVICES, 9], *EVER))[0]


async def expected(database: Database, fixes: Columns, now: dt.datetime = OVER) -> Survey:
    """What one look at all fixes says of the hours that are settled."""
    hotspots = Hotspots.prepare(await believed(database))
    all_ = Fixes(fixes.device, fixes.time_us, fixes.lon, fixes.lat, fixes.accuracy_m)
    profiles = dict.fromkeys(DEVICES, Profile())
    whole = look(all_, hotspots, hotspots.grown(CLOSE_M), profiles)
    end_us = ripe_us(to_us(now))
    return Survey(
        frozenset(row for row in whole.hours if row.hour_us < end_us),
        frozenset(row for row in whole.nearby if row.start_us < end_us),
    )


def still(
    seconds: Sequence[float], x: float = -75, *, device: int = 1, start_us: int = START_US
) -> Columns:
    """A device that stands 25 m west of the first square, at seconds since the start."""
    at = np.array(seconds, float)
    time_us = start_us + (at * 1e6).astype(np.int64)
    place, north = np.full(len(at), float(x)), np.full(len(at), 5.0)
    return columns(np.full(len(at), device), time_us, place, north, np.full(len(at), 5.0))


def bits(*minutes: range) -> int:
    return sum(1 << minute for each in minutes for minute in each)


async def test_an_hour_is_surveyed_five_minutes_after_it_is_over(database: Database) -> None:
    await enrol(database)
    # From 18:30 to 18:40, and from 18:50 to 19:05.
    await feed(database, [still([*range(1800, 2401, 60), *range(3000, 3901, 60)])])
    await run(database, START + HOUR + 5 * MINUTE - dt.timedelta(microseconds=1))
    assert await stored(database) == Survey(frozenset(), frozenset())
    await run(database, START + HOUR + 5 * MINUTE)
    first = HourRow(1, START_US, 11 + 10, bits(range(30, 40), range(50, 60)))
    close = {
        NearbyRow(1, 1, START_US + 1800_000_000, START_US + 2400_000_000),
        NearbyRow(1, 1, START_US + 3000_000_000, START_US + 3600_000_000),
    }
    assert await stored(database) == Survey(frozenset({first}), frozenset(close))
    await run(database, START + 2 * HOUR + 5 * MINUTE)
    second = HourRow(1, START_US + HOUR_US, 6, bits(range(5)))
    close.add(NearbyRow(1, 1, START_US + HOUR_US, START_US + 3900_000_000))
    assert await stored(database) == Survey(frozenset({first, second}), frozenset(close))
    assert await run(database, START + 3 * HOUR) == 0


async def test_a_fix_that_comes_late_changes_the_hours_that_its_legs_lead_through(
    database: Database,
) -> None:
    await enrol(database)
    await feed(database, [still([3500, 3560, 3680, 7300])])
    known = START + 4 * HOUR
    await run(database, known)
    before = await stored(database)
    await feed(database, [still([3760])])
    await run(database, known + MINUTE)
    after = await stored(database)
    assert before.without(after).hours == {HourRow(1, START_US + HOUR_US, 1, 1)}
    assert after.without(before).hours == {HourRow(1, START_US + HOUR_US, 2, 0b11)}
    assert await count(database, schema.device_hours) == 4
    # One and the same leg before, two legs that touch now: it is the same time.
    assert after.nearby - before.nearby == {
        NearbyRow(1, 1, START_US + HOUR_US, START_US + 3760_000_000)
    }


async def count(database: Database, table: sa.Table) -> int:
    async with database.read() as reader:
        return int(await reader.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


@pytest.mark.parametrize("seed", range(2))
async def test_any_order_batches_and_late_fixes_come_to_one_look_at_all(
    database: Database, seed: int
) -> None:
    await enrol(database)
    random = np.random.default_rng(seed)
    fixes = wandering(seed)
    late_us = np.where(random.random(fixes.n) < 0.1, 9e9, random.exponential(6e7, fixes.n))
    arrival_us = fixes.time_us + late_us
    batches = split(fixes, np.argsort(arrival_us), 120)
    now_us = START_US
    for batch in batches:
        await feed(database, [batch, batch.take(np.arange(3))])
        now_us = max(now_us, int(batch.time_us.max()))
        await run(database, from_us(now_us), most_hours=int(random.choice([1, 3, 500])))
    await run(database)
    assert await stored(database) == await expected(database, fixes)
    assert len((await stored(database)).nearby) > 50


async def test_only_what_changed_is_written_again(database: Database) -> None:
    await enrol(database)
    fixes = wandering(3)
    await feed(database, [fixes])
    await run(database)
    rows = await count(database, schema.device_hours), await count(database, schema.nearby)
    # What was there already is no news.
    await feed(database, [fixes])
    assert await run(database, OVER + HOUR) == 0
    async with database.write() as writer:
        await surveying.again(writer, DEVICES, START)
    assert await run(database, OVER + HOUR) > 0
    assert (
        await count(database, schema.device_hours),
        await count(database, schema.nearby),
    ) == rows


async def test_killed_in_the_middle_it_goes_on(database: Database) -> None:
    await enrol(database)
    fixes = wandering(4, 120)
    await feed(database, [fixes])
    for _ in range(3):
        # It has taken over what ingest noted, and is about to write.
        with pytest.raises(RuntimeError):
            await Surveyor(database, stops(to_us(OVER)), most_hours=2).step()
        assert await Surveyor(database, lambda: to_us(OVER), most_hours=2).step()
    await run(database)
    assert await stored(database) == await expected(database, fixes)


def stops(now_us: int) -> Callable[[], int]:
    """A clock that tells the time once."""
    once = iter([now_us])

    def tell() -> int:
        for time_us in once:
            return time_us
        raise RuntimeError

    return tell


async def test_told_to_stop_it_ends_what_it_is_at(database: Database) -> None:
    await enrol(database)
    fixes = wandering(4, 120)
    await feed(database, [fixes])
    for wait_s in (0.0, 0.01, 0.02, 0.04):
        surveyor = Surveyor(database, lambda: to_us(OVER), most_hours=2)
        catching_up = asyncio.create_task(surveyor.catch_up())
        await asyncio.sleep(wait_s)
        catching_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await catching_up
    await run(database)
    assert await stored(database) == await expected(database, fixes)


async def test_the_service_surveys_by_itself(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await enrol(database)
    await feed(database, [still([0, 60])])
    service = create_app(Settings(database=sqlite_url), lambda: to_us(OVER))
    async with asyncio.timeout(30), service.router.lifespan_context(service):
        while not (await stored(database)).hours:  # noqa: ASYNC110 -- only the database tells
            await asyncio.sleep(0.05)
    async with database.read() as reader:
        taken = sa.select(schema.turns.c.holder).where(schema.turns.c.work == "survey")
        assert (await reader.execute(taken)).one().holder is None
    await database.close()


async def test_two_surveyors_while_fixes_come_do_the_same(database: Database) -> None:
    await enrol(database)
    fixes = wandering(5, 120)
    batches = split(fixes, np.argsort(fixes.time_us % 1_000_003), 48)
    clock, over = Clock(), asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(keep_on(Surveyor(database, clock, most_hours=4), over))
        for batch in batches:
            await Pipeline(database, clock).store(batch)
        over.set()
    await run(database, from_us(clock()))
    assert await stored(database) == await expected(database, fixes)
    known = schema.device_hours.c
    async with database.read() as reader:
        versions = (await reader.execute(sa.select(known.known_from, known.known_to))).all()
    assert all(to is None or since < to for since, to in versions)


class Clock:
    """A clock for all, that goes on a little each time that somebody looks at it."""

    def __init__(self) -> None:
        self.now_us = to_us(OVER)

    def __call__(self) -> int:
        self.now_us += 1000
        return self.now_us


async def keep_on(surveyor: Surveyor, over: asyncio.Event) -> None:
    while not over.is_set():
        await surveyor.step()
        await asyncio.sleep(0.005)


async def test_while_one_surveys_another_has_nothing_to_do(postgis_url: str) -> None:
    database = Database(postgis_url)
    await enrol(database)
    await feed(database, [still([0, 60])])
    async with database.write() as writer:
        assert await surveying.alone(writer)
        assert not await Surveyor(database, lambda: to_us(OVER)).step()
    assert await run(database) == 1
    await database.close()


async def test_what_comes_while_it_surveys_is_not_missed(postgis_url: str) -> None:
    database = Database(postgis_url)
    await enrol(database)
    first, then = still([0, 60]), still([30, 120])
    await feed(database, [first])
    surveyor = Surveyor(database, lambda: to_us(OVER))
    async with database.write() as writer:
        catalogue = await surveyor._current(writer)
        assert await surveying.take_over(writer, catalogue, OVER, 10) == 1
    async with asyncio.timeout(20):
        async with database.write() as writer:
            await Pipeline(database, lambda: to_us(OVER))._store(writer, then)
            # It does not see the batch, and waits for it in the end only.
            step = asyncio.create_task(surveyor.step())
            await asyncio.sleep(0.3)
            assert not step.done()
        assert await step
    assert (await stored(database)).hours == {HourRow(1, START_US, 2, 1)}
    assert await run(database) == 1
    assert await stored(database) == await expected(database, Columns.concatenate([first, then]))
    await database.close()


async def test_where_a_hot_spot_was_redrawn_the_past_is_surveyed_again(database: Database) -> None:
    await enrol(database)
    fixes = wandering(6)
    await feed(database, [fixes])
    await run(database)
    before = await stored(database)
    await draw(database, 1, SHIFTED, ALWAYS)
    await work(database, 100)
    await run(database, OVER + HOUR)
    after = await stored(database)
    assert after == await expected(database, fixes, OVER + HOUR)
    assert after.hours == before.hours
    assert {row.hotspot for row in after.without(before).nearby} == {1}


async def test_hours_whose_fixes_were_erased_stay_as_they_were(database: Database) -> None:
    await enrol(database)
    fixes = wandering(7, 120)
    await feed(database, [fixes])
    await run(database)
    before = await stored(database)
    erased = START + HOUR + 20 * MINUTE
    async with database.write() as writer:
        await writer.execute(sa.delete(schema.fixes).where(schema.fixes.c.time < erased))
        await surveying.again(writer, DEVICES, START)
    await run(database, OVER + HOUR)
    assert await stored(database) == before


async def test_years_without_a_fix_are_passed_over(database: Database) -> None:
    await enrol(database)
    years = [still([0, 60], start_us=START_US - y * 8766 * HOUR_US) for y in (20, 10, 0)]
    await feed(database, years)
    # Three pieces of work, and as many that go on to where the next one begins.
    assert await run(database) <= 6
    assert len((await stored(database)).hours) == 3
    assert await run(database) == 0


async def test_nobody_waits_for_somebody_who_is_far_behind(database: Database) -> None:
    await enrol(database)
    days = [still([0, 60], start_us=START_US - day * 24 * HOUR_US) for day in range(5, 0, -1)]
    await feed(database, [*days, still([0, 60], device=2)])
    surveyor = Surveyor(database, lambda: to_us(OVER))
    assert await surveyor.step()
    assert {row.device for row in (await stored(database)).hours} == {2}
    await run(database)
    assert len((await stored(database)).hours) == 5 + 1


async def test_what_is_still_to_be_surveyed_is_said_by_device(database: Database) -> None:
    await enrol(database)

    async def pending(moment: dt.datetime) -> list[tuple[int, int]]:
        async with database.read() as reader:
            found = (await survey.hours(reader, ANALYST, *EVER, moment)).pending
        return list(zip(found.device.tolist(), found.start_us.tolist(), strict=True))

    await feed(database, [still([600, 660, 4000])])
    settled = START + HOUR + 10 * MINUTE
    assert await pending(settled - dt.timedelta(microseconds=1)) == []
    assert await pending(settled) == [(1, START_US + 600_000_000)]
    await run(database, settled)
    assert await pending(settled) == []
    assert await pending(settled + HOUR) == [(1, START_US + HOUR_US)]
    # What was surveyed stands, though a fix of it came late.
    await feed(database, [still([700])])
    assert await pending(settled) == []
    await run(database, settled + HOUR)
    assert await pending(settled + HOUR) == []


async def test_a_survey_says_what_was_known_at_a_moment(database: Database) -> None:
    await enrol(database)
    await feed(database, [still([0, 60, 180])])
    await run(database, OVER)
    await feed(database, [still([120], x=-300)])
    later = OVER + HOUR
    await run(database, later)
    assert await read(database, OVER) == ({(1, START_US, 0b111)}, {(1, 1, 0, 180)})
    # To 300 m west of the middle and back: 25 of 225 m are close to the first square, and the last
    # 20 m to the third.
    assert await read(database, later) == (
        {(1, START_US, 0b111)},
        {(1, 1, 0, 67), (1, 1, 173, 180), (1, 3, 115, 125)},
    )
    assert await read(database, OVER - MINUTE) == (set(), set())


async def read(
    database: Database, as_at: dt.datetime
) -> tuple[set[tuple[int, ...]], set[tuple[int, ...]]]:
    """Hours as they were known at a moment; stretches close by, in seconds since the start."""
    async with database.read() as reader:
        hours = await survey.hours(reader, ANALYST, *EVER, as_at)
        near = await survey.nearby(reader, ANALYST, *EVER, as_at)
    times = (np.round((c - START_US) / 1e6).astype(int) for c in (near.start_us, near.end_us))
    rows = zip(
        near.device.tolist(), near.hotspot.tolist(), *(c.tolist() for c in times), strict=True
    )
    found = hours.device.tolist(), hours.hour_us.tolist(), hours.observed.tolist()
    return set(zip(*found, strict=True)), set(rows)
