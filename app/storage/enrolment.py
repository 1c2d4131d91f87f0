"""Many new devices at once, in a few statements."""

import datetime as dt
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from app.access.secrets import DeviceKey
from app.storage.devices import Device
from app.storage.engine import Reader, Writer
from app.storage.pages import unique
from app.storage.schema import (
    device_addresses,
    device_keys,
    device_states,
    devices,
    gateway_devices,
    profiles,
)


async def names(reader: Reader) -> frozenset[str]:
    """Every device's name."""
    return frozenset(await reader.scalars(sa.select(devices.c.name)))


async def addresses(reader: Reader) -> frozenset[tuple[str, str]]:
    """Every address: its kind, and what a device is called."""
    query = sa.select(device_addresses.c.kind, device_addresses.c.address)
    return frozenset((row.kind, row.address) for row in await reader.execute(query))


async def profile_names(reader: Reader) -> frozenset[str]:
    """Every profile's name."""
    query = sa.select(profiles.c.name).where(profiles.c.known_to.is_(None))
    return frozenset(await reader.scalars(query))


async def enrol(
    writer: Writer, new: Sequence[Device], keys: Mapping[str, DeviceKey], now: dt.datetime
) -> None:
    """Stores new devices, each with its key by name; their profiles and listed devices are there.

    Raises Conflict where a name or an address is taken.
    """
    rows = [
        {"name": one.name, "kind": one.kind, "profile": one.profile, "speed_unit": one.speed_unit}
        for one in new
    ]
    with unique("another device has one of these names"):
        await _insert(writer, devices, rows)
    ids = await _ids(writer)
    await _insert(writer, device_states, [{"device_id": ids[one.name]} for one in new])
    made = [
        {
            "device_id": ids[one.name],
            "secret_hash": keys[one.name].digest,
            "mqtt_hash": keys[one.name].mqtt_hash,
            "created": now,
        }
        for one in new
    ]
    await _insert(writer, device_keys, made)
    called = [
        {"device_id": ids[one.name], "kind": address.kind, "address": address.address}
        for one in new
        for address in one.addresses
    ]
    with unique("another device has one of these addresses"):
        await _insert(writer, device_addresses, called)
    listed = [
        {"gateway_id": ids[one.name], "device_id": ids[other]}
        for one in new
        for other in one.speaks_for
    ]
    await _insert(writer, gateway_devices, listed)


async def _insert(writer: Writer, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        await writer.execute(sa.insert(table), rows)


async def _ids(reader: Reader) -> dict[str, int]:
    rows = await reader.execute(sa.select(devices.c.name, devices.c.id))
    return {row.name: row.id for row in rows}
