"""What the audit log says of a command: who ran it on this machine, and what they asked for."""

import os
import pwd
from dataclasses import replace
from typing import Final

from app.access.audit import LOOKS, Act, Entry, Whose
from app.access.viewer import OPERATOR
from app.clock import system_clock
from app.storage import audit
from app.storage.audit_names import Named, find, together
from app.storage.engine import Database, Reader, Writer
from app.storage.types import from_us

ORIGIN: Final = "command line"


def ran(act: Act, what: str, whose: Whose | None = None, /, **details: object) -> Entry:
    """The entry of a command; details that are None were not given."""
    said = {name: str(value) for name, value in details.items() if value is not None}
    by = _user(), OPERATOR.role, "", ORIGIN
    return Entry(act, *by, f"beatkeeper {what}", said, whose or Whose())


def _user() -> str:
    """Whose process it is, by the system: what the environment says, anybody could."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


async def _by_ids(reader: Reader, entry: Entry) -> Entry:
    """The entry with ids of whom its details name, in place of the names."""

    def one(name: str) -> frozenset[str]:
        return frozenset({entry.details[name]} if name in entry.details else ())

    named = Named(officers=one("officer"), teams=one("team"), devices=one("device"))
    found = await find(reader, named)
    known = {"officer": found.names.officers, "team": found.names.teams}
    known["device"] = found.names.devices
    details = {
        name: said for name, said in entry.details.items() if said not in known.get(name, ())
    }
    return replace(entry, details=details, whose=together(entry.whose, found.whose))


async def accounted(database: Database, entry: Entry) -> Database:
    """The database for a command, of which the log tells.

    A look is told of before it is taken; a change with the first that is written of it, in the same
    transaction. Raises DatabaseUnavailable.
    """
    left = [entry]

    async def last(writer: Writer) -> None:
        now = from_us(system_clock())
        entries = [await _by_ids(writer, one) for one in left]
        await audit.write(writer, entries, now)

    # Not before that: what is tried again is told of as well.
    told = database.ending(last, left.clear)
    if entry.act in LOOKS:
        async with told.write():
            pass
    return told
