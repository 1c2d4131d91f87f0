"""Stores what is set aside and what devices said of themselves, each in its own transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from app.storage import device_events, quarantine
from app.storage.engine import Database, Writer
from app.storage.errors import DatabaseUnavailable
from app.storage.types import from_us
from ingest.errors import StorageUnavailable
from ingest.intake import Keep, Quarantine
from ingest.message import Said

Given = TypeVar("Given")


def quarantine_in(database: Database) -> Quarantine:
    """Keeps messages that cannot be read. It raises StorageUnavailable."""
    return _alone(database, quarantine.keep)


def keep_in(database: Database, now_us: Callable[[], int]) -> Keep:
    """Keeps what devices say of themselves. It raises StorageUnavailable."""

    async def keep(writer: Writer, said: Sequence[Said]) -> None:
        await device_events.keep(writer, said, from_us(now_us()))

    return _alone(database, keep)


def _alone(
    database: Database, store: Callable[[Writer, Given], Awaitable[None]]
) -> Callable[[Given], Awaitable[None]]:
    """Stores in a transaction of its own; raises StorageUnavailable."""

    async def stored(given: Given) -> None:
        try:
            async with database.write() as writer:
                await store(writer, given)
        except DatabaseUnavailable as exc:
            raise StorageUnavailable(str(exc)) from exc

    async def shielded(given: Given) -> None:
        # Who waits may give up; to break off a transaction that hangs could take as long again.
        await asyncio.shield(stored(given))

    return shielded
