"""Tables on their way to a client: written to a file at their own speed, read from it at his.

So a slow client holds up neither the database nor anybody's memory. Whoever does not get the whole
table sees that: the connection breaks.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from tempfile import TemporaryFile
from typing import IO, Final

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.api.errors import Busy
from app.api.state import database_of
from app.reports.formats import FORMS, Form, Format
from app.reports.table import Export
from app.reports.writing import write
from app.storage.engine import Database, Reader
from app.storage.exports import reading

MOST_MADE: Final = 2
"""At once, of one process: each takes a connection and a thread."""
MOST_KEPT: Final = 8
"""Made or being made, of one process: each takes room for a file until its client has it all."""
CHUNK_BYTES: Final = 1 << 18
LOOK_EVERY_S: Final = 0.02
# A client who takes less than a chunk in so long has gone without a word.
SLOWEST_S: Final = 60.0

Open = Callable[[Reader], Awaitable[Export]]


class Outgoing(StreamingResponse):
    """A table that is being made, for those who take it: who does not is cut off."""

    def __init__(
        self, parts: AsyncGenerator[bytes], form: Form, name: str, held: AsyncExitStack
    ) -> None:
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        super().__init__(parts, headers=headers, media_type=form.media_type)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends all of it, and ends what makes it where nobody takes it any more."""
        async with self._held:
            await super().__call__(scope, receive, send)

    async def unmake(self) -> None:
        """Ends what makes it, where it is not to be sent at all."""
        await self._held.aclose()

    async def stream_response(self, send: Send) -> None:
        """Sends, and gives up where that takes too long: the server then closes the connection."""

        async def timed(message: Message) -> None:
            async with asyncio.timeout(SLOWEST_S):
                await send(message)

        # Of sending alone: those of the database come as DatabaseUnavailable.
        with suppress(TimeoutError):
            await super().stream_response(timed)


async def outgoing(request: Request, format_: Format, name: str, open_: Open) -> Outgoing:
    """The answer with a whole table, by what `open_` gives, once the first rows of it are there.

    Raises Busy, and whatever `open_` does.
    """
    form = FORMS[format_]
    async with AsyncExitStack() as held:
        held.callback(_enter(request, "tables_kept", MOST_KEPT, "wait for those who take them"))
        file = held.enter_context(TemporaryFile(prefix="beatkeeper-"))  # noqa: SIM115 -- it is one
        begun = asyncio.Event()
        made = _enter(request, "tables_made", MOST_MADE, "are being made")
        making = asyncio.create_task(
            _make(database_of(request), open_, form, file, begun), name="export"
        )
        held.push_async_callback(_end, making)
        making.add_done_callback(lambda _: made())
        making.add_done_callback(lambda _: begun.set())
        await begun.wait()
        if making.done():
            making.result()
        return Outgoing(_followed(file, making, form), form, f"{name}.{format_}", held.pop_all())


def _enter(request: Request, count: str, most: int, what: str) -> Callable[[], None]:
    """Counts one more table by that name; gives what counts it out again. Raises Busy."""
    state = request.app.state
    before = getattr(state, count, 0)
    if before >= most:
        msg = f"{most} tables {what} already: ask again in a little while"
        raise Busy(msg)
    setattr(state, count, before + 1)

    def leave() -> None:
        setattr(state, count, getattr(state, count) - 1)

    return leave


async def _make(
    database: Database, open_: Open, form: Form, file: IO[bytes], begun: asyncio.Event
) -> None:
    async with reading(database) as reader:
        export = await open_(reader)
        begun.set()
        await write(export, form, file)
    await asyncio.to_thread(file.flush)


async def _end(making: asyncio.Task[None]) -> None:
    making.cancel()
    await asyncio.wait([making])
    if not making.cancelled():
        making.exception()  # nobody takes the table, so nobody is told


async def _followed(
    file: IO[bytes], making: asyncio.Task[None], form: Form
) -> AsyncGenerator[bytes]:
    """What is in a file, as it comes to be there, until it is whole. Raises what kept it from that.

    Of a form that does not grow nothing is read before the end.
    """
    position, whole = 0, False
    while not whole:
        await asyncio.wait([making], timeout=LOOK_EVERY_S)
        whole = making.done()
        if whole:
            making.result()
        while (whole or form.grows) and (
            part := await asyncio.to_thread(os.pread, file.fileno(), CHUNK_BYTES, position)
        ):
            position += len(part)
            yield part
