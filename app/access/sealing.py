"""The chain of seals over the audit log: each seal's hash is over the one before and its entries.

Whoever knows one seal's number and hash finds whatever is changed before it. `docs/audit.md` has
the recipe for those who check the log by other means than ours.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

BEGINNING: Final = bytes(32)
"""What stands for the hash before the first seal's."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as it is stored; its time in microseconds since the epoch.

    `details` is the JSON text as it stands there; `whose` ("officer", 7), ...
    """

    id: int
    time_us: int
    act: str
    who: str
    role: str
    authority: str
    origin: str
    what: str
    details: str
    reason: str | None
    rows: int | None
    whose: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal over the entries from `first` to `last`, by their ids; made at `sealed_us`."""

    id: int
    first: int
    last: int
    entries: int
    sealed_us: int


def seal_hash(before: bytes, seal: Seal, entries: Iterable[Sealed]) -> bytes:
    """The SHA-256 of a seal: over the hash before, a line of the seal and one for each entry.

    A line is a JSON array in canonical form (RFC 8785), in UTF-8, and a line feed.
    """
    found = hashlib.sha256(before)
    found.update(_line([seal.id, seal.first, seal.last, seal.entries, seal.sealed_us]))
    for one in entries:
        whose = sorted(f"{kind} {ref}" for kind, ref in one.whose)
        asked = [one.what, one.details, one.reason, one.rows, whose]
        by = [one.act, one.who, one.role, one.authority, one.origin]
        found.update(_line([one.id, one.time_us, *by, *asked]))
    return found.digest()


def _line(values: Sequence[object]) -> bytes:
    # For arrays of texts, integers and nulls, this is what RFC 8785 asks for.
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def fault(seal: Seal, kept: bytes, before: bytes, entries: Sequence[Sealed]) -> str | None:
    """What is wrong with a seal, whose hash is kept, or with its entries; None: all is as it was.

    `before` is the hash of the seal before it, `entries` all with ids past that one's last, up to
    its own.
    """
    if seal_hash(before, seal, entries) == kept:
        return None
    there = f"{len(entries)} are there"
    if len(entries) < seal.entries:
        return f"entries are missing: it is over {seal.entries}, and {there}"
    if len(entries) > seal.entries:
        return f"entries were inserted: it is over {seal.entries}, and {there}"
    return "an entry was altered, or the seal itself, or entries were put into another order"
