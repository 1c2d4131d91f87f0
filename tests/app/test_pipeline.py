import asyncio
import datetime as dt

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from wandering import (
    NOW,
    START_US,
    columns,
    degrees,
    enrol,
    expected,
    feed,
    split,
    stored,
    wandering,
)

from app.pipeline import Pipeline
from app.storage import schema, silence, states
from app.storage.engine import Database
from app.storage.types import to_us
from geofence import engine
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile
from ingest.screen import Verdict


@pytest.mark.parametrize("seed", range(3))
async def test_fixes_in_order_give_the_visits_of_one_run_over_all(
    database: Database, seed: int
) -> None:
    await enrol(database)
    fixes = wandering(seed)
    await feed(database, split(fixes, np.argsort(fixes.time_us), 40))
    assert await stored(database) == expected(fixes)
    assert len(expected(fixes)) > 10


@pytest.mark.parametrize("seed", range(3))
async def test_late_shuffled_and_repeated_fixes_give_the_same_visits(
    database: Database, seed: int
) -> None:
    await enrol(database)
    fixes = wandering(seed)
    random = np.random.default_rng(seed)
    # Some are three hours late, all a little shuffled, a fifth sent twice.
    late_s = np.where(random.random(fixes.n) < 0.1, 10_800, random.exponential(60, fixes.n))
    again = random.choice(fixes.n, fixes.n // 5)
    sent_us = np.concatenate([fixes.time_us + late_s * 1e6, fixes.time_us[again] + 7.2e9])
    order = np.argsort(sent_us)
    order = np.concatenate([np.arange(fixes.n), again])[order]
    verdicts = await feed(database, split(fixes, order, 30))
    assert await stored(database) == expected(fixes)
    assert sum(batch.count(Verdict.DUPLICATE) for batch in verdicts) == len(again)


async def test_two_pipelines_at_once_give_the_same_visits(database: Database) -> None:
    await enrol(database)
    fixes = wandering(7)
    batches = split(fixes, np.argsort(fixes.time_us), 30)
    await asyncio.gather(feed(database, batches[::2]), feed(database, batches[1::2]))
    assert await stored(database) == expected(fixes)


async def test_a_visit_that_late_fixes_change_can_be_read_as_it_was(database: Database) -> None:
    await enrol(database)
    fixes = wandering(1)
    order = np.argsort(fixes.time_us)
    late = np.zeros(fixes.n, bool)
    late[order[100:400:2]] = True
    await feed(database, [fixes.take(np.flatnonzero(~late))])
    before = await stored(database)
    await feed(database, [fixes.take(np.flatnonzero(late))])
    assert await stored(database) == expected(fixes) != before
    v = schema.visits.c
    async with database.read() as reader:
        superseded = (await reader.execute(sa.select(v.id).where(v.known_to.is_not(None)))).all()
    assert superseded


async def test_a_bad_fix_costs_its_neighbours_nothing(database: Database) -> None:
    await enrol(database)
    fixes = wandering(3, 20)
    fixes.lat[5], fixes.lon[7] = np.nan, 200.0
    fixes.lat[9] = fixes.lon[9] = 0.0
    fixes.time_us[11] = to_us(NOW) + 3_600_000_000
    [verdicts] = await feed(database, [fixes])
    bad = {5: Verdict.NOT_FINITE, 7: Verdict.OUT_OF_RANGE, 9: Verdict.NULL_ISLAND}
    bad[11] = Verdict.FUTURE
    assert verdicts == [bad.get(i, Verdict.STORED) for i in range(fixes.n)]


async def test_a_fix_older_than_the_raw_retention_is_refused(database: Database) -> None:
    await enrol(database)
    day_us = 86_400_000_000
    time_us = to_us(NOW) - np.array([30 * day_us, 30 * day_us + 1])
    fixes = columns(np.full(2, 1), time_us, np.zeros(2), np.zeros(2), np.full(2, 5.0))
    pipeline = Pipeline(database, lambda: to_us(NOW), raw_retention_days=30)
    assert (await pipeline.store(fixes)).tolist() == [Verdict.STORED, Verdict.PAST_RETENTION]


async def test_visits_of_a_silent_device_are_closed(database: Database) -> None:
    await enrol(database)
    x = np.array([-200.0, -100.0, 0.0, 1.0])
    time_us = START_US + np.arange(4) * 15_000_000
    await feed(database, [columns(np.full(4, 1), time_us, x, x * 0, np.full(4, 5.0))])
    open_ = sa.select(schema.visits.c.open)
    async with database.read() as reader:
        assert (await reader.execute(open_)).scalars().all() == [True]
    half_an_hour = dt.timedelta(minutes=30)
    for silent_for, closed in ((half_an_hour, 0), (half_an_hour + dt.timedelta(seconds=1), 1)):
        async with database.write() as writer:
            assert len(await silence.close(writer, NOW + silent_for)) == closed
    async with database.read() as reader:
        assert (await reader.execute(open_)).scalars().all() == [False]


async def test_a_device_that_reports_seldom_may_be_silent_longer(database: Database) -> None:
    await enrol(database)
    seldom = {"name": "seldom", "interval_s": 900.0, "reports_when_still": True}
    seldom |= {"assumed_accuracy_m": 0.0, "known_from": NOW}
    async with database.write() as writer:
        await writer.execute(sa.insert(schema.profiles), seldom)
        await writer.execute(sa.update(schema.devices).values(profile="seldom"))
    x = np.array([-200.0, -100.0, 0.0, 1.0])
    time_us = START_US + np.arange(4) * 15_000_000
    await feed(database, [columns(np.full(4, 1), time_us, x, x * 0, np.full(4, 5.0))])
    # Two and a half intervals of fifteen minutes.
    for minutes, closed in ((37, 0), (38, 1)):
        async with database.write() as writer:
            assert len(await silence.close(writer, NOW + dt.timedelta(minutes=minutes))) == closed


async def test_a_device_that_is_being_heard_is_not_closed(postgis_url: str) -> None:
    database = Database(postgis_url)
    await enrol(database)
    x = np.array([-200.0, -100.0, 0.0, 1.0])
    time_us = START_US + np.arange(4) * 15_000_000
    await feed(database, [columns(np.full(4, 1), time_us, x, x * 0, np.full(4, 5.0))])
    later = NOW + dt.timedelta(hours=1)
    async with database.write() as hearing:
        await states.lock(hearing, [1])
        async with database.write() as writer:
            assert len(await silence.close(writer, later)) == 0
    async with database.write() as writer:
        assert len(await silence.close(writer, later)) == 1
    await database.close()


async def test_a_hot_spot_redrawn_in_the_middle_of_a_visit_costs_no_fix(database: Database) -> None:
    await enrol(database)
    n = 80
    x = np.concatenate([np.linspace(-200, 0, 20), np.zeros(40), np.linspace(0, -200, 20)])
    time_us = START_US + np.arange(n) * 15_000_000
    stay = columns(np.full(n, 1), time_us, x, x * 0 + 1, np.full(n, 5.0))
    await feed(database, [stay.take(np.arange(40))])
    # From this morning on, hours before the visit began.
    morning = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)
    v = schema.hotspot_versions
    async with database.write() as writer:
        old = dict((await writer.execute(sa.select(v).where(v.c.id == 1))).one()._mapping)
        await writer.execute(sa.update(v).where(v.c.id == 1).values(known_to=NOW))
        shortened = old | {"id": 11, "valid_to": morning, "known_from": NOW}
        drawn = degrees(shapely.box(-80, -50, 20, 50))
        redrawn = old | {"id": 12, "valid_from": morning, "geom": drawn, "known_from": NOW}
        await writer.execute(sa.insert(v), [shortened, redrawn])
    [verdicts] = await feed(database, [stay.take(np.arange(40, n))])
    assert set(verdicts) == {Verdict.STORED}
    track = Fixes(stay.device, stay.time_us, stay.lon, stay.lat, stay.accuracy_m)
    hotspot = Hotspot(1, drawn, valid_from_us=to_us(morning))
    found = engine.run(track, Hotspots.prepare([hotspot]), Profile())
    now_told = {row[:5] for row in await stored(database) if row[1] == 1}
    names = ("device", "hotspot", "first_us", "enter_us", "exit_us")
    assert now_told == set(zip(*(getattr(found, n).tolist() for n in names), strict=True))
