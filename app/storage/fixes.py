"""Fixes: stored in batches, each (device, time) once, and read back as columns."""

import json
from collections.abc import Mapping
from io import BytesIO

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from app.storage import pgcopy
from app.storage.engine import STAGED, Reader, Writer, driver_of
from app.storage.types import from_us, to_us
from geofence.model import Fixes
from ingest.columns import Columns
from ingest.decoders import SOURCES

# No stored fix is older than the oldest that screening lets through.
_EARLIEST_US = 0
_MEASURES = ("accuracy_m", "speed_mps", "heading_deg", "altitude_m", "battery_pct")

# Of different fixes with one key the more accurate stays, then the smaller longitude, then
# latitude, so that the order in which they come does not matter. Unknown accuracy is the worst.
UPSERT = f"""
INSERT INTO fixes AS old ({STAGED})
SELECT {STAGED} FROM staging WHERE true
ON CONFLICT (device_id, time) DO UPDATE SET
  received = excluded.received, lon = excluded.lon, lat = excluded.lat,
  accuracy_m = excluded.accuracy_m, speed_mps = excluded.speed_mps,
  heading_deg = excluded.heading_deg, altitude_m = excluded.altitude_m,
  battery_pct = excluded.battery_pct, source = excluded.source
WHERE (coalesce(excluded.accuracy_m, 1e300), excluded.lon, excluded.lat)
  < (coalesce(old.accuracy_m, 1e300), old.lon, old.lat)
RETURNING device_id, time
"""  # noqa: S608 -- only our own column names
_NOT_STORED = f"""
WITH stored AS ({UPSERT})
SELECT number FROM staging s
WHERE NOT EXISTS (SELECT FROM stored t WHERE t.device_id = s.device_id AND t.time = s.time)
"""  # noqa: S608 -- only our own column names

STAGING_POSTGRES = """
CREATE TEMPORARY TABLE IF NOT EXISTS staging (
  number integer, device_id bigint, time timestamptz, received timestamptz,
  lon double precision, lat double precision, accuracy_m double precision,
  speed_mps double precision, heading_deg double precision, altitude_m double precision,
  battery_pct double precision, source text
) ON COMMIT DELETE ROWS
"""
_STAGE_SQLITE = f"INSERT INTO staging VALUES ({', '.join('?' * 11)})"  # noqa: S608 -- no values


async def store(writer: Writer, columns: Columns) -> npt.NDArray[np.bool_]:
    """Stores fixes, and says of each whether it was new, or better than the one that was there.

    `columns` are n screened fixes of devices that this transaction has locked; the answer is
    bool[n]. Raises DatabaseUnavailable.
    """
    best = _best_of_each_key(columns)
    chosen = columns.take(best)
    if writer.dialect.name == "sqlite":
        new = await _store_sqlite(writer, chosen)
    else:
        new = await _store_postgres(writer, chosen)
    stored = np.zeros(columns.n, bool)
    stored[best[new]] = True
    return stored


def _best_of_each_key(columns: Columns) -> npt.NDArray[np.intp]:
    """The positions of one fix per (device, time), by the rule of UPSERT, ordered by the key."""
    accuracy = np.nan_to_num(columns.accuracy_m, nan=np.inf)
    order = np.lexsort((columns.lat, columns.lon, accuracy, columns.time_us, columns.device))
    device, time_us = columns.device[order], columns.time_us[order]
    first = np.ones(len(order), bool)
    first[1:] = (device[1:] != device[:-1]) | (time_us[1:] != time_us[:-1])
    return order[first]


async def _store_postgres(writer: Writer, columns: Columns) -> npt.NDArray[np.bool_]:
    raw = await driver_of(writer)
    await raw.execute(STAGING_POSTGRES)
    await raw.copy_to_table("staging", source=BytesIO(stream(columns)), format="binary")
    new = np.ones(columns.n, bool)
    new[[row["number"] for row in await raw.fetch(_NOT_STORED)]] = False
    return new


def stream(columns: Columns) -> bytes:
    """Fixes as a binary COPY into the staging table."""
    return pgcopy.encode(
        [
            pgcopy.int4(np.arange(columns.n)),
            pgcopy.int8(columns.device),
            pgcopy.timestamptz(columns.time_us),
            pgcopy.timestamptz(columns.received_us),
            pgcopy.float8(columns.lon),
            pgcopy.float8(columns.lat),
            *(pgcopy.float8(getattr(columns, name)) for name in _MEASURES),
            pgcopy.text(SOURCES, columns.source),
        ]
    )


async def _store_sqlite(writer: Writer, columns: Columns) -> npt.NDArray[np.bool_]:
    raw = await driver_of(writer)
    await raw.execute_fetchall("DELETE FROM temp.staging")
    measures = (_with_nulls(getattr(columns, name)) for name in _MEASURES)
    rows = zip(
        columns.device.tolist(),
        columns.time_us.tolist(),
        columns.received_us.tolist(),
        columns.lon.tolist(),
        columns.lat.tolist(),
        *measures,
        (SOURCES[code] for code in columns.source.tolist()),
        strict=True,
    )
    await raw.executemany(_STAGE_SQLITE, rows)
    stored = set(await raw.execute_fetchall(UPSERT))
    keys = zip(columns.device.tolist(), columns.time_us.tolist(), strict=True)
    return np.array([key in stored for key in keys], np.bool_)


def _with_nulls(values: npt.NDArray[np.float64]) -> list[float | None]:
    listed: list[float | None] = values.tolist()
    for i in np.flatnonzero(np.isnan(values)).tolist():
        listed[i] = None
    return listed


_SINCE_POSTGRES = sa.text("""
SELECT f.device_id, f.time, f.lon, f.lat, f.accuracy_m
FROM unnest(CAST(:devices AS bigint[]), CAST(:moments AS timestamptz[])) AS wanted (device, moment)
JOIN fixes f ON f.device_id = wanted.device AND f.time >= wanted.moment
ORDER BY f.device_id, f.time
""")
_SINCE_SQLITE = sa.text("""
SELECT f.device_id, f.time, f.lon, f.lat, f.accuracy_m
FROM json_each(:wanted) AS wanted
JOIN fixes f ON f.device_id = wanted.value ->> 0 AND f.time >= wanted.value ->> 1
ORDER BY f.device_id, f.time
""")


async def since(reader: Reader, moments_us: Mapping[int, int]) -> Fixes:
    """All stored fixes of each device from its own moment (microseconds) on, by device and time."""
    if reader.dialect.name == "sqlite":
        wanted = json.dumps(list(moments_us.items()))
        rows = (await reader.execute(_SINCE_SQLITE, {"wanted": wanted})).all()
        times = [row[1] for row in rows]
    else:
        moments = [from_us(max(moment, _EARLIEST_US)) for moment in moments_us.values()]
        wanted_arrays = {"devices": list(moments_us), "moments": moments}
        rows = (await reader.execute(_SINCE_POSTGRES, wanted_arrays)).all()
        times = [to_us(row[1]) for row in rows]
    return Fixes(
        device=np.array([row[0] for row in rows], np.int64),
        time_us=np.array(times, np.int64),
        lon=np.array([row[2] for row in rows], np.float64),
        lat=np.array([row[3] for row in rows], np.float64),
        accuracy_m=np.array([row[4] for row in rows], np.float64),
    )
