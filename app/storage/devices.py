"""Devices, the addresses they are known by, their keys, and for which others a gateway speaks."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from app.access.naming import Naming
from app.access.viewer import Right, Scope, Viewer
from app.compliance.duty import Devices
from app.storage import people, profiles, recomputes
from app.storage.device_pages import as_named
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound, Refused
from app.storage.knowledge import known_at
from app.storage.pages import Page, Slice, unique
from app.storage.schema import (
    assignments,
    device_addresses,
    device_keys,
    device_states,
    devices,
    gateway_devices,
)
from app.storage.words import indexed

# The kind of address that the doctor's device has: the API takes none with a hyphen.
TRIAL: Final = "beatkeeper-doctor"


@dataclass(frozen=True, slots=True)
class Address:
    """What a device is called on the wire: kind "owntracks", address "user/device"."""

    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class Device:
    """A radio, phone, handheld, vehicle terminal, or a gateway that speaks for listed devices.

    `speed_unit` is that of a bare `speed` among the parameters it sends: None, the format's.
    `owntracks_encrypted` says whether it has a secret that opens its OwnTracks payloads.
    """

    name: str
    kind: str
    profile: str
    addresses: Sequence[Address] = ()
    speaks_for: Sequence[str] = ()
    speed_unit: str | None = None
    owntracks_encrypted: bool = False
    locked: dt.datetime | None = None


async def create(
    writer: Writer,
    device: Device,
    key_hash: bytes,
    now: dt.datetime,
    *,
    mqtt_hash: str | None = None,
) -> None:
    """Stores a new device with the digest of its key, and what brokers go by (None: nothing).

    Raises Conflict where its name or an address is taken, Refused for its profile or a device
    it is to speak for.
    """
    await profiles.current(writer, device.profile)
    with unique(f"there is a device {device.name!r} already"):
        device_id = await writer.scalar(
            sa.insert(devices).values(name=device.name, **_values(device)).returning(devices.c.id)
        )
    # The row that batches lock, and that vouches for the device when fixes come.
    await writer.execute(sa.insert(device_states).values(device_id=device_id))
    await _insert_key(writer, device_id, key_hash, now, mqtt_hash)
    await _insert_contacts(writer, device_id, device)


async def change(writer: Writer, device: Device) -> None:
    """Gives the device of that name another profile, speed unit, addresses, others to speak for.

    Its secret stays what it is. With another profile, what is being worked out anew by hand begins
    again.
    Raises NotFound where there is no such device, Conflict where another has an address, Refused
    for its kind, which stays what it is, its profile, or a device it is to speak for.
    """
    mine = devices.c.name == device.name
    # Visits that refer to it may be stored meanwhile.
    locked = sa.select(devices).where(mine).with_for_update(key_share=True)
    row = (await writer.execute(locked)).one_or_none()
    if row is None:
        msg = f"there is no device {device.name!r}"
        raise NotFound(msg)
    if row.kind != device.kind:
        raise Refused(where="kind", what=f"this device is a {row.kind}")
    await profiles.current(writer, device.profile)
    await writer.execute(sa.update(devices).where(mine).values(**_values(device)))
    await writer.execute(sa.delete(device_addresses).where(device_addresses.c.device_id == row.id))
    await writer.execute(sa.delete(gateway_devices).where(gateway_devices.c.gateway_id == row.id))
    await _insert_contacts(writer, row.id, device)
    if row.profile != device.profile:
        await recomputes.begin_again(writer, row.id)


def _values(device: Device) -> dict[str, str | None]:
    return {"kind": device.kind, "profile": device.profile, "speed_unit": device.speed_unit}


async def set_owntracks_secret(writer: Writer, name: str, secret: str | None) -> None:
    """Sets the passphrase that opens a device's encrypted OwnTracks payloads; None: none.

    It is kept as it is, as no digest opens anything. Raises NotFound where there is no such device.
    """
    mine = devices.c.id == await device_id(writer, name)
    await writer.execute(sa.update(devices).where(mine).values(owntracks_secret=secret))


async def _insert_contacts(writer: Writer, device_id: int, device: Device) -> None:
    """Stores a device's addresses and, of a gateway, for whom it speaks."""
    addresses = [
        {"device_id": device_id, "kind": one.kind, "address": one.address}
        for one in device.addresses
    ]
    if addresses:
        with unique("another device has one of these addresses"):
            await writer.execute(sa.insert(device_addresses), addresses)
    listed = await _ids(writer, device.speaks_for)
    if listed:
        pairs = [{"gateway_id": device_id, "device_id": one} for one in sorted(listed)]
        await writer.execute(sa.insert(gateway_devices), pairs)


