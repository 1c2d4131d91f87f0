"""A receiver of webhooks on the loopback, which answers as a test wants it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Delivery(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """Answers each request with the next of `answers`, an HTTP status; then with 204.

    None is no answer at all, as long as the sender waits.
    """

    port: int = 0
    answers: list[int | None] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    come: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.deliveries]

    async def until(self, condition: Callable[[], object], within_s: float = 20.0) -> None:
        """Waits until deliveries make a condition true."""
        async with asyncio.timeout(within_s):
            while not condition():
                self.come.clear()
                await self.come.wait()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            lines = (line.partition(": ") for line in head[1:] if line)
            headers = {name.lower(): value for name, _, value in lines}
            body = await reader.readexactly(int(headers["content-length"]))
            self.deliveries.append(Delivery(head[0].split(" ")[1], headers, body))
            status = self.answers.pop(0) if self.answers else 204
            self.come.set()
            if status is None:
                await reader.read()
                self.gone.set()
                return
            elsewhere = f"Location: {self.url('/elsewhere')}\r\n" if 300 <= status < 400 else ""
            writer.write(f"HTTP/1.1 {status} So\r\n{elsewhere}Content-Length: 0\r\n\r\n".encode())
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
