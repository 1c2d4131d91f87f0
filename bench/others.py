"""What others need for a part of the same work: movingpandas' clip, and PostGIS' ST_Contains."""

from time import perf_counter

import asyncpg
import movingpandas as mpd
import numpy as np
import pandas as pd
import shapely
from beside import rate
from patrols import Patrols
from services import Postgres

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Profile

DEVICES, FIXES_EACH, HOTSPOTS = 200, 500, 100
CLIPPED = 10  # devices: the clip looks at every track for every hot spot

JOIN = """
SELECT count(*) FROM hotspots h JOIN fixes f ON ST_Contains(h.geom, f.geom)
"""


async def measure(cluster: Postgres) -> dict[str, float]:
    """Fixes a second of each on the same tracks, without loading them."""
    patrols = Patrols.random(DEVICES, FIXES_EACH, HOTSPOTS)
    hotspots, polygons = Hotspots.prepare(patrols.hotspots), patrols.polygons()
    run(patrols.fixes, hotspots, Profile())  # compiled now, if it was not
    few = patrols.fixes.take(patrols.fixes.device < CLIPPED)
    rates = [
        rate(len(patrols.fixes), lambda: run(patrols.fixes, hotspots, Profile())) for _ in range(3)
    ]
    return {
        "the engine: visits with bounds": float(np.median(rates)),
        "movingpandas: clip to each hot spot": _clip(few, polygons),
        "PostGIS: ST_Contains, points only": await _contains(cluster, patrols.fixes, polygons),
    }


def _clip(fixes: Fixes, polygons: np.ndarray) -> float:
    """Fixes a second when each hot spot's part of each track is cut out."""
    times = pd.to_datetime(fixes.time_us, unit="us")
    table = pd.DataFrame({"device": fixes.device, "t": times, "x": fixes.lon, "y": fixes.lat})
    tracks = mpd.TrajectoryCollection(table, traj_id_col="device", t="t", x="x", y="y")
    return rate(len(fixes), lambda: [tracks.clip(polygon) for polygon in polygons])


async def _contains(cluster: Postgres, fixes: Fixes, polygons: np.ndarray) -> float:
    """Fixes a second when a database joins fixes with hot spots, with an index on the hot spots."""
    connection = await asyncpg.connect(cluster.url("postgres"))
    await connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    await connection.execute("CREATE TEMPORARY TABLE fixes (geom geometry(Point, 4326))")
    await connection.execute("CREATE TEMPORARY TABLE hotspots (geom geometry(Geometry, 4326))")
    for name, shapes in (
        ("fixes", shapely.points(fixes.lon, fixes.lat)),
        ("hotspots", polygons),
    ):
        await connection.execute(
            f"INSERT INTO {name} SELECT ST_GeomFromWKB(unnest($1::bytea[]), 4326)",
            shapely.to_wkb(shapes).tolist(),
        )
    await connection.execute("CREATE INDEX ON hotspots USING gist (geom)")
    await connection.execute("ANALYZE")
    start = perf_counter()
    await connection.fetchval(JOIN)
    seconds = perf_counter() - start
    await connection.close()
    return len(fixes) / seconds
