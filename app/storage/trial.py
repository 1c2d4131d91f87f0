"""A device made for trying the service out, and what is stored of it: taken away afterwards."""

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from app.storage import devices
from app.storage.devices import Address, Device
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound
from app.storage.schema import device_events, device_states, fixes

NAME: Final = "beatkeeper-doctor"
_KIND: Final = "handheld"


class Stored(NamedTuple):
    """A fix of the trial's: the wire format it came in, and its time."""

    format: str
    time: dt.datetime


async def enrol(writer: Writer, radio: str, key_hash: bytes, now: dt.datetime) -> int:
    """Gives the trial's device a key, and makes it if there is none; gives its id.

    It is on nobody's gateway and nobody carries it. `radio` is what it is called where a format has
    room for a number only. Raises NotFound where its profile is not there.
    """
    try:
        found = await devices.device_id(writer, NAME)
    except NotFound:
        device = Device(NAME, _KIND, _KIND, [Address("doctor", radio)])
        await devices.create(writer, device, key_hash, now)
        return await devices.device_id(writer, NAME)
    await devices.add_key(writer, NAME, key_hash, now)
    return found


async def stored(reader: Reader, device: int) -> Sequence[Stored]:
    """What of it is stored."""
    query = sa.select(fixes.c.source, fixes.c.time).where(fixes.c.device_id == device)
    return [Stored(row.source, row.time) for row in await reader.execute(query)]


async def clear(writer: Writer, device: int) -> None:
    """Takes away what came from the trial's device."""
    mine = device_states.c.device_id == device
    # As a batch does: whoever stores more of it meanwhile waits.
    await writer.execute(sa.select(device_states.c.device_id).where(mine).with_for_update())
    nothing = {"tail": None, "near": None, "heard": None}
    await writer.execute(sa.update(device_states).where(mine).values(nothing))
    await writer.execute(sa.delete(fixes).where(fixes.c.device_id == device))
    await writer.execute(sa.delete(device_events).where(device_events.c.device_id == device))


async def forget(writer: Writer, device: int, now: dt.datetime) -> None:
    """Takes away what came from the trial's device, and its keys; the device itself stays."""
    await clear(writer, device)
    await devices.revoke_keys(writer, NAME, now)
