"""An end to connections whose requests do not get on, for which uvicorn would wait for ever.

How long a body may take, and how large it may be, is the doors' business. But before a request's
head is complete, and after it was answered without its body, nobody else looks at a connection.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 1 << 16
"""Of a request's line and headers, which uvicorn keeps however many come."""


class PatientProtocol(HttpToolsProtocol):
    """A connection that knows since when it waits for what nobody else has an eye on.

    `waits_since` is a moment of the loop's clock; None where it does not wait, or a request is
    being worked on.
    """

    waits_since: float | None = None
    _head_bytes: int | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self.waits_since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_bytes is not None and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.waits_since, self._head_bytes = self.loop.time(), 0

    def on_headers_complete(self) -> None:
        self.waits_since = self._head_bytes = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        # After a body that came in spite of its answer there is no request to work on.
        self.waits_since = self.loop.time() if self.cycle.response_complete else None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self.waits_since = self.loop.time()


def end_overdue(connections: Iterable[asyncio.Protocol], before: float) -> None:
    """Break off the connections that have been waiting since `before` that moment."""
    for connection in list(connections):
        if isinstance(connection, PatientProtocol):
            since = connection.waits_since
            if since is not None and since < before:
                connection.transport.abort()
