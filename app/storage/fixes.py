"""Fixes: stored in batches, each (device, time) once, and read back as columns."""

import datetime as dt
import json
from collections.abc import Mapping
from io import BytesIO

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from app.storage import pgcopy, unplaced
from app.storage.engine import STAGED, Reader, Writer, driver_of
from app.storage.schema import fixes as table
from app.storage.types import Id, Instant, from_us, to_us
from geofence.model import Fixes
from ingest.columns import Columns
from ingest.decoders import SOURCES

# No stored fix is older than the oldest that screening lets through.
_EARLIEST_US = 0
# Nor is one later than any calendar goes.
_LATEST_US = to_us(dt.datetime.max.replace(tzinfo=dt.UTC))
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
    # Not as a file: asyncpg would read it in another thread, by a class made for it alone, which
    # holds all its bytes until Python next looks for cycles of garbage.
    await raw.copy_to_table("staging", source=memoryview(stream(columns)), format="binary")
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


_SINCE_POSTGRES = """
SELECT f.device_id, f.time, f.lon, f.lat, coalesce(f.accuracy_m, 'NaN')
FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS wanted (device, moment, until)
JOIN fixes f ON f.device_id = wanted.device
  AND f.time >= wanted.moment AND f.time <= wanted.until
ORDER BY f.device_id, f.time
"""
_SINCE_TYPES = {"device": ">i8", "time": ">i8", "lon": ">f8", "lat": ">f8", "accuracy_m": ">f8"}
_SINCE_SQLITE = sa.text("""
SELECT f.device_id, f.time, f.lon, f.lat, f.accuracy_m
FROM json_each(:wanted) AS wanted
JOIN fixes f ON f.device_id = wanted.value ->> 0
  AND f.time >= wanted.value ->> 1 AND f.time <= wanted.value ->> 2
ORDER BY f.device_id, f.time
""")


async def since(
    reader: Reader, moments_us: Mapping[int, int], untils_us: Mapping[int, int] | None = None
) -> Fixes:
    """All stored fixes of each device from its own moment (microseconds) on, by device and time.

    Of a device in `untils_us` only those up to that moment, which is included. Of those of which
    nobody kept where they were, that is NaN. The transaction must have begun (`driver_of`).
    """
    found = await _placed(reader, moments_us, untils_us or {})
    others = await unplaced.since(reader, moments_us, untils_us or {})
    if not len(others):
        return found
    both = Fixes.concat([found, others])
    return both.take(np.lexsort((both.time_us, both.device)))


async def _placed(
    reader: Reader, moments_us: Mapping[int, int], untils_us: Mapping[int, int]
) -> Fixes:
    untils = [untils_us.get(device, _LATEST_US) for device in moments_us]
    if reader.dialect.name == "sqlite":
        wanted = json.dumps(list(zip(moments_us, moments_us.values(), untils, strict=True)))
        rows = (await reader.execute(_SINCE_SQLITE, {"wanted": wanted})).all()
        return Fixes(
            device=np.array([row[0] for row in rows], np.int64),
            time_us=np.array([row[1] for row in rows], np.int64),
            lon=np.array([row[2] for row in rows], np.float64),
            lat=np.array([row[3] for row in rows], np.float64),
            accuracy_m=np.array([row[4] for row in rows], np.float64),
        )
    moments = [from_us(max(moment, _EARLIEST_US)) for moment in moments_us.values()]
    wanted_arrays = list(moments_us), moments, [from_us(until) for until in untils]
    copy = BytesIO()
    raw = await driver_of(reader)
    # A row at a time would hold up everybody else who waits for the event loop.
    await raw.copy_from_query(_SINCE_POSTGRES, *wanted_arrays, output=copy, format="binary")
    records = pgcopy.decode(copy.getbuffer(), _SINCE_TYPES)
    return Fixes(
        device=records["device"].astype(np.int64),
        time_us=pgcopy.from_timestamptz(records["time"].astype(np.int64)),
        lon=records["lon"].astype(np.float64),
        lat=records["lat"].astype(np.float64),
        accuracy_m=records["accuracy_m"].astype(np.float64),
    )


async def later(reader: Reader, device: int, moment_us: int, count: int) -> int | None:
    """When the fix so many after a device's first one from a moment on is; None: there is none."""
    query = (
        sa.select(table.c.time)
        .where(table.c.device_id == device, table.c.time >= from_us(max(moment_us, _EARLIEST_US)))
        .order_by(table.c.time)
        .offset(count)
        .limit(1)
    )
    time = await reader.scalar(query)
    return None if time is None else to_us(time)


_FOLLOWING_POSTGRES = """
SELECT wanted.device, least(
  (SELECT min(f.time) FROM fixes f WHERE f.device_id = wanted.device AND f.time >= wanted.moment),
  (SELECT min(u.time) FROM unplaced u
   WHERE u.device_id = wanted.device AND u.time >= wanted.moment))
FROM unnest($1::bigint[], $2::timestamptz[]) AS wanted (device, moment)
"""
_FOLLOWING_SQLITE = sa.text("""
SELECT wanted.value ->> 0 AS device, (
  SELECT min(time) FROM (
    SELECT min(f.time) AS time FROM fixes f
    WHERE f.device_id = wanted.value ->> 0 AND f.time >= wanted.value ->> 1
    UNION ALL SELECT min(u.time) FROM unplaced u
    WHERE u.device_id = wanted.value ->> 0 AND u.time >= wanted.value ->> 1)) AS time
FROM json_each(:wanted) AS wanted
""").columns(device=Id, time=Instant)


async def following(reader: Reader, moments_us: Mapping[int, int]) -> dict[int, int]:
    """When (microseconds) each device's first fix from its own moment on is; only where one is.

    Also one of which nobody kept where it was.
    """
    if reader.dialect.name == "sqlite":
        wanted = json.dumps(list(moments_us.items()))
        rows = (await reader.execute(_FOLLOWING_SQLITE, {"wanted": wanted})).all()
    else:
        moments = [from_us(max(moment, _EARLIEST_US)) for moment in moments_us.values()]
        raw = await driver_of(reader)
        rows = await raw.fetch(_FOLLOWING_POSTGRES, list(moments_us), moments)
    return {device: to_us(time) for device, time in rows if time is not None}


_EARLIEST = sa.text("""
SELECT min((SELECT min(f.time) FROM fixes f WHERE f.device_id = s.device_id)) AS earliest
FROM device_states s
""").columns(earliest=Instant)


async def earliest(reader: Reader) -> dt.datetime | None:
    """The time of the first stored fix of all devices; None: none is stored."""
    found: dt.datetime | None = await reader.scalar(_EARLIEST)
    return found
