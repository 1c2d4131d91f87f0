"""The days of the table of fixes, each a partition of its own on PostgreSQL."""

import datetime as dt

import sqlalchemy as sa

from app.storage.engine import Database
from app.storage.types import EPOCH

# Enough that a week without the service leaves no day without its partition.
DAYS_AHEAD = 7

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
    lock the table. Older days always do.
    """
    if database.dialect == "sqlite":
        return []
    made = []
    async with database.write() as writer:
        existing = set((await writer.execute(_EXISTING)).scalars())
        for ahead in range(DAYS_AHEAD + 1):
            start = _midnight(today) + dt.timedelta(days=ahead)
            end = start + dt.timedelta(days=1)
            name = f"fixes_{start:%Y%m%d}"
            if name in existing:
                continue
            span = {"start": start, "end": end}
            if (await writer.execute(_IN_DEFAULT, span)).scalar():
                continue
            await writer.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
            await writer.exec_driver_sql(
                f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF fixes "
                f"FOR VALUES FROM ('{start:%Y-%m-%d}T00:00Z') TO ('{end:%Y-%m-%d}T00:00Z')"
            )
            made.append(name)
    return made


def _midnight(day: dt.date) -> dt.datetime:
    return EPOCH + dt.timedelta(days=(day - EPOCH.date()).days)
