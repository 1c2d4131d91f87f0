"""The days of the table of fixes, each a partition of its own on PostgreSQL."""

import datetime as dt

import sqlalchemy as sa

from app.storage.engine import Database, Reader, Writer
from app.storage.types import EPOCH

# Enough that a week without the service leaves no day without its partition.
DAYS_AHEAD = 7
_FIRST = "fixes_0"  # of the names of days: that of the default one comes after them all

_EXISTING = sa.text("""
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'fixes'::regclass
""")
_IN_DEFAULT = sa.text(
    "SELECT EXISTS (SELECT FROM fixes_default WHERE time >= :start AND time < :end)"
)


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
    start = _midnight(day)
    end = start + dt.timedelta(days=1)
    async with database.write() as writer:
        if (await writer.execute(_IN_DEFAULT, {"start": start, "end": end})).scalar():
            return False
        await writer.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
        await writer.exec_driver_sql(
            f"CREATE TABLE IF NOT EXISTS {name(day)} PARTITION OF fixes "
            f"FOR VALUES FROM ('{start:%Y-%m-%d}T00:00Z') TO ('{end:%Y-%m-%d}T00:00Z')"
        )
    return True


def name(day: dt.date) -> str:
    """The name of a day's partition."""
    return f"fixes_{day:%Y%m%d}"


def _midnight(day: dt.date) -> dt.datetime:
    return EPOCH + dt.timedelta(days=(day - EPOCH.date()).days)


async def drop_one(writer: Writer, before: dt.date) -> int | None:
    """Drops the oldest partition of days before one; how many fixes it had, None: there is none.

    Raises DatabaseUnavailable where a long read of the table is in the way: then it can wait.
    """
    if writer.dialect.name == "sqlite":
        return None
    days = [one for one in await existing(writer) if _FIRST <= one < name(before)]
    if not days:
        return None
    oldest = min(days)
    count = await writer.scalar(sa.text(f"SELECT count(*) FROM {oldest}"))  # noqa: S608 -- a name of our own
    # Whoever reads or stores fixes meanwhile waits no longer than that.
    await writer.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
    await writer.exec_driver_sql(f"DROP TABLE {oldest}")
    return int(count or 0)
