import asyncio
import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from app.pipeline import Pipeline
from app.storage import schema, silence, spans, states
from app.storage.engine import Database
from app.storage.types import to_us
from geofence import engine
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile
from ingest.columns import Columns
from ingest.screen import Verdict

NOW = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)
START_US = to_us(dt.datetime(2026, 3, 2, 18, tzinfo=dt.UTC))
DEVICES = [1, 2, 3]
METRE = 1 / 111_195.08
SQUARES = {
    1: shapely.box(-50, -50, 50, 50),
    2: shapely.box(20, 20, 220, 100),  # overlaps the first
    3: shapely.box(-400, -30, -330, 30),
}


def degrees(polygon: shapely.Polygon) -> shapely.Polygon:
    return shapely.transform(polygon, lambda xy: xy * METRE + (-2.9, 0.0))


async def enrol(database: Database) -> None:
    async with database.write() as writer:
        rows = [{"id": d, "name": f"d{d}", "kind": "phone", "profile": "phone"} for d in DEVICES]
        await writer.execute(sa.insert(schema.devices), rows)
        await writer.execute(sa.insert(schema.device_states), [{"device_id": d} for d in DEVICES])
        for id_, square in SQUARES.items():
            await writer.execute(sa.insert(schema.hotspots), {"id": id_, "key": f"h{id_}"})
            version = {
                "id": id_,
                "hotspot_id": id_,
                "name": f"h{id_}",
                "geom": degrees(square),
                "buffer_m": 0.0,
                "valid_from": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
                "known_from": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            }
            await writer.execute(sa.insert(schema.hotspot_versions), version)


def wandering(seed: int, n: int = 240) -> Columns:
    """Three devices walking to and fro across the squares, with gaps and poor fixes."""
    random = np.random.default_rng(seed)
    parts = []
    for device in DEVICES:
        gaps = random.choice([10, 15, 20, 90, 400], n, p=[0.3, 0.3, 0.2, 0.15, 0.05])
        x = 450 * np.sin(np.cumsum(random.normal(0.03, 0.05, n))) + random.normal(0, 8, n)
        y = 90 * np.sin(np.cumsum(random.normal(0.1, 0.1, n)))
        accuracy = random.choice([5.0, 12.0, 60.0, 400.0, np.nan], n)
        time_us = START_US + np.cumsum(gaps) * 1_000_000
        parts.append(columns(np.full(n, device), time_us, x, y, accuracy))
    return Columns.concatenate(parts)


def columns(
    device: np.ndarray, time_us: np.ndarray, x: np.ndarray, y: np.ndarray, accuracy: np.ndarray
) -> Columns:
    n = len(device)
    unknown = np.full(n, np.nan)
    return Columns(
        device=device.astype(np.int64),
        time_us=time_us.astype(np.int64),
        received_us=np.full(n, to_us(NOW)),
        lat=y * METRE,
        lon=x * METRE - 2.9,
        accuracy_m=accuracy,
        speed_mps=unknown,
        heading_deg=unknown,
        altitude_m=unknown,
        battery_pct=unknown,
        source=np.zeros(n, np.uint8),
    )


Row = tuple[object, ...]


def expected(fixes: Columns) -> set[Row]:
    """What one run of the engine over everything says."""
    hotspots = Hotspots.prepare([Hotspot(id_, degrees(s)) for id_, s in SQUARES.items()])
    track = Fixes(fixes.device, fixes.time_us, fixes.lon, fixes.lat, fixes.accuracy_m)
    found = engine.run(track, hotspots, Profile())
    names = ("device", "hotspot", "first_us", "enter_us", "exit_us", "outer_from_us", "outer_to_us")
    names += ("enter_seen", "exit_seen", "inside_us", "bridged_us", "low_us", "fixes")
    rows = zip(*(getattr(found, name).tolist() for name in (*names, "mean_speed_mps")), strict=True)
    offset = found.spans.offset
    kept = [
        spans.pack(*(getattr(found.spans, c)[a:b] for c in ("start_us", "end_us", "kind")))
        for a, b in pairwise(offset)
    ]
    return {(*row, span) for row, span in zip(rows, kept, strict=True)}


async def stored(database: Database) -> set[Row]:
    """What the table of visits says now."""
    v = schema.visits.c
    query = sa.select(
        *(v.device_id, v.hotspot_id, v.first_us, v.enter, v.exit, v.outer_from, v.outer_to),
        *(v.enter_seen, v.exit_seen, v.inside_us, v.bridged_us, v.low_us, v.fixes),
        *(v.mean_speed_mps, v.spans),
    ).where(v.known_to.is_(None))
    async with database.read() as reader:
        rows = [tuple(row) for row in await reader.execute(query)]
    assert len(rows) == len(set(rows))
    return {(*row[:3], *(to_us(t) for t in row[3:7]), *row[7:]) for row in rows}


async def feed(database: Database, batches: Sequence[Columns]) -> list[list[int]]:
    pipeline = Pipeline(database, lambda: to_us(NOW))
    return [(await pipeline.store(batch)).tolist() for batch in batches]


def split(fixes: Columns, order: np.ndarray, size: int) -> list[Columns]:
    return [fixes.take(order[i : i + size]) for i in range(0, len(order), size)]


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
            assert await silence.close(writer, NOW + silent_for) == closed
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
            assert await silence.close(writer, NOW + dt.timedelta(minutes=minutes)) == closed


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
            assert await silence.close(writer, later) == 0
    async with database.write() as writer:
        assert await silence.close(writer, later) == 1
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
