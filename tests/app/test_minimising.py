import dataclasses
import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from searching import files_with, tables_with
from wandering import METRE, NOW, START_US, columns, enrol, expected, split, stored

from app.minimising import Kept, Minimising
from app.observing.figures import figures
from app.pipeline import Pipeline
from app.storage import guarding, observing, schema
from app.storage.engine import Database
from app.storage.types import from_us, to_us
from app.survey import Surveyor
from geofence.model import Profile
from ingest.columns import Columns
from ingest.screen import Verdict

NEAR_M = 2000.0


def pipeline(database: Database, keep: Kept, near_m: float = NEAR_M) -> Pipeline:
    return Pipeline(database, lambda: to_us(NOW), minimising=Minimising.of(keep, near_m))


def shift(seed: int, n: int = 200, fastest_mps: float = 15.0) -> Columns:
    """A device that drives out and back, stops in the squares, and is heard every 10 to 45 s."""
    random = np.random.default_rng(seed)
    gaps = random.choice([10, 15, 30, 45, 400], n, p=[0.3, 0.3, 0.2, 0.17, 0.03])
    # Slower near the squares, so that there are visits; as far as seven kilometres out.
    along = np.cumsum(gaps * fastest_mps)
    x = 7000.0 * np.abs((along / 14_000.0) % 1.0 - 0.5) * 2.0 - 60.0
    x[x < 400] = random.normal(60, 30, (x < 400).sum())
    y = random.normal(50, 10, n)
    accuracy = random.choice([5.0, 12.0, 60.0, 400.0, np.nan], n)
    return columns(np.full(n, 1), START_US + np.cumsum(gaps) * 1_000_000, x, y, accuracy)


@pytest.mark.parametrize("seed", range(3))
async def test_visits_are_the_same_though_nobody_kept_where_far_fixes_were(
    database: Database, seed: int
) -> None:
    await enrol(database)
    fixes = shift(seed)
    store = pipeline(database, Kept.NEAR).store
    order = np.random.default_rng(seed).permutation(fixes.n)
    verdicts = [v for batch in split(fixes, order, 25) for v in (await store(batch)).tolist()]
    assert 30 < verdicts.count(Verdict.FAR) < fixes.n - 30
    assert await stored(database) == expected(fixes)
    assert len(expected(fixes)) > 3


@pytest.mark.parametrize("seed", range(2))
async def test_however_fast_they_came_the_order_of_arrival_does_not_matter(
    database: Database, seed: int
) -> None:
    await enrol(database)
    fixes = shift(seed, fastest_mps=120.0)
    far = np.hypot(fixes.lon + 2.9, fixes.lat) > (NEAR_M + 300) * METRE
    store = pipeline(database, Kept.NEAR).store
    await store(fixes.take(np.random.default_rng(seed).permutation(fixes.n)))
    at_once = await stored(database)
    for batch in split(fixes, np.arange(fixes.n)[::-1], 20):
        await store(batch)
    assert await stored(database) == at_once
    nowhere = dataclasses.replace(
        fixes, lon=np.where(far, np.nan, fixes.lon), lat=np.where(far, np.nan, fixes.lat)
    )
    bounds = {(*row[:2], *row[5:9]) for row in expected(nowhere)}
    assert {(*row[:2], *row[5:9]) for row in at_once} == bounds


async def test_how_well_a_device_was_observed_is_the_same(database: Database) -> None:
    await enrol(database)
    fixes = shift(1)
    observed, told = [], []
    span = from_us(START_US), NOW
    for keep in (Kept.NEAR, Kept.ALL):
        await pipeline(database, keep).store(fixes)
        await Surveyor(database, lambda: to_us(NOW) + 86_400_000_000).catch_up()
        h = schema.device_hours.c
        query = sa.select(h.hour, h.observed).where(h.known_to.is_(None)).order_by(h.hour)
        async with database.read() as reader:
            observed.append([tuple(row) for row in await reader.execute(query)])
            track = await observing.track(reader, 1, *span)
        told.append(figures(track, Profile()))
    assert observed[0] == observed[1]
    assert len(observed[0]) > 1
    for name in ("fixes", "tracked_us", "observed_us", "gaps", "interval_s", "clock"):
        assert getattr(told[0], name) == getattr(told[1], name), name


