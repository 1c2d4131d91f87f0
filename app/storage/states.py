"""What the engine remembers of each device, in one narrow row that is also the device's lock."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.storage.engine import Writer, driver_of
from app.storage.types import from_us, to_us
from geofence.memory import PACKED_VERSION, Memory
from geofence.model import FOREVER, NEVER, Fixes
from geofence.track import Tail

_COLUMNS = "s.device_id, d.profile, s.tail, s.near"
# In the order of the devices, so that two batches never wait for each other.
_LOCK_POSTGRES = f"""
SELECT {_COLUMNS} FROM device_states s JOIN devices d ON d.id = s.device_id
WHERE s.device_id = ANY($1::bigint[]) ORDER BY s.device_id FOR UPDATE OF s
"""  # noqa: S608 -- only our own column names
# SQLite has one writer: who writes holds every lock.
_LOCK_SQLITE = f"""
SELECT {_COLUMNS} FROM device_states s JOIN devices d ON d.id = s.device_id
WHERE s.device_id IN (SELECT value FROM json_each(?)) ORDER BY s.device_id
"""  # noqa: S608 -- only our own column names

_SAVE_POSTGRES = """
UPDATE device_states s SET tail = n.tail, near = n.near, heard = coalesce($5, s.heard),
  unsurveyed = least(s.unsurveyed, n.earliest)
FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::timestamptz[])
  AS n (device_id, tail, near, earliest)
WHERE s.device_id = n.device_id
"""
# Its min() of several knows no null.
_SAVE_SQLITE = """
UPDATE device_states SET tail = ?1, near = ?2, heard = coalesce(?3, heard),
  unsurveyed = coalesce(min(unsurveyed, ?4), unsurveyed, ?4)
WHERE device_id = ?5
"""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """One device's memory as the engine packs it; all None before its first fix."""

    device: int
    profile: str
    tail: bytes | None
    near: bytes | None


# A row of geofence.track.Tail, but for its device.
TAIL = np.dtype(
    [
        ("first_us", "<i8"),
        ("last_us", "<i8"),
        ("time_us", "<i8", 2),
        ("lon", "<f8", 2),
        ("lat", "<f8", 2),
        ("accuracy_m", "<f8", 2),
    ]
)


def tails(states: Sequence[DeviceState]) -> Tail:
    """The tails of these devices (in their order); empty ones of new devices."""
    devices = np.array([state.device for state in states], np.int64)
    known = np.array([state.tail is not None for state in states], np.bool_)
    rows = np.frombuffer(b"".join(state.tail for state in states if state.tail), TAIL)
    blank = Tail.empty(devices)
    columns = {name: getattr(blank, name).copy() for name in TAIL.names or ()}
    for name, column in columns.items():
        column[known] = rows[name]
    return Tail(devices, **columns)


def recall(states: Sequence[DeviceState]) -> Memory:
    """What the engine remembered of these devices (in their order); nothing of new ones.

    Of `outdated` ones, only the tail.
    """
    old = outdated(states)
    near = {s.device: s.near for s in states if s.near and s.device not in old}
    return Memory.unpack(tails(states), near)


def outdated(states: Sequence[DeviceState]) -> AbstractSet[int]:
    """Those of these devices of which another version of the engine remembers what it is near."""
    return {state.device for state in states if state.near and state.near[0] != PACKED_VERSION}


def remember(memory: Memory, states: Sequence[DeviceState]) -> list[DeviceState]:
    """What is to be saved of these devices, which `memory` holds in the same order."""
    tails = np.empty(len(states), TAIL)
    for name in TAIL.names or ():
        tails[name] = getattr(memory.tail, name)
    packed, near = tails.tobytes(), memory.pack()
    ends = range(TAIL.itemsize, len(packed) + 1, TAIL.itemsize)
    return [
        DeviceState(s.device, s.profile, packed[end - TAIL.itemsize : end], near[s.device] or None)
        for s, end in zip(states, ends, strict=True)
    ]


def earliest(fixes: Fixes) -> dict[int, int]:
    """The time (microseconds) of the earliest of each device's fixes, which are in any order."""
    devices, of = np.unique(fixes.device, return_inverse=True)
    earliest_us = np.full(len(devices), FOREVER)
    np.minimum.at(earliest_us, of, fixes.time_us)
    return dict(zip(devices.tolist(), earliest_us.tolist(), strict=True))


