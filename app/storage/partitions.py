"""The days of the table of fixes, each a partition of its own on PostgreSQL."""

import datetime as dt

import sqlalchemy as sa

from app.storage.engine import Database, Reader, Writer

# Enough that a week without the service leaves no day without its partition.
DAYS_AHEAD = 7

_EXISTING = sa.text("""
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'fixes'::regclass
""")
# The owner's, who lets the service's role do no more than that.
_MAKE = sa.text("SELECT fixes_make_day(:day)")
_DROP = sa.text("SELECT fixes_drop_day(:before)")


async def make_ahead(database: Database, today: dt.date) -> list[str]:
    """Makes the partitions of today and the days ahead that are missing; names those it made.

    A day of which fixes already lie in the default partition stays there: moving them would
    lock the table. Older days always do. Raises DatabaseUnavailable where a long read of the
    table, such as a backup, is in the way: what is missing then can wait.
    """
    if database.dialect == "sqlite":
        return []
    async with database.read() as reader:
        there = await existing(reader)
    days = [today + dt.timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]
    missing = [day for day in days if name(day) not in there]
    return [name(day) for day in missing if await _make(database, day)]


async def existing(reader: Reader) -> set[str]:
    """The names of the partitions that there are, on PostgreSQL."""
    return set((await reader.execute(_EXISTING)).scalars())


async def _make(database: Database, day: dt.date) -> bool:
    """Makes one day's partition, in a transaction of its own: its lock stops all that store."""
    async with database.write() as writer:
        await writer.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
        return bool(await writer.scalar(_MAKE, {"day": day}))


def name(day: dt.date) -> str:
    """The name of a day's partition."""
    return f"fixes_{day:%Y%m%d}"


async def drop_one(writer: Writer, before: dt.date) -> int | None:
    """Drops the oldest partition of days before one; how many fixes it had, None: there is none.

    Raises DatabaseUnavailable where a long read of the table is in the way: then it can wait.
    """
    if writer.dialect.name == "sqlite":
        return None
    # Whoever reads or stores fixes meanwhile waits no longer than that.
    await writer.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
    count: int | None = await writer.scalar(_DROP, {"before": before})
    return count
