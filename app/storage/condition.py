"""What a database says of itself: its version, what a commit is worth there, its clock."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.storage import partitions
from app.storage.engine import Reader

_POSTGRES = sa.text("""
SELECT current_setting('server_version') AS version,
  (SELECT extversion FROM pg_extension WHERE extname = 'postgis') AS postgis,
  current_setting('fsync') AS fsync,
  current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('full_page_writes') AS full_page_writes,
  clock_timestamp() AS now
""")
_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True, slots=True)
class Condition:
    """What there is to know of a server; SQLite, in our own process, has but a version.

    `durable` are the settings that a commit's survival hangs on, as they are for our connections.
    """

    version: str
    postgis: str | None = None
    durable: Mapping[str, str] | None = None
    now: dt.datetime | None = None


async def condition(reader: Reader) -> Condition:
    """Asks the database. Raises DatabaseUnavailable."""
    if reader.dialect.name == "sqlite":
        return Condition(str(await reader.scalar(sa.text("SELECT sqlite_version()"))))
    row = (await reader.execute(_POSTGRES)).one()
    durable = {name: str(getattr(row, name)) for name in _DURABLE}
    return Condition(row.version, row.postgis, durable, row.now)


async def has_partition(reader: Reader, day: dt.date) -> bool:
    """Whether a day's fixes have a partition of their own; SQLite knows none and needs none."""
    if reader.dialect.name == "sqlite":
        return True
    return partitions.name(day) in await partitions.existing(reader)