async def lock(writer: Writer, devices: Sequence[int]) -> list[DeviceState]:
    """Locks these devices until the transaction ends, and reads what is remembered of them."""
    raw = await driver_of(writer)
    if writer.dialect.name == "sqlite":
        rows = await raw.execute_fetchall(_LOCK_SQLITE, (json.dumps(list(devices)),))
    else:
        rows = await raw.fetch(_LOCK_POSTGRES, list(devices))
    return [DeviceState(*row) for row in rows]


async def save(
    writer: Writer,
    states: Sequence[DeviceState],
    heard: dt.datetime | None = None,
    earliest_us: Mapping[int, int] | None = None,
) -> None:
    """Writes what is remembered of these devices from now on, and that they were heard just then.

    `heard` None: they were not, it is only that what was heard before has been looked at again.
    `earliest_us` (microseconds, by device) are the earliest of what is new of them.
    """
    if not states:
        return
    new_us = earliest_us or {}
    if writer.dialect.name == "sqlite":
        heard_us = None if heard is None else to_us(heard)
        rows = [(s.tail, s.near, heard_us, new_us.get(s.device), s.device) for s in states]
        await (await driver_of(writer)).executemany(_SAVE_SQLITE, rows)
        return
    devices = [state.device for state in states]
    tails = [state.tail for state in states]
    nears = [state.near for state in states]
    times = [from_us(new_us[d]) if d in new_us else None for d in devices]
    await (await driver_of(writer)).execute(_SAVE_POSTGRES, devices, tails, nears, times, heard)


async def forget(writer: Writer, device_ids: Sequence[int], before_us: int) -> int:
    """Forgets where devices were before a moment, not when; says of how many.

    That is of those that have fallen silent, whose visits are closed: nothing of theirs waits.
    """
    states, rows = await _locked(writer, device_ids)
    old = (rows["time_us"] < before_us) & ~np.isnan(rows["lon"])
    stale = old.any(axis=1) & (rows["time_us"].max(axis=1) < before_us)
    old &= stale[:, None]
    for name in ("lon", "lat"):
        rows[name][old] = np.nan
    changed = np.flatnonzero(stale).tolist()
    await save(writer, [replace(states[i], tail=rows[i].tobytes(), near=None) for i in changed])
    return len(changed)


async def forget_stretches(
    writer: Writer,
    stretches_us: Sequence[tuple[int, int, int]],
    begins_us: Mapping[int, int],
) -> None:
    """Forgets fixes of stretches of time: device, start, end (microseconds).

    And all that is near: it may have begun in a stretch that has been over for long. `begins_us` is
    when the first of all fixes of a device now is, where that may be another; NEVER: none is left.
    """
    states, rows = await _locked(writer, sorted({device for device, _, _ in stretches_us}))
    position = {state.device: at for at, state in enumerate(states)}
    gone = np.zeros(rows["time_us"].shape, np.bool_)
    for device, start_us, end_us in stretches_us:
        if device in position:
            times = rows["time_us"][position[device]]
            gone[position[device]] |= (times >= start_us) & (times < end_us)
    _drop(rows, gone)
    for device, begin_us in begins_us.items():
        if device in position:
            rows["first_us"][position[device]] = begin_us
    await save(
        writer,
        [
            # Of one without any fix: as before its first.
            replace(state, tail=row.tobytes() if row["first_us"] != NEVER else None, near=None)
            for state, row in zip(states, rows, strict=True)
        ],
    )


def _drop(rows: npt.NDArray[np.void], gone: npt.NDArray[np.bool_]) -> None:
    """Makes tails such as if some of their two fixes had never been: the newer one is second."""
    alone = gone[:, 1] & ~gone[:, 0]
    for name in ("time_us", "lon", "lat", "accuracy_m"):
        pair, blank = rows[name], NEVER if name == "time_us" else np.nan
        pair[alone, 1] = pair[alone, 0]
        pair[gone.any(axis=1), 0] = blank
        pair[gone.all(axis=1), 1] = blank


async def _locked(
    writer: Writer, device_ids: Sequence[int]
) -> tuple[list[DeviceState], npt.NDArray[np.void]]:
    """What is remembered of those of the devices that were heard, and their tails; locked."""
    states = [state for state in await lock(writer, device_ids) if state.tail is not None]
    return states, np.frombuffer(b"".join(state.tail or b"" for state in states), TAIL).copy()
