"""Checks the audit log against its seals, and says where it was first tampered with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.access.sealing import Sealed, fault
from app.storage import audit_seals
from app.storage.audit_seals import NONE, Kept
from app.storage.engine import Database, Reader
from app.storage.types import from_us

_SEALS_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Known:
    """A seal to begin with, and its hash where somebody has kept that elsewhere."""

    id: int = 1
    hash: bytes | None = None


@dataclass(slots=True)
class Verdict:
    """What a check has found: the newest seal, and the first broken place, if there is one.

    `seals` were checked; `expired` of them have no entries any more, as the log itself says.
    `unsealed` entries wait for a seal.
    """

    head: Kept
    seals: int = 0
    expired: int = 0
    unsealed: int = 0
    broken: str | None = None


async def verify(database: Database, begin: Known | None = None) -> Verdict:
    """Checks the seals from one on, and that they follow each other without a gap.

    Raises DatabaseUnavailable.
    """
    async with database.read() as reader:
        found = Verdict(await audit_seals.head(reader))
        found.broken = await _first_fault(reader, begin or Known(), found)
        found.unsealed = await audit_seals.unsealed(reader, found.head.seal.last)
    return found


async def _first_fault(reader: Reader, begin: Known, found: Verdict) -> str | None:
    expired = await audit_seals.expired(reader)
    before = NONE
    if begin.id > 1:
        ahead = await audit_seals.after(reader, begin.id - 2, 1)
        if not ahead or ahead[0].seal.id != begin.id - 1:
            return _missing(begin.id - 1)
        before = ahead[0]
    while chosen := await audit_seals.after(reader, before.seal.id, _SEALS_AT_ONCE):
        entries = await audit_seals.entries(reader, before.seal.last, chosen[-1].seal.last)
        for kept in chosen:
            mine = [one for one in entries if before.seal.last < one.id <= kept.seal.last]
            gone = not mine and kept.seal.id <= expired
            wrong = _wrong(kept, before, mine, begin, gone=gone)
            if wrong is not None:
                return wrong
            found.seals += 1
            found.expired += gone
            before = kept
    if before.seal.id < begin.id and (begin.id > 1 or begin.hash is not None):
        return f"{_missing(begin.id)}: the end of the log was cut off"
    return None


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
