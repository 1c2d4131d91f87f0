"""Whose a key or an address is, and for which devices it may speak."""

import sqlalchemy as sa

from app.access.secrets import digest
from app.storage.engine import Reader
from app.storage.schema import device_addresses, device_keys, devices, gateway_devices
from ingest.sender import Sender

GATEWAY = "gateway"


# Keys are only added or revoked, so that counting them will do. Of the others the words count: an
# address may be given up for another. PostgreSQL adds up what SQLite, of small forces, lists.
_STAMP = """
SELECT (SELECT {0}) FROM devices), (SELECT {1}) FROM device_addresses),
  (SELECT {2}) FROM gateway_devices),
  (SELECT count(*) FROM device_keys), (SELECT count(revoked) FROM device_keys)
"""
_WORDS = (
    "id || ' ' || kind || ' ' || name",
    "device_id || ' ' || kind || ' ' || address",
    "gateway_id || ' ' || device_id",
)
_STAMPS = {
    "sqlite": _STAMP.format(*(f"group_concat({words}" for words in _WORDS)),
    "postgresql": _STAMP.format(*(f"sum(hashtextextended({words}, 0)" for words in _WORDS)),
}

Stamp = tuple[object, ...]


async def stamp(reader: Reader) -> Stamp:
    """What changes whenever an answer of `by_key` or `by_address` may change."""
    row = (await reader.exec_driver_sql(_STAMPS[reader.dialect.name])).one()
    return tuple(digest(value) if isinstance(value, str) else value for value in row)


async def by_key(reader: Reader, secret_hash: bytes) -> Sender | None:
    """The sender who holds a key, known by its digest; None if nobody does or it was revoked."""
    holder = (
        sa.select(devices.c.id, devices.c.name, devices.c.kind)
        .join(device_keys)
        .where(device_keys.c.secret_hash == secret_hash, device_keys.c.revoked.is_(None))
    )
    return await _sender(reader, holder)


async def by_address(reader: Reader, kind: str, address: str) -> Sender | None:
    """The sender with an address of a kind ("device": by its name); None if there is none."""
    columns = sa.select(devices.c.id, devices.c.name, devices.c.kind)
    if kind == "device":
        return await _sender(reader, columns.where(devices.c.name == address))
    wanted = (device_addresses.c.kind == kind, device_addresses.c.address == address)
    return await _sender(reader, columns.join(device_addresses).where(*wanted))


async def _sender(reader: Reader, query: sa.Select[int, str, str]) -> Sender | None:
    found = (await reader.execute(query)).one_or_none()
    if found is None:
        return None
    device, name, kind = found
    if kind != GATEWAY:
        itself = sa.select(sa.literal(device))
        return Sender(name=name, device=device, speaks_for=await _by_address(reader, itself))
    listed = sa.select(gateway_devices.c.device_id).where(gateway_devices.c.gateway_id == device)
    names = await reader.execute(
        sa.select(devices.c.name, devices.c.id).where(devices.c.id.in_(listed))
    )
    speaks_for = await _by_address(reader, listed) | {row.name: row.id for row in names}
    return Sender(name=name, device=None, speaks_for=speaks_for)


async def _by_address(reader: Reader, ids: sa.Select[int]) -> dict[str, int]:
    """Devices by their addresses of any kind; one that two of them have finds neither."""
    query = sa.select(device_addresses.c.address, device_addresses.c.device_id)
    found: dict[str, set[int]] = {}
    for address, device in await reader.execute(query.where(device_addresses.c.device_id.in_(ids))):
        found.setdefault(address, set()).add(device)
    return {address: have.pop() for address, have in found.items() if len(have) == 1}
