"""Writes tables whose rows come from the event loop, in a thread, so that it holds nobody up."""

import asyncio
from collections.abc import Iterator
from queue import SimpleQueue
from typing import IO

import polars as pl

from app.reports.formats import Form
from app.reports.table import Batch, Export
from app.storage.exports import BLOCK


class Unwritable(Exception):
    """The file does not take it: its text says why."""


class _Stopped(Exception):
    """The rest does not come."""


async def write(export: Export, form: Form, file: IO[bytes]) -> int:
    """Writes an export whole, rows fetched while others are written; gives how many.

    Raises Unwritable, and whatever the batches do. Who cancels it waits until nothing more is
    written, which takes no longer than BLOCK rows do.
    """
    loop, room = asyncio.get_running_loop(), asyncio.Semaphore()
    ready = SimpleQueue[Batch | None]()
    stopped = False

    def batches() -> Iterator[Batch]:
        while (batch := ready.get()) is not None and not stopped:
            loop.call_soon_threadsafe(room.release)
            yield batch
        if stopped:
            raise _Stopped

    writing = asyncio.create_task(
        asyncio.to_thread(form.write, export.heading, batches(), file), name="write"
    )
    # Who waits for room need not when nothing is written any more.
    writing.add_done_callback(lambda _: room.release())
    try:
        rows = await _fetch(export, room, ready, writing)
    except BaseException:
        stopped = True
        raise
    finally:
        ready.put(None)
        await asyncio.wait([writing])
        failed = writing.exception()
    if isinstance(failed, OSError | pl.exceptions.PolarsError):
        # Not as such: where a database is read it would pass for the database's.
        reason = getattr(failed, "strerror", None) or str(failed)
        raise Unwritable(reason) from failed
    if failed is not None:
        raise failed
    return rows


async def _fetch(
    export: Export,
    room: asyncio.Semaphore,
    ready: "SimpleQueue[Batch | None]",
    writing: asyncio.Task[None],
) -> int:
    rows = 0
    await room.acquire()
    async for batch in export.batches:
        # However many rows come at once: what is made of each part holds the interpreter.
        for part in batch.iter_slices(BLOCK):
            rows += len(part)
            ready.put(part)
            await room.acquire()
            if writing.done():
                return rows
    return rows
