"""Requests made beforehand and sent over some connections, each as soon as the last is answered."""

import asyncio
import time
from collections.abc import Iterator, Sequence

OK = b"HTTP/1.1 200"
END_OF_HEAD = b"\r\n\r\n"


def post(path: str, body: bytes, headers: str) -> bytes:
    """One request as it goes over the wire; each header ends with CR LF."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """Sends what is left of the requests one by one, and counts the answers."""

    def __init__(self, waiting: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self._waiting = waiting
        self._done = done
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(END_OF_HEAD)
        if not end or len(body) < _length(head):
            return
        if not self._answer.startswith(OK):
            self._fail(RuntimeError(self._answer.decode(errors="replace")))
            return
        self._answer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or RuntimeError("the server closed a connection"))

    def _next(self) -> None:
        request = next(self._waiting, None)
        if request is not None:
            self._transport.write(request)
        elif not self._done.done():
            self._done.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    return int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def send(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Seconds until all are answered with 200."""
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    start = time.perf_counter()
    done = [loop.create_future() for _ in range(connections)]
    opened = [
        await loop.create_connection(lambda one=one: _Connection(waiting, one), "127.0.0.1", port)
        for one in done
    ]
    await asyncio.gather(*done)
    seconds = time.perf_counter() - start
    for transport, _ in opened:
        transport.close()
    return seconds
