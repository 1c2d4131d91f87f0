"""Has what was erased leave SQLite's log of writes, too, as soon as nobody reads from there."""

import datetime as dt
from typing import Final

from app.storage import chores
from app.storage.engine import Database, Writer
from app.storage.errors import DatabaseUnavailable

NAME: Final = "emptying the write-ahead log"
STILL: Final = "what was erased, in SQLite's write-ahead log, until nobody reads from there"


async def ask(writer: Writer, now: dt.datetime) -> None:
    """Notes, in the transaction of an erasure, that the log is to be emptied."""
    if writer.dialect.name == "sqlite":
        await chores.begin(writer, NAME, now)
        await chores.end(writer, NAME, f"there still is {STILL}", None)


async def settle(database: Database) -> bool:
    """Empties the log where that was asked for; False: it stays, and is to be tried again."""
    try:
        async with database.read() as reader:
            begun = await chores.begun(reader, NAME)
        if begun is None:
            return True
        if not await database.empty_log():
            return False
        async with database.write() as writer:
            await chores.forget(writer, NAME, begun)
    except DatabaseUnavailable:
        return False
    return True
