"""Sees if the database is there, of our schema, safe, with room, and of the same time as we."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.doctor.finding import Finding, Status
from app.storage import condition, migrate
from app.storage.condition import Condition
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable, SchemaMismatch

CHECK: Final = "database"
SCHEMA: Final = "schema"
GIGABYTE: Final = 10**9
LITTLE_ROOM: Final = 2 * GIGABYTE
NO_ROOM: Final = GIGABYTE // 10
_APART_S: Final = 1.0
_FAR_APART_S: Final = 60.0
# What makes a commit that was acknowledged survive a power cut, and which words say that it will.
_SAFE: Final = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_apply", "remote_write", "local"},
}


def check_file(file: Path) -> list[Finding]:
    """What a SQLite database's file says before it is opened: that would make one."""
    if file.exists():
        return [check_disk(file.parent, "the database")]
    says = f"There is no database file {file}."
    return [Finding(CHECK, Status.BROKEN, says, "Make it: `beatkeeper migrate`, or `serve`.")]


async def check_database(database: Database, now: Callable[[], dt.datetime]) -> list[Finding]:
    """Whether it answers, its schema, durability and clock; nothing else can be asked if broken."""
    try:
        schema = await _schema(database)
        async with database.read() as reader:
            before = now()
            found = await condition.condition(reader)
            apart_s = _apart_s(found, before, now())
            current = schema.status is Status.OK
            dated = not current or await condition.has_partition(reader, before.date())
    except DatabaseUnavailable as exc:
        says = f"The database cannot be used: {exc}."
        do = "See that it runs, and that address, user and password are right."
        return [Finding(CHECK, Status.BROKEN, says, do)]
    reached = Finding(CHECK, Status.OK, f"The database answers: {_version(found)}.")
    undated = [] if dated else [_no_partition(before.date())]
    return [reached, schema, *_durability(found), *_clock(apart_s), *undated]


async def _schema(database: Database) -> Finding:
    try:
        if await migrate.is_current(database):
            return Finding(SCHEMA, Status.OK, "Its schema is this version's.")
    except SchemaMismatch as exc:
        return Finding(SCHEMA, Status.BROKEN, f"{_sentence(str(exc))}.", "Run that version.")
    says = "The database has not the schema of this version."
    return Finding(SCHEMA, Status.BROKEN, says, "Run `beatkeeper migrate` on it.")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _version(found: Condition) -> str:
    if found.durable is None:
        return f"SQLite {found.version}"
    return f"PostgreSQL {found.version.split()[0]}, PostGIS {found.postgis or 'missing'}"


def _durability(found: Condition) -> list[Finding]:
    """Whether an acknowledged fix outlives a power cut; of SQLite we see to that ourselves."""
    settings = found.durable or {}
    unsafe = [name for name, value in settings.items() if value not in _SAFE[name]]
    if not unsafe:
        return [Finding("durability", Status.OK, "A commit outlives a power cut.")]
    return [
        Finding(
            "durability",
            Status.BROKEN,
            f"{name} is {settings[name]}: a power cut may take fixes that were acknowledged.",
            f"Set `{name} = on` in postgresql.conf and reload it.",
        )
        for name in unsafe
    ]


def _apart_s(found: Condition, before: dt.datetime, after: dt.datetime) -> float | None:
    """How far the server's clock is ahead of ours; None: it is ours."""
    if found.now is None:
        return None
    return (found.now - before - (after - before) / 2).total_seconds()


def _clock(apart_s: float | None) -> list[Finding]:
    if apart_s is None:
        return []
    if abs(apart_s) <= _APART_S:
        return [Finding("time", Status.OK, "The database server's clock agrees with this one's.")]
    status = Status.BROKEN if abs(apart_s) > _FAR_APART_S else Status.LOOK
    side = "ahead of" if apart_s > 0 else "behind"
    says = f"The database server's clock is {abs(apart_s):.0f} s {side} this machine's."
    return [Finding("time", status, says, "Run an NTP client (chrony) on both.")]


def check_disk(folder: Path, whose: str) -> Finding:
    """Whether there is room on the disk of a folder that is there."""
    return room(shutil.disk_usage(folder).free, whose)


def room(free: int, whose: str) -> Finding:
    """Whether so many bytes are enough."""
    status = Status.OK
    if free < LITTLE_ROOM:
        status = Status.BROKEN if free < NO_ROOM else Status.LOOK
    says = f"The disk of {whose} has {free / GIGABYTE:.1f} GB free."
    do = "" if status is Status.OK else "Make room: a full disk stops all that comes in."
    return Finding("disk", status, says, do)


def _no_partition(day: dt.date) -> Finding:
    says = f"The fixes of {day} have no partition of their own: they cannot be dropped by the day."
    do = "Start the service, which makes it; if it runs, see its log for what is in the way."
    return Finding("partitions", Status.LOOK, says, do)