async def add_key(
    writer: Writer,
    name: str,
    key_hash: bytes,
    now: dt.datetime,
    *,
    mqtt_hash: str | None = None,
) -> None:
    """Stores the digest of one more key. Raises NotFound where there is no such device."""
    await _insert_key(writer, await device_id(writer, name), key_hash, now, mqtt_hash)


async def revoke_keys(writer: Writer, name: str, now: dt.datetime) -> None:
    """Ends all keys of a device. Raises NotFound where there is no such device."""
    mine = device_keys.c.device_id == await device_id(writer, name)
    await writer.execute(
        sa.update(device_keys).where(mine, device_keys.c.revoked.is_(None)).values(revoked=now)
    )


async def device_id(reader: Reader, name: str) -> int:
    """A device's id by name. Raises NotFound where there is none."""
    found = await reader.scalar(sa.select(devices.c.id).where(devices.c.name == name))
    if found is None:
        msg = f"there is no device {name!r}"
        raise NotFound(msg)
    return int(found)


async def seen_id(reader: Reader, viewer: Viewer, name: str) -> int:
    """The id of a device that was ever with somebody whose visits the viewer sees.

    Raises NotFound alike where there is none of that name, and where it was not.
    """
    viewer.require(Right.READ_VISITS)
    query = sa.select(devices.c.id).where(devices.c.name == name)
    if viewer.scope_of(Right.READ_VISITS) is not Scope.EVERYBODY:
        theirs = sa.select(assignments.c.device_id).where(
            assignments.c.known_to.is_(None),
            assignments.c.officer_id.in_(people.seen_by(viewer, Right.READ_VISITS)),
        )
        query = query.where(devices.c.id.in_(theirs))
    found = await reader.scalar(query)
    if found is None:
        msg = f"there is no device {name!r}"
        raise NotFound(msg)
    return int(found)


async def names(reader: Reader, viewer: Viewer) -> Sequence[str]:
    """Every device's name, among which is the one that a viewer's pseudonym stands for."""
    if not viewer.permits(Right.READ_DEVICES):
        viewer.require(Right.READ_VISITS)
    return (await reader.scalars(sa.select(devices.c.name))).all()


async def named(reader: Reader, name: str) -> Device:
    """The device of that name. Raises NotFound where there is none, or it is the doctor's."""
    mine = devices.c.id == await device_id(reader, name)
    rows = (await reader.execute(sa.select(devices).where(mine, ~on_trial()))).all()
    if not rows:
        msg = f"there is no device {name!r}"
        raise NotFound(msg)
    (device,) = await _described(reader, rows, sa.true())
    return device


async def page(reader: Reader, naming: Naming, part: Slice, now: dt.datetime) -> Page[Device]:
    """Devices but the doctor's with their addresses; a gateway with those it speaks for.

    Whoever does not see everybody sees the devices that are with those whom they see.
    """
    viewer = naming.viewer
    viewer.require(Right.READ_DEVICES)
    seen = seen_by(viewer, now)
    query = sa.select(devices).where(seen, ~on_trial())
    found = await as_named(reader, query, naming, part, lambda row: row)
    return Page(await _described(reader, found.items, seen), found.next)


