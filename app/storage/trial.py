"""A device made for trying the service out, and what is stored of it: taken away afterwards."""

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from app.storage import devices
from app.storage.devices import TRIAL, Address, Device
from app.storage.engine import Reader, Writer
from app.storage.pages import unique
from app.storage.schema import device_addresses, device_events, device_states, fixes
from app.storage.schema import devices as table

_KIND: Final = "handheld"


class Stored(NamedTuple):
    """A fix of the trial's: the wire format it came in, and its time."""

    format: str
    time: dt.datetime


async def enrol(writer: Writer, name: str, radio: str, key_hash: bytes, now: dt.datetime) -> int:
    """Gives the trial's device a name and a key, and makes it if there is none; gives its id.

    It is known by its mark, is on nobody's gateway, and nobody carries it. `radio` is what it is
    called where a format has room for a number only. Raises Conflict where another device has that
    name, NotFound where its profile is not there.
    """
    marked = sa.select(device_addresses.c.device_id).where(device_addresses.c.kind == TRIAL)
    found = await writer.scalar(marked)
    if found is None:
        await devices.create(
            writer, Device(name, _KIND, _KIND, [Address(TRIAL, radio)]), key_hash, now
        )
        return await devices.device_id(writer, name)
    await clear(writer, found)
    await _rename(writer, found, name)
    await devices.add_key(writer, name, key_hash, now)
    return int(found)


async def _rename(writer: Writer, device: int, name: str) -> None:
    with unique(f"there is a device {name!r} already"):
        await writer.execute(sa.update(table).where(table.c.id == device).values(name=name))


async def stored(reader: Reader, device: int) -> Sequence[Stored]:
    """What of it is stored."""
    query = sa.select(fixes.c.source, fixes.c.time).where(fixes.c.device_id == device)
    return [Stored(row.source, row.time) for row in await reader.execute(query)]


async def clear(writer: Writer, device: int) -> None:
    """Takes away what came from the trial's device."""
    mine = device_states.c.device_id == device
    # As a batch does: whoever stores more of it meanwhile waits.
    await writer.execute(sa.select(device_states.c.device_id).where(mine).with_for_update())
    nothing = dict.fromkeys(("tail", "near", "heard", "unsurveyed", "surveying"))
    await writer.execute(sa.update(device_states).where(mine).values(nothing))
    await writer.execute(sa.delete(fixes).where(fixes.c.device_id == device))
    await writer.execute(sa.delete(device_events).where(device_events.c.device_id == device))


async def forget(writer: Writer, device: int, name: str, now: dt.datetime) -> None:
    """Takes away what came from the trial's device, its keys, and its name.

    Who sends by that name later is unknown. The device itself stays: a batch on its way may be of
    it, and SQLite would give its id to the next device.
    """
    await clear(writer, device)
    await devices.revoke_keys(writer, name, now)
    await _rename(writer, device, f"{name}-over")
