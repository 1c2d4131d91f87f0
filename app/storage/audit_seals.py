"""Seals over the audit log, and its entries as they are sealed."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Final

import sqlalchemy as sa

from app.access.audit import Act, Entry
from app.access.sealing import BEGINNING, Seal, Sealed
from app.storage import audit as log
from app.storage.engine import Reader, Writer
from app.storage.guarding import audit, audit_expiry, audit_seals, audit_whose
from app.storage.pages import unique
from app.storage.types import from_us, to_us

EXPIRED: Final = "audit log: expired"
"""What the log calls it that old entries were deleted: up to `_THROUGH` a seal, of those made
`_BEFORE` a moment.
"""
_THROUGH: Final = "through_seal"
_BEFORE: Final = "before"
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """A seal with its hash."""

    seal: Seal
    hash: bytes


@dataclass(frozen=True, slots=True)
class Expiry:
    """That old entries were deleted, as the log itself says it in an entry of its own.

    They were those under seals up to one, each made before a moment.
    """

    entry: int
    time: dt.datetime
    who: str
    reason: str | None
    entries: int
    through: int
    before: dt.datetime

    def took(self, seal: Seal) -> bool:
        """Whether the entries under a seal went by it."""
        old = from_us(seal.sealed_us) < self.before <= self.time
        return old and seal.id <= self.through


NONE: Final = Kept(Seal(0, first=0, last=-(2**63), entries=0, sealed_us=0), BEGINNING)
"""What stands before the first seal, past which is every entry."""


async def head(reader: Reader) -> Kept:
    """The newest seal; `NONE` where there is none."""
    found = await seals(reader, audit_seals.c.id.desc(), most=1)
    return found[0] if found else NONE


async def after(reader: Reader, id_: int, most: int) -> list[Kept]:
    """The first seals past one, in their order."""
    return await seals(reader, audit_seals.c.id, audit_seals.c.id > id_, most=most)


async def seals(
    reader: Reader,
    order: sa.ColumnElement[Any],
    *conditions: sa.ColumnElement[bool],
    most: int,
) -> list[Kept]:
    """Seals of some kind."""
    query = sa.select(audit_seals).where(*conditions).order_by(order).limit(most)
    return [
        Kept(Seal(row.id, row.first, row.last, row.entries, to_us(row.sealed)), bytes(row.hash))
        for row in await reader.execute(query)
    ]


async def entries(
    reader: Reader, past: int, last: int | None, most: int | None = None
) -> list[Sealed]:
    """Entries with ids past one, up to a last or the end, in their order."""
    chosen = sa.select(audit).where(audit.c.id > past).order_by(audit.c.id)
    if last is not None:
        chosen = chosen.where(audit.c.id <= last)
    rows = (await reader.execute(chosen.limit(most))).all()
    if not rows:
        return []
    whose = await _whose(reader, rows[0].id, rows[-1].id)
    return [
        Sealed(
            row.id,
            to_us(row.time),
            *(row.act, row.who, row.role, row.authority, row.origin, row.what),
            row.details,
            row.reason,
            row.rows,
            tuple(whose[row.id]),
        )
        for row in rows
    ]


async def _whose(reader: Reader, first: int, last: int) -> dict[int, list[tuple[str, int]]]:
    query = sa.select(audit_whose).where(audit_whose.c.audit_id.between(first, last))
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for row in await reader.execute(query):
        found[row.audit_id].append((row.kind, row.ref))
    return found


async def add(writer: Writer, kept: Kept) -> None:
    """Stores a seal. Raises Conflict where another process has made one of that number."""
    seal = kept.seal
    values = {
        "id": seal.id,
        "first": seal.first,
        "last": seal.last,
        "entries": seal.entries,
        "sealed": from_us(seal.sealed_us),
        "hash": kept.hash,
    }
    with unique(f"there is a seal {seal.id} already"):
        await writer.execute(sa.insert(audit_seals).values(values))


async def unsealed(reader: Reader, past: int) -> int:
    """How many entries there are past the last sealed one."""
    query = sa.select(sa.func.count()).select_from(audit).where(audit.c.id > past)
    return int(await reader.scalar(query) or 0)


async def expiries(reader: Reader) -> list[Expiry]:
    """What the log itself says of entries that were deleted for their age, in order."""
    query = sa.select(audit).where(audit.c.act == Act.ERASURE.value, audit.c.what == EXPIRED)
    found = []
    for row in await reader.execute(query.order_by(audit.c.id)):
        try:
            said = json.loads(row.details)
            through, before = int(said[_THROUGH]), dt.datetime.fromisoformat(said[_BEFORE])
        except (ValueError, TypeError, KeyError):
            continue  # nothing that we have written
        by = row.id, row.time, row.who, row.reason, row.rows or 0
        found.append(Expiry(*by, through, before))
    return found


async def may_expire(reader: Reader) -> bool:
    """Whether whoever asks may delete old entries: on PostgreSQL, the owner of the log alone."""
    if reader.dialect.name == "sqlite":
        return True
    asked = sa.text("SELECT has_table_privilege(current_user, 'audit', 'DELETE')")
    return bool(await reader.scalar(asked))


async def due(reader: Reader, before: dt.datetime) -> bool:
    """Whether there are entries under a seal that was made before then, but the newest."""
    oldest = await reader.scalar(sa.select(sa.func.min(audit.c.id)))
    before = min(before, from_us((await head(reader)).seal.sealed_us))
    return oldest is not None and bool(await _due(reader, before, oldest))


async def _due(reader: Reader, before: dt.datetime, oldest: int) -> list[Kept]:
    old = audit_seals.c.sealed < before, audit_seals.c.last >= oldest
    return await seals(reader, audit_seals.c.id, *old, most=_AT_ONCE)


async def expire(
    writer: Writer, before: dt.datetime, by: Entry, now: dt.datetime, most: int = 5_000
) -> int:
    """Deletes entries under the oldest seals that were made before then; says how many.

    Whole seals only, until they are so many entries; the seals stay, so that the chain still
    holds, and the newest keeps its entries. The log itself tells of it: `by` says who it was, and
    why. None are left once it says 0.
    """
    oldest = await writer.scalar(sa.select(sa.func.min(audit.c.id)))
    before = min(before, from_us((await head(writer)).seal.sealed_us))
    old = [] if oldest is None else await _due(writer, before, oldest)
    if not old:
        return 0
    seal = some(old, most)[-1].seal
    await _permit(writer, before, seal.last)
    await writer.execute(sa.delete(audit_whose).where(audit_whose.c.audit_id <= seal.last))
    gone = (await writer.execute(sa.delete(audit).where(audit.c.id <= seal.last))).rowcount
    if gone:
        said = {_THROUGH: str(seal.id), _BEFORE: before.isoformat()}
        entry = replace(by, act=Act.ERASURE, what=EXPIRED, details=said, rows=gone)
        await log.write(writer, [entry], now)
    return gone


def some(kept: Sequence[Kept], entries: int) -> Sequence[Kept]:
    """The first of some seals, until they are over so many entries; one at least."""
    totals = accumulate(one.seal.entries for one in kept)
    enough = (number for number, total in enumerate(totals, 1) if total >= entries)
    return kept[: next(enough, len(kept))]


async def _permit(writer: Writer, before: dt.datetime, through: int) -> None:
    """Tells the triggers up to which entry they let go."""
    await writer.execute(sa.delete(audit_expiry))
    await writer.execute(sa.insert(audit_expiry).values(id=1, before=before, through=through))
