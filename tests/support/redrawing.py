"""Hot spots redrawn under devices that wandered across them, and the visits worked out anew."""

import datetime as dt

import numpy as np
import shapely
import sqlalchemy as sa
from wandering import NOW, START_US, columns, degrees, expected, stored, wandering

from app.recompute import Recompute
from app.storage import hotspots, recomputes, schema
from app.storage.engine import Database
from app.storage.hotspots import HotspotVersion
from app.storage.types import to_us
from geofence.model import Hotspot
from ingest.columns import Columns

HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR
# The squares count from the beginning of the year on.
ALWAYS = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TODAY = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)
SHIFTED = shapely.box(-90, -50, 10, 50)


def days(seed: int, number: int, n: int = 160) -> Columns:
    """The same hours of that many days up to today, in order of time."""
    parts = [wandering(seed + back, n) for back in range(number)]
    for back, part in enumerate(parts):
        part.time_us[:] -= back * 86_400_000_000
    whole = Columns.concatenate(parts)
    return whole.take(np.argsort(whole.time_us, kind="stable"))


async def draw(
    database: Database,
    id_: int,
    shape: shapely.Polygon,
    valid_from: dt.datetime,
    now: dt.datetime = NOW,
) -> None:
    version = HotspotVersion(f"h{id_}", f"h{id_}", degrees(shape), 0.0, valid_from)
    async with database.write() as writer:
        assert await hotspots.put(writer, [version], now) == 1


async def end(database: Database, id_: int, moment: dt.datetime) -> None:
    async with database.write() as writer:
        await hotspots.end(writer, f"h{id_}", moment, NOW)


async def believed(database: Database) -> list[Hotspot]:
    """The hot spot versions now held true."""
    v = schema.hotspot_versions
    async with database.read() as reader:
        rows = (await reader.execute(sa.select(v).where(v.c.known_to.is_(None)))).all()
    return [
        Hotspot(
            row.hotspot_id,
            row.geom,
            row.buffer_m,
            to_us(row.valid_from),
            row.valid_to and to_us(row.valid_to),
        )
        for row in rows
    ]


async def work(database: Database, most_fixes: int = 20_000, now: dt.datetime = NOW) -> int:
    """Does all there is to do, as if it had crashed after each transaction; how many there were."""
    steps = 0
    while await Recompute(database, lambda: to_us(now), most_fixes=most_fixes).step():
        steps += 1
        assert steps < 1000
    return steps


async def ask(
    database: Database,
    start: dt.datetime,
    until: dt.datetime | None = None,
    device: int | None = None,
) -> int:
    async with database.write() as writer:
        return (await recomputes.ask(writer, start, until, device, NOW)).id


async def is_one_run(database: Database, fixes: Columns) -> None:
    assert await stored(database) == expected(fixes, await believed(database))


def visit_of(device: int) -> Columns:
    """A walk to the first square, ten minutes there, and back."""
    x = np.concatenate([np.linspace(-200, 0, 20), np.zeros(40), np.linspace(0, -200, 20)])
    time_us = START_US + np.arange(len(x)) * 15_000_000
    return columns(np.full(len(x), device), time_us, x, x * 0 + 1, np.full(len(x), 5.0))