async def columns(reader: Reader, viewer: Viewer) -> Devices:
    """All devices with their kinds: for figures of places, which name nobody."""
    viewer.require(Right.READ_COMPLIANCE)
    query = sa.select(devices.c.id, devices.c.kind).order_by(devices.c.id)
    rows = (await reader.execute(query)).all()
    kinds, kind = indexed([row.kind for row in rows])
    return Devices(np.array([row.id for row in rows], np.int64), kind, kinds)


async def _described(
    reader: Reader, rows: Sequence[sa.Row[Any]], seen: sa.ColumnElement[bool]
) -> list[Device]:
    """Devices by their rows, gateways with those of their listed devices that are seen."""
    ids = [row.id for row in rows]
    addresses, listed = await _addresses(reader, ids), await _listed(reader, ids, seen)
    return [
        Device(
            name=row.name,
            kind=row.kind,
            profile=row.profile,
            addresses=addresses.get(row.id, []),
            speaks_for=listed.get(row.id, []),
            speed_unit=row.speed_unit,
            owntracks_encrypted=row.owntracks_secret is not None,
            locked=row.locked,
        )
        for row in rows
    ]


def seen_by(viewer: Viewer, now: dt.datetime) -> sa.ColumnElement[bool]:
    """That a device is now with somebody whom the viewer sees; any, for who sees everybody."""
    if viewer.scope_of(Right.READ_DEVICES) is Scope.EVERYBODY:
        return sa.true()
    theirs = assignments.c.officer_id.in_(people.seen_by(viewer, Right.READ_DEVICES))
    return devices.c.id.in_(carried(now).where(theirs))


def on_trial() -> sa.ColumnElement[bool]:
    """That a device is the doctor's, by the mark that it has among its addresses."""
    marked = sa.select(device_addresses.c.device_id).where(device_addresses.c.kind == TRIAL)
    return devices.c.id.in_(marked)


def carried(now: dt.datetime) -> sa.Select[tuple[int]]:
    """The ids of the devices that somebody has at a moment."""
    return sa.select(assignments.c.device_id).where(
        known_at(assignments, now),
        assignments.c.start <= now,
        sa.or_(assignments.c.end.is_(None), assignments.c.end > now),
    )


async def _insert_key(
    writer: Writer, device: int, key_hash: bytes, now: dt.datetime, mqtt_hash: str | None
) -> None:
    await writer.execute(
        sa.insert(device_keys).values(
            device_id=device, secret_hash=key_hash, created=now, mqtt_hash=mqtt_hash
        )
    )


async def _ids(reader: Reader, names: Collection[str]) -> set[int]:
    query = sa.select(devices.c.name, devices.c.id).where(devices.c.name.in_(names))
    found = {row.name: row.id for row in await reader.execute(query)}
    for name in names:
        if name not in found:
            raise Refused(where="speaks_for", what=f"there is no device {name!r}")
    return set(found.values())


async def _addresses(reader: Reader, ids: Sequence[int]) -> dict[int, list[Address]]:
    query = (
        sa.select(device_addresses)
        .where(device_addresses.c.device_id.in_(ids))
        .order_by(device_addresses.c.id)
    )
    found: dict[int, list[Address]] = {}
    for row in await reader.execute(query):
        found.setdefault(row.device_id, []).append(Address(row.kind, row.address))
    return found


async def _listed(
    reader: Reader, ids: Sequence[int], seen: sa.ColumnElement[bool]
) -> dict[int, list[str]]:
    query = (
        sa.select(gateway_devices.c.gateway_id, devices.c.name)
        .join(devices, devices.c.id == gateway_devices.c.device_id)
        .where(gateway_devices.c.gateway_id.in_(ids), seen)
        .order_by(devices.c.id)
    )
    found: dict[int, list[str]] = {}
    for row in await reader.execute(query):
        found.setdefault(row.gateway_id, []).append(row.name)
    return found
