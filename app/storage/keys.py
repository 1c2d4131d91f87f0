"""The keys of devices one by one, whether they are locked, and who may log in to a broker."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.access.mosquitto import Login
from app.access.viewer import Right, Viewer
from app.storage import devices as storage
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound
from app.storage.schema import device_addresses, device_keys, devices, gateway_devices
from app.storage.types import Instant


class Key(NamedTuple):
    """One key, without its secret, which nobody has; `mqtt`: it is the password at the broker."""

    id: int
    created: dt.datetime
    revoked: dt.datetime | None
    mqtt: bool


def _passwords() -> sa.Subquery:
    """The key that is each device's password: the oldest that is good, of those a broker knows.

    A new one beside it changes nothing until the old one is revoked: no device is cut off before
    somebody has put its new key into it.
    """
    good = device_keys.c.revoked.is_(None), device_keys.c.mqtt_hash.is_not(None)
    oldest = sa.func.min(device_keys.c.id).label("id")
    return sa.select(oldest).where(*good).group_by(device_keys.c.device_id).subquery()


async def listed(reader: Reader, viewer: Viewer, name: str) -> list[Key]:
    """The keys of a device, the oldest first. Raises NotFound where there is no such device."""
    viewer.require(Right.MANAGE_DEVICES)
    mine = device_keys.c.device_id == await storage.device_id(reader, name)
    passwords = _passwords()
    query = (
        sa.select(device_keys, passwords.c.id.is_not(None).label("mqtt"))
        .outerjoin(passwords, passwords.c.id == device_keys.c.id)
        .where(mine)
        .order_by(device_keys.c.id)
    )
    return [Key(row.id, row.created, row.revoked, row.mqtt) for row in await reader.execute(query)]


async def revoke(writer: Writer, name: str, key_id: int, now: dt.datetime) -> None:
    """Ends one key of a device; nothing where it has ended. Raises NotFound where there is none."""
    mine = device_keys.c.device_id == await storage.device_id(writer, name)
    this = mine, device_keys.c.id == key_id
    ended = sa.func.coalesce(device_keys.c.revoked, sa.literal(now, Instant()))
    found = await writer.execute(sa.update(device_keys).where(*this).values(revoked=ended))
    if not found.rowcount:
        msg = f"the device {name!r} has no key {key_id}"
        raise NotFound(msg)


async def lock(writer: Writer, name: str, now: dt.datetime) -> None:
    """Takes nothing from a device from now on. Raises NotFound where there is no such device."""
    mine = devices.c.id == await storage.device_id(writer, name)
    since = sa.func.coalesce(devices.c.locked, sa.literal(now, Instant()))
    await writer.execute(sa.update(devices).where(mine).values(locked=since))


async def unlock(writer: Writer, name: str) -> None:
    """Welcomes a device again. Raises NotFound where there is no such device."""
    mine = devices.c.id == await storage.device_id(writer, name)
    await writer.execute(sa.update(devices).where(mine).values(locked=None))


def _together(pairs: Iterable[Iterable[Any]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for device, text in pairs:
        found.setdefault(device, []).append(text)
    return found


async def logins(reader: Reader) -> Sequence[Login]:
    """Who may log in to a broker: all devices but those that are locked and the doctor's."""
    passwords = _passwords()
    query = (
        sa.select(devices.c.id, devices.c.name, device_keys.c.mqtt_hash)
        .outerjoin(
            device_keys.join(passwords, passwords.c.id == device_keys.c.id),
            device_keys.c.device_id == devices.c.id,
        )
        .where(devices.c.locked.is_(None), ~storage.on_trial())
        .order_by(devices.c.id)
    )
    rows = (await reader.execute(query)).all()
    names = {row.id: row.name for row in rows}
    called = sa.select(device_addresses.c.device_id, device_addresses.c.address).where(
        device_addresses.c.kind == "owntracks"
    )
    owntracks = _together(await reader.execute(called.order_by(device_addresses.c.id)))
    pairs = sa.select(gateway_devices).order_by(gateway_devices.c.device_id)
    listed = _together(
        (gateway, names[device])
        for gateway, device in await reader.execute(pairs)
        if device in names
    )
    return [
        Login(row.name, row.mqtt_hash, owntracks.get(row.id, ()), listed.get(row.id, ()))
        for row in rows
    ]
