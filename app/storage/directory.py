"""Whose a key or an address is, and for which devices it may speak."""

from collections.abc import Collection
from enum import StrEnum, auto
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.access.secrets import digest
from app.storage.engine import Reader
from app.storage.schema import device_addresses, device_keys, devices, gateway_devices
from ingest.sender import Sender
from ingest.units import SPEEDS_MPS

GATEWAY = "gateway"


# Keys are only added or revoked, so that counting them will do. Of the others the words count: an
# address may be given up for another. PostgreSQL adds up what SQLite, of small forces, lists.
_STAMP = """
SELECT (SELECT {0}) FROM devices), (SELECT {1}) FROM device_addresses),
  (SELECT {2}) FROM gateway_devices),
  (SELECT count(*) FROM device_keys), (SELECT count(revoked) FROM device_keys)
"""
_COLUMNS = (
    (
        "id",
        "kind",
        "name",
        "(locked IS NULL)",
        "coalesce(speed_unit, '')",
        "coalesce(owntracks_secret, '')",
    ),
    ("device_id", "kind", "address"),
    ("gateway_id", "device_id"),
)
_WORDS = tuple(" || ' ' || ".join(columns) for columns in _COLUMNS)
_STAMPS = {
    "sqlite": _STAMP.format(*(f"group_concat({words}" for words in _WORDS)),
    "postgresql": _STAMP.format(*(f"sum(hashtextextended({words}, 0)" for words in _WORDS)),
}

Stamp = tuple[object, ...]


async def stamp(reader: Reader) -> Stamp:
    """What changes whenever an answer of `senders` may change."""
    row = (await reader.exec_driver_sql(_STAMPS[reader.dialect.name])).one()
    return tuple(digest(value) if isinstance(value, str) else value for value in row)


KEY = "key"
Shown = tuple[str, bytes | str]
"""What somebody is known by: KEY and a key's digest; or the kind of an address, and the address.

The address of kind "device" is the device's name.
"""


class Why(StrEnum):
    """Why somebody is turned away."""

    STRANGER = auto()
    REVOKED = auto()  # the key was this device's
    LOCKED = auto()
    TOO_OFTEN = auto()  # it sends more often than a device may


class Barred(NamedTuple):
    """A device that is turned away, and why."""

    device: int
    why: Why


async def by_key(reader: Reader, secret_hash: bytes) -> Sender | None:
    """The sender who holds a key, known by its digest; None if it is turned away, or nobody's."""
    return await _one(reader, (KEY, secret_hash))


async def by_address(reader: Reader, kind: str, address: str) -> Sender | None:
    """The sender with an address of a kind ("device": by its name); None as `by_key`."""
    return await _one(reader, (kind, address))


async def _one(reader: Reader, shown: Shown) -> Sender | None:
    found = (await senders(reader, [shown])).get(shown)
    return found if isinstance(found, Sender) else None


async def senders(reader: Reader, shown: Collection[Shown]) -> dict[Shown, Sender | Barred]:
    """Who is known by these, all at once; there is nobody for what is a stranger's."""
    revoked = await _revoked(reader, shown)
    holders = await _holders(reader, shown)
    ids = set(holders.values())
    query = sa.select(devices).where(devices.c.id.in_(ids))
    rows = {row.id: row for row in await reader.execute(query)}
    own = await _own_addresses(reader, ids)
    found: dict[int, Sender | Barred] = {}
    for device, row in rows.items():
        if row.locked is not None:
            found[device] = Barred(device, Why.LOCKED)
        elif row.kind == GATEWAY:
            found[device] = _sender(row, *await _of_gateway(reader, device))
        else:
            found[device] = _sender(row, own.get(device, {}), {})
    return {one: found[device] for one, device in holders.items()} | revoked


