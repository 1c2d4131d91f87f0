"""The audit log: entries are added, in the order of their commits, and never changed."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from app.access.audit import Entry, Whose
from app.access.viewer import SERVICE
from app.storage import bulk
from app.storage.engine import Writer
from app.storage.guarding import audit, audit_whose
from app.storage.types import storable

EVERYBODY: Final = "everybody"
OURSELVES: Final = (SERVICE.name, SERVICE.role, "", "the service")
"""Who it was where nobody asked: the entry's who, role, authority and origin."""

# Ids are given, and committed, by one transaction at a time, as those of events are: nothing comes
# before what is sealed already. It is the last lock that a transaction takes, after that of the
# events; the number is one that no other lock has.
_IDS_POSTGRES = sa.text("""
    WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(1702258031))
    SELECT nextval('audit_id_seq') FROM turn, generate_series(1, :entries)
""")
# SQLite has one writer.
_LAST_SQLITE = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'audit'")


async def write(writer: Writer, entries: Sequence[Entry], now: dt.datetime) -> None:
    """Adds entries, as the last thing that a transaction does: it then has its turn to commit."""
    if not entries:
        return
    numbered = list(zip(await _ids(writer, len(entries)), entries, strict=True))
    await bulk.insert(writer, audit, [_row(id_, entry, now) for id_, entry in numbered])
    whose = [
        {"audit_id": id_, "kind": kind, "ref": ref}
        for id_, entry in numbered
        for kind, ref in refs(entry.whose)
    ]
    await bulk.insert(writer, audit_whose, whose)


async def _ids(writer: Writer, entries: int) -> list[int]:
    if writer.dialect.name == "sqlite":
        last = await writer.scalar(_LAST_SQLITE) or 0
        return list(range(last + 1, last + 1 + entries))
    return list(await writer.scalars(_IDS_POSTGRES, {"entries": entries}))


def _row(id_: int, entry: Entry, now: dt.datetime) -> dict[str, object]:
    return {
        "id": id_,
        "time": now,
        "act": entry.act.value,
        "who": storable(entry.who),
        "role": entry.role,
        "authority": entry.authority,
        "origin": storable(entry.origin),
        "what": storable(entry.what),
        "details": storable(json.dumps(dict(entry.details), ensure_ascii=False, sort_keys=True)),
        "reason": None if entry.reason is None else storable(entry.reason),
        "rows": entry.rows,
    }


def refs(whose: Whose) -> Iterable[tuple[str, int]]:
    """Whose data it was, as the log keeps it: of what kind, and its id; 0 stands for everybody."""
    if whose.everybody:
        yield EVERYBODY, 0
    for kind, ids in (
        ("officer", whose.officers),
        ("team", whose.teams),
        ("device", whose.devices),
    ):
        yield from ((kind, id_) for id_ in sorted(ids))
