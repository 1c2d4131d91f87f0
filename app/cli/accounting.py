"""What the audit log says of a command: who ran it on this machine, and what they asked for."""

import os
import pwd
import time
from dataclasses import replace
from typing import Final

from app.access.audit import LOOKS, Act, Entry, Whose
from app.access.viewer import OPERATOR
from app.storage import audit
from app.storage.audit_names import Named, together
from app.storage.audit_names import whose as whose_of
from app.storage.engine import Database, Writer
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


def _named(entry: Entry) -> Named:
    def one(name: str) -> frozenset[str]:
        return frozenset({entry.details[name]} if name in entry.details else ())

    return Named(officers=one("officer"), teams=one("team"), devices=one("device"))


async def accounted(database: Database, entry: Entry) -> Database:
    """The database for a command, of which the log tells.

    A look is told of before it is taken; a change with the first that is written of it, in the same
    transaction. Raises DatabaseUnavailable.
    """
    left = [entry]

    async def last(writer: Writer) -> None:
        # Not the service's clock, which would bring all of the service along.
        now = from_us(time.time_ns() // 1_000)  # noqa: TID251 -- once, here
        if left:
            whose = together(entry.whose, await whose_of(writer, _named(entry)))
            await audit.write(writer, [replace(left.pop(), whose=whose)], now)

    told = database.ending(last)
    if entry.act in LOOKS:
        async with told.write():
            pass
    return told
