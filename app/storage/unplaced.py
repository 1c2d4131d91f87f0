"""Fixes of which the force keeps no more than when they were: far from every hot spot."""

import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from app.storage.engine import Reader, Writer, driver_of
from app.storage.types import from_us, to_us
from geofence.model import FOREVER, Fixes
from ingest.columns import Columns

# As of fixes, the more accurate one of a key stays; one whose place is kept says more than any.
_UPSERT = """
INSERT INTO unplaced AS old (device_id, time, accuracy_m, received)
SELECT s.device, s.time, s.accuracy, s.received FROM {given} WHERE NOT EXISTS (
  SELECT 1 FROM fixes f WHERE f.device_id = s.device AND f.time = s.time)
ON CONFLICT (device_id, time) DO UPDATE
SET accuracy_m = excluded.accuracy_m, received = excluded.received
WHERE coalesce(excluded.accuracy_m, 1e300) < coalesce(old.accuracy_m, 1e300)
RETURNING device_id, time
"""
_UPSERT_POSTGRES = _UPSERT.format(
    given="""(
  SELECT DISTINCT ON (1, 2) * FROM unnest(
      $1::bigint[], $2::timestamptz[], $3::float8[], $4::timestamptz[]
    ) AS g (device, time, accuracy, received) ORDER BY 1, 2, 3) AS s"""
)
# It takes one of a key after the other.
_UPSERT_SQLITE = _UPSERT.format(
    given="""(
  SELECT value ->> 0 AS device, value ->> 1 AS time, value ->> 2 AS accuracy,
    value ->> 3 AS received FROM json_each(?)) s"""
)
_SINCE = """
SELECT u.device_id, u.time, u.accuracy_m FROM {wanted}
JOIN unplaced u ON u.device_id = w.device AND u.time >= w.moment AND u.time <= w.until
WHERE NOT EXISTS (SELECT 1 FROM fixes f WHERE f.device_id = u.device_id AND f.time = u.time)
"""
_SINCE_POSTGRES = _SINCE.format(
    wanted="unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS w (device, moment, until)"
)
_SINCE_SQLITE = _SINCE.format(
    wanted="""(SELECT value ->> 0 AS device, value ->> 1 AS moment, value ->> 2 AS until
  FROM json_each(:wanted)) w"""
)
# None is later: what the calendar does not go on to cannot be asked for.
_LATEST_US = 253_402_300_799_000_000
_PLACELESS = np.dtype([("device", "i8"), ("time", "i8"), ("accuracy", "f8")])


async def store(writer: Writer, columns: Columns) -> npt.NDArray[np.bool_]:
    """Keeps when n fixes were, and how accurate; says which of them tell something new, bool[n].

    They are of devices that this transaction has locked, and after `fixes.store` of its others.
    """
    raw = await driver_of(writer)
    accuracy = [None if np.isnan(one) else one for one in columns.accuracy_m.tolist()]
    keys = list(zip(columns.device.tolist(), columns.time_us.tolist(), strict=True))
    received_us = columns.received_us.tolist()
    if writer.dialect.name == "sqlite":
        rows = [(*key, *more) for key, *more in zip(keys, accuracy, received_us, strict=True)]
        found = await raw.execute_fetchall(_UPSERT_SQLITE, (json.dumps(rows),))
        stored = {(device, time_us) for device, time_us in found}
    else:
        times, received = [from_us(t) for _, t in keys], [from_us(t) for t in received_us]
        devices = columns.device.tolist()
        found = await raw.fetch(_UPSERT_POSTGRES, devices, times, accuracy, received)
        stored = {(device, to_us(time)) for device, time in found}
    return np.array([key in stored for key in keys], np.bool_)


async def since(
    reader: Reader, moments_us: Mapping[int, int], untils_us: Mapping[int, int]
) -> Fixes:
    """Those of each device from its own moment on, up to its own or for good; in any order.

    Where they were is NaN. The transaction must have begun (`driver_of`).
    """
    wanted = [
        (device, max(moment, 0), min(untils_us.get(device, FOREVER), _LATEST_US))
        for device, moment in moments_us.items()
    ]
    if reader.dialect.name == "sqlite":
        found = await reader.execute(sa.text(_SINCE_SQLITE), {"wanted": json.dumps(wanted)})
        rows = [tuple(row) for row in found]
    else:
        devices, begins, ends = zip(*wanted, strict=True) if wanted else ((), (), ())
        times = [from_us(t) for t in begins], [from_us(t) for t in ends]
        given = await (await driver_of(reader)).fetch(_SINCE_POSTGRES, list(devices), *times)
        rows = [(device, to_us(time), accuracy) for device, time, accuracy in given]
    table = np.array(rows, _PLACELESS)
    nowhere = np.full(len(table), np.nan)
    return Fixes(table["device"], table["time"], nowhere, nowhere, table["accuracy"])