async def test_where_a_far_fix_was_is_nowhere_afterwards(
    database: Database, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await enrol(database)
    x = np.array([0.0, 1.0, 9000.125, 9100.375])
    time_us = START_US + np.arange(4) * 15_000_000
    fixes = columns(np.full(4, 1), time_us, x, x * 0 + 17.625, np.full(4, 5.0))
    verdicts = await pipeline(database, Kept.NEAR).store(fixes)
    assert verdicts.tolist() == [Verdict.STORED, Verdict.STORED, Verdict.FAR, Verdict.FAR]
    near, far = fixes.lon[:2].tolist(), fixes.lon[2:].tolist()
    assert [await tables_with(database, lon) for lon in far] == [set(), set()]
    assert "fixes" in await tables_with(database, near[0])
    if database.dialect == "sqlite":
        folder = Path(database.engine.url.database or "").parent
        assert [files_with(folder, lon) for lon in far] == [set(), set()]
        assert files_with(folder, near[0])
    assert not any(f"{lon:.4f}" in caplog.text for lon in far)
    async with database.read() as reader:
        unplaced = (await reader.execute(sa.select(guarding.unplaced.c.time))).scalars().all()
    assert sorted(map(to_us, unplaced)) == time_us[2:].tolist()


async def test_a_place_that_is_kept_says_more_than_one_that_is_not(database: Database) -> None:
    await enrol(database)
    time_us = START_US + np.zeros(2, np.int64)
    both = columns(np.full(2, 1), time_us, np.array([9000.0, 0.0]), time_us * 0, np.full(2, 5.0))
    far, near = (both.take(np.array([row])) for row in range(2))
    store = pipeline(database, Kept.NEAR).store
    assert [(await store(one)).tolist() for one in (far, near, far)] == [[9], [0], [9]]
    assert await stored(database) == expected(near)


async def test_fixes_of_nobody_on_duty_are_not_kept(database: Database) -> None:
    await enrol(database)
    start = from_us(START_US)
    hours = [start + dt.timedelta(hours=hour) for hour in range(5)]
    known = {"known_from": start}
    async with database.write() as writer:
        await writer.execute(
            sa.insert(schema.officers), [{"id": i, "number": f"{i}", "name": "x"} for i in (1, 2)]
        )
        held = [(1, 1, hours[0], hours[2]), (1, 2, hours[2], None), (2, 1, hours[0], None)]
        names = ("device_id", "officer_id", "start", "end")
        rows = [dict(zip(names, row, strict=True)) | known for row in held]
        await writer.execute(sa.insert(schema.assignments), rows)
        times = [(1, hours[0], hours[1]), (2, hours[1], hours[3]), (2, hours[0], hours[1])]
        rows = [{"officer_id": o, "start": a, "end": b} | known for o, a, b in times]
        await writer.execute(sa.insert(schema.duty_times), rows)
    minutes = np.array([-1, 0, 59, 60, 119, 120, 179, 180])
    devices = np.repeat([1, 2, 3], len(minutes))
    time_us = np.tile(START_US + minutes * 60_000_000, 3)
    fixes = columns(devices, time_us, devices * 0.0, devices * 0.0, np.full(len(devices), 5.0))
    verdicts = await pipeline(database, Kept.ON_DUTY).store(fixes)
    on_duty = (verdicts == Verdict.STORED).reshape(3, -1)
    assert on_duty[0].tolist() == [False, True, True, False, False, True, True, False]
    assert on_duty[1].tolist() == [False, True, True, False, False, False, False, False]
    assert not on_duty[2].any()
    assert set(verdicts[~on_duty.ravel()].tolist()) == {Verdict.OFF_DUTY}
