"""An end to connections whose requests do not get on, for which uvicorn would wait for ever.

How long a body may take, and how large it may be, is the doors' business. But before a request's
head is complete, and after it was answered without its body, nobody else looks at a connection.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.guard import ALWAYS, household
from ingest.rates import Rates

Network = IPv4Network | IPv6Network
_LOG: Final = logging.getLogger(__name__)

MAX_HEAD_BYTES: Final = 1 << 16
"""Of a request's line and headers, which uvicorn keeps however many come."""


def _ended(status: str, title: str, detail: str, *headers: str) -> bytes:
    """A whole answer, for those who do not get as far as the application."""
    body = json.dumps(
        {"type": "about:blank", "title": title, "status": int(status[:3]), "detail": detail}
    )
    lines = (
        f"HTTP/1.1 {status}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        "connection: close",
        *(f"{name.decode()}: {value.decode()}" for name, value in ALWAYS),
        *headers,
    )
    return "\r\n".join((*lines, "", body)).encode()


_FULL: Final = _ended(
    "503 Service Unavailable",
    "Busy",
    "as many connections are open as there may be",
    "retry-after: 5",
)


class Crowd:
    """The connections that are open, `most` of all and `of_one` party, proxies excepted.

    `words`: how often the log says that there was no room.
    """

    def __init__(
        self, most: int, of_one: int, words: Rates, proxies: Sequence[Network] = ()
    ) -> None:
        self._most = most
        self._of_one = of_one
        self._words = words
        self._proxies = tuple(proxies)
        self._open: Counter[str] = Counter()
        self._all = 0

    def enter(self, address: str) -> bool:
        """Counts one more connection, if there is room for it."""
        party = household(address)
        if not self._has_room(party, address):
            if not self._words.take(""):
                text = "no room for more connections, such as one of %.50r: %d are open"
                _LOG.warning(text, party, self._all)
            return False
        self._open[party] += 1
        self._all += 1
        return True

    def leave(self, address: str) -> None:
        """Counts one out that had room."""
        party = household(address)
        self._all -= 1
        self._open[party] -= 1
        if not self._open[party]:
            del self._open[party]

    def _has_room(self, party: str, address: str) -> bool:
        if self._all >= self._most:
            return False
        return self._open[party] < self._of_one or self._is_proxy(address)

    def _is_proxy(self, address: str) -> bool:
        return any(ip_address(address) in network for network in self._proxies)


class PatientProtocol(HttpToolsProtocol):
    """A connection that knows since when it waits for what nobody else has an eye on.

    `waits_since` is a moment of the loop's clock; None where it does not wait, or a request is
    being worked on.
    """

    waits_since: float | None = None
    _head_bytes: int | None = None
    _counted: str | None = None

    def __init__(self, *, crowd: Crowd, **given: Any) -> None:  # noqa: ANN401 -- uvicorn's own
        super().__init__(**given)
        self._crowd = crowd

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self.waits_since = self.loop.time()
        address = self.client[0] if self.client else ""
        if self._crowd.enter(address):
            self._counted = address
        else:
            transport.write(_FULL)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._counted is not None:
            self._crowd.leave(self._counted)
            self._counted = None
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self.transport.write(_ended("400 Bad Request", "Unreadable", msg))
        self.transport.close()

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
