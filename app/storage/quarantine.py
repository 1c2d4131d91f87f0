"""Messages that could not be read, kept for a person to look at, and not for ever."""

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound
from app.storage.pages import Page, Slice
from app.storage.schema import device_addresses, devices, quarantine
from app.storage.types import from_us, storable
from ingest.message import Broken

# Bytes: enough to see what is wrong. Of a longer message the beginning is kept.
LONGEST_KEPT = 1 << 16
# Bytes: what a list shows of each, 500 characters if it is text at all.
BEGINNING = 2_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages are kept, and for how many days."""

    rows: int
    days: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A broken message as a list has it: `size` bytes are stored, `beginning` is the first few.

    `reason` says so where the end was not kept. Without the right to payloads `beginning` is None,
    and what a reason quotes of one is left out.
    """

    id: int
    received: dt.datetime
    format: str
    sender: str
    reason: str
    size: int
    beginning: bytes | None


async def keep(writer: Writer, broken: Broken) -> None:
    """Stores a broken message with its reason; there is none that a table would refuse."""
    reason, size = broken.reason, len(broken.payload)
    if size > LONGEST_KEPT:
        reason += f" (of its {size} bytes the first {LONGEST_KEPT} are kept)"
    await writer.execute(
        sa.insert(quarantine).values(
            received=from_us(broken.received_us),
            format=storable(broken.format),
            sender=storable(broken.origin),
            reason=storable(reason),
            payload=broken.payload[:LONGEST_KEPT],
            device_id=_device(broken),
        )
    )


def _device(broken: Broken) -> sa.ScalarSelect[int]:
    """Who sent it, if that is known: a device, a gateway, or whom the topic is about."""
    address = broken.address
    if address is not None and address.kind != "device":
        a = device_addresses.c
        of = a.kind == storable(address.kind), a.address == storable(address.value)
        return sa.select(a.device_id).where(*of).scalar_subquery()
    name = broken.origin if address is None else address.value
    return sa.select(devices.c.id).where(devices.c.name == storable(name)).scalar_subquery()


_LISTED = (
    *(quarantine.c[name] for name in ("id", "received", "format", "sender", "reason")),
    sa.func.length(quarantine.c.payload),
    # SQLite has no part of nothing.
    sa.func.coalesce(sa.func.substr(quarantine.c.payload, 1, BEGINNING), b""),
)


# As Python quotes a text. A reason that quotes one may quote a position.
_QUOTED: Final = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


def _without_payload(message: Quarantined) -> Quarantined:
    return replace(message, reason=_QUOTED.sub("'...'", message.reason), beginning=None)


async def page(
    reader: Reader, viewer: Viewer, part: Slice, *, format_: str | None, sender: str | None
) -> Page[Quarantined]:
    """Broken messages, the last that was stored first; those of a format or a sender alone."""
    viewer.require(Right.MANAGE_DEVICES)
    query = sa.select(*_LISTED).order_by(quarantine.c.id.desc()).limit(part.limit + 1)
    if part.after is not None:
        query = query.where(quarantine.c.id < part.after[0])
    if format_ is not None:
        query = query.where(quarantine.c.format == format_)
    if sender is not None:
        query = query.where(quarantine.c.sender == sender)
    rows = [Quarantined(*row) for row in await reader.execute(query)]
    if not viewer.permits(Right.READ_PAYLOADS):
        rows = [_without_payload(row) for row in rows]
    more, rows = len(rows) > part.limit, rows[: part.limit]
    return Page(rows, (rows[-1].id,) if more else None)


async def read(reader: Reader, viewer: Viewer, message_id: int) -> bytes:
    """The stored bytes of one broken message. Raises NotFound."""
    viewer.require(Right.READ_PAYLOADS)
    query = sa.select(quarantine.c.payload).where(quarantine.c.id == message_id)
    found: bytes | None = (await reader.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound(_missing(message_id))
    return found


async def delete(writer: Writer, viewer: Viewer, message_id: int) -> None:
    """Forgets one broken message. Raises NotFound."""
    viewer.require(Right.MANAGE_DEVICES)
    found = await writer.execute(sa.delete(quarantine).where(quarantine.c.id == message_id))
    if not found.rowcount:
        raise NotFound(_missing(message_id))


def _missing(message_id: int) -> str:
    return f"there is no message {message_id} in the quarantine"


async def expire(writer: Writer, now: dt.datetime, limits: Limits) -> int:
    """Drops what is older than the limits allow, and the oldest of what is too much; how many."""
    newest = sa.select(quarantine.c.id).order_by(quarantine.c.id.desc())
    first_too_many = newest.offset(limits.rows).limit(1).scalar_subquery()
    too_old = quarantine.c.received < now - dt.timedelta(days=limits.days)
    dropped = 0
    # Each alone finds its rows by an index.
    for which in (quarantine.c.id <= first_too_many, too_old):
        dropped += (await writer.execute(sa.delete(quarantine).where(which))).rowcount
    return dropped
