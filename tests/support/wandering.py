"""Three devices wandering across three hot spots, and what the engine and the tables say of it."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
import sqlalchemy as sa

from app.pipeline import Pipeline
from app.storage import schema, spans
from app.storage.engine import Database, Reader
from app.storage.knowledge import known_at
from app.storage.types import to_us
from geofence import engine
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile
from ingest.columns import Columns

Row = tuple[object, ...]

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


async def enrol(database: Database, devices: Sequence[int] = DEVICES) -> None:
    async with database.write() as writer:
        rows = [{"id": d, "name": f"d{d}", "kind": "phone", "profile": "phone"} for d in devices]
        await writer.execute(sa.insert(schema.devices), rows)
        await writer.execute(sa.insert(schema.device_states), [{"device_id": d} for d in devices])
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
        if writer.dialect.name == "postgresql":
            for table in ("hotspots", "hotspot_versions"):
                await writer.exec_driver_sql(f"SELECT setval('{table}_id_seq', 100)")


def wandering(seed: int, n: int = 240, devices: Sequence[int] = DEVICES) -> Columns:
    """Devices walking to and fro across the squares, with gaps and poor fixes; `n` fixes each."""
    random = np.random.default_rng(seed)
    parts = []
    for device in devices:
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


def expected(fixes: Columns | Fixes, versions: Sequence[Hotspot] | None = None) -> set[Row]:
    """What one run of the engine over everything says, by these hot spots, else the squares."""
    squares = [Hotspot(id_, degrees(square)) for id_, square in SQUARES.items()]
    hotspots = Hotspots.prepare(squares if versions is None else versions)
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


async def stored(database: Database, as_at: dt.datetime | None = None) -> set[Row]:
    """What the table of visits says now, or what it said at a moment."""
    async with database.read() as reader:
        return await told(reader, as_at)


async def told(reader: Reader, as_at: dt.datetime | None = None) -> set[Row]:
    """What the table of visits says in this view of the data."""
    v = schema.visits.c
    query = sa.select(
        *(v.device_id, v.hotspot_id, v.first_us, v.enter, v.exit, v.outer_from, v.outer_to),
        *(v.enter_seen, v.exit_seen, v.inside_us, v.bridged_us, v.low_us, v.fixes),
        *(v.mean_speed_mps, v.spans),
    ).where(v.known_to.is_(None) if as_at is None else known_at(schema.visits, as_at))
    rows = [tuple(row) for row in await reader.execute(query)]
    assert len(rows) == len(set(rows))
    return {(*row[:3], *(to_us(t) for t in row[3:7]), *row[7:]) for row in rows}


async def feed(database: Database, batches: Sequence[Columns]) -> list[list[int]]:
    pipeline = Pipeline(database, lambda: to_us(NOW))
    return [(await pipeline.store(batch)).tolist() for batch in batches]


def split(fixes: Columns, order: np.ndarray, size: int) -> list[Columns]:
    return [fixes.take(order[i : i + size]) for i in range(0, len(order), size)]
