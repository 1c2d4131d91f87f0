"""Dry runs: all of a transaction is done, and then undone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.storage.engine import Database, Writer


class _Undone(Exception):
    """Ends the transaction of a dry run."""


@asynccontextmanager
async def writing(database: Database, *, dry_run: bool) -> AsyncIterator[Writer]:
    """One transaction, committed when the block ends; undone then in a dry run."""
    with suppress(_Undone):
        async with database.write() as writer:
            yield writer
            if dry_run:
                raise _Undone