async def _revoked(reader: Reader, shown: Collection[Shown]) -> dict[Shown, Sender | Barred]:
    """Those of these that are keys which were good once."""
    keys = [value for kind, value in shown if kind == KEY]
    held = device_keys.c
    query = sa.select(held.secret_hash, held.device_id).where(
        held.secret_hash.in_(keys), held.revoked.is_not(None)
    )
    rows = await reader.execute(query) if keys else ()
    return {(KEY, bytes(value)): Barred(device, Why.REVOKED) for value, device in rows}


async def _holders(reader: Reader, shown: Collection[Shown]) -> dict[Shown, int]:
    """The devices that these are of."""
    keys = [value for kind, value in shown if kind == KEY]
    names = [value for kind, value in shown if kind == "device"]
    others = [one for one in shown if one[0] not in {KEY, "device"}]
    held, called, reached = device_keys.c, devices.c, device_addresses.c
    of_key = sa.select(held.secret_hash, held.device_id).where(
        held.secret_hash.in_(keys), held.revoked.is_(None)
    )
    of_name = sa.select(called.name, called.id).where(called.name.in_(names))
    of_address = sa.select(reached.kind, reached.address, reached.device_id).where(
        sa.tuple_(reached.kind, reached.address).in_(others)
    )
    found: dict[Shown, int] = {}
    if keys:
        found |= {(KEY, bytes(value)): device for value, device in await reader.execute(of_key)}
    if names:
        found |= {("device", name): device for name, device in await reader.execute(of_name)}
    if others:
        rows = await reader.execute(of_address)
        found |= {(kind, address): device for kind, address, device in rows}
    return found


async def everybody(reader: Reader) -> dict[str, int]:
    """Every device that is no gateway, by its name and by its addresses."""
    mine = sa.select(devices.c.id).where(devices.c.kind != GATEWAY)
    names = await reader.execute(
        sa.select(devices.c.name, devices.c.id).where(devices.c.id.in_(mine))
    )
    return await _by_address(reader, mine) | {row.name: row.id for row in names}


def _sender(row: sa.Row[Any], speaks_for: dict[str, int], barred: dict[str, int]) -> Sender:
    """A device as a sender, whose messages are read as it writes them."""
    return Sender(
        name=row.name,
        device=None if row.kind == GATEWAY else row.id,
        speaks_for=speaks_for,
        barred=barred,
        owntracks_secret=row.owntracks_secret,
        speed_unit_mps=SPEEDS_MPS.get(row.speed_unit),
        devices=max(len(set(speaks_for.values())), 1),
        number=row.id,
    )


async def _own_addresses(reader: Reader, ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Of each of these devices its own addresses of any kind."""
    query = sa.select(device_addresses.c.address, device_addresses.c.device_id)
    found: dict[int, dict[str, int]] = {}
    for address, device in await reader.execute(query.where(device_addresses.c.device_id.in_(ids))):
        found.setdefault(device, {})[address] = device
    return found


async def _of_gateway(reader: Reader, gateway: int) -> tuple[dict[str, int], dict[str, int]]:
    """A gateway's listed devices by what they are called; then those of them that are locked."""
    listed = sa.select(gateway_devices.c.device_id).where(gateway_devices.c.gateway_id == gateway)
    query = sa.select(devices.c.name, devices.c.id, devices.c.locked)
    rows = (await reader.execute(query.where(devices.c.id.in_(listed)))).all()
    called = await _by_address(reader, listed) | {row.name: row.id for row in rows}
    locked = {row.id for row in rows if row.locked is not None}
    return (
        {name: device for name, device in called.items() if device not in locked},
        {name: device for name, device in called.items() if device in locked},
    )


async def _by_address(reader: Reader, ids: sa.Select[int]) -> dict[str, int]:
    """Devices by their addresses of any kind; one that two of them have finds neither."""
    query = sa.select(device_addresses.c.address, device_addresses.c.device_id)
    found: dict[str, set[int]] = {}
    for address, device in await reader.execute(query.where(device_addresses.c.device_id.in_(ids))):
        found.setdefault(address, set()).add(device)
    return {address: have.pop() for address, have in found.items() if len(have) == 1}
