"""Checks the audit log against its seals, and says where it was first tampered with."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.access.sealing import Sealed, fault
from app.storage import audit_seals
from app.storage.audit_seals import NONE, Expiry, Kept
from app.storage.engine import Database, Reader
from app.storage.types import from_us

# Read at once: seals, and entries under them.
_SEALS_AT_ONCE: Final = 200
_ENTRIES_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """A seal to begin with, and its hash where somebody has kept that elsewhere."""

    id: int = 1
    hash: bytes | None = None


@dataclass(slots=True)
class Verdict:
    """What a check has found: the newest seal, and the first broken place, if there is one.

    `seals` were checked; `expired` of them have no entries any more, as `expiries` say, which the
    log itself has. `unsealed` entries wait for a seal.
    """

    head: Kept
    seals: int = 0
    expired: int = 0
    unsealed: int = 0
    broken: str | None = None
    expiries: Sequence[Expiry] = field(default_factory=list)


async def verify(database: Database, begin: Known | None = None) -> Verdict:
    """Checks the seals from one on, and that they follow each other without a gap.

    Raises DatabaseUnavailable.
    """
    async with database.read() as reader:
        found = Verdict(await audit_seals.head(reader))
        found.expiries = await audit_seals.expiries(reader)
        found.broken = await _first_fault(reader, begin or Known(), found)
        found.unsealed = await audit_seals.unsealed(reader, found.head.seal.last)
    return found


async def _first_fault(reader: Reader, begin: Known, found: Verdict) -> str | None:
    before = NONE
    if begin.id > 1:
        ahead = await audit_seals.after(reader, begin.id - 2, 1)
        if not ahead or ahead[0].seal.id != begin.id - 1:
            return _missing(begin.id - 1)
        before = ahead[0]
    async for kept, entries in _walk(reader, before):
        gone = not entries and any(one.took(kept.seal) for one in found.expiries)
        wrong = _wrong(kept, before, entries, begin, gone=gone)
        if wrong is not None:
            return wrong
        found.seals += 1
        found.expired += gone
        before = kept
    if before.seal.id < begin.id and (begin.id > 1 or begin.hash is not None):
        return f"{_missing(begin.id)}: the end of the log was cut off"
    return None


async def _walk(reader: Reader, before: Kept) -> AsyncIterator[tuple[Kept, Sequence[Sealed]]]:
    """Each seal past one, with the entries that are past the seal before it."""
    while ahead := await audit_seals.after(reader, before.seal.id, _SEALS_AT_ONCE):
        chosen = audit_seals.some(ahead, _ENTRIES_AT_ONCE)
        last = max(one.seal.last for one in chosen)
        entries = await audit_seals.entries(reader, before.seal.last, last)
        begin = 0
        for kept in chosen:
            end = bisect_right(entries, kept.seal.last, lo=begin, key=lambda one: one.id)
            yield kept, entries[begin:end]
            begin = end
        before = chosen[-1]


def _wrong(
    kept: Kept, before: Kept, entries: Sequence[Sealed], begin: Known, *, gone: bool
) -> str | None:
    seal = kept.seal
    if seal.id != before.seal.id + 1:
        return _missing(before.seal.id + 1)
    if seal.id == begin.id and begin.hash is not None and begin.hash != kept.hash:
        return f"seal {seal.id} is not the one that was kept elsewhere: the log was written anew"
    wrong = None if gone else fault(seal, kept.hash, before.hash, entries)
    if wrong is None:
        return None
    made = from_us(seal.sealed_us).isoformat(timespec="seconds")
    return f"seal {seal.id}, of the entries {seal.first} to {seal.last}, made {made}: {wrong}"


def _missing(id_: int) -> str:
    return f"seal {id_} is missing"
