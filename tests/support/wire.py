"""A stretch of network between two programs on this machine, that can be torn, held and slowed."""

import asyncio
import socket
import struct
import threading
import time
from asyncio import StreamReader, StreamWriter
from typing import Self

CHUNK = 1 << 16
# As a machine answers that has forgotten the connection: closing sends a reset.
RESET = struct.pack("ii", 1, 0)


class Wire:
    """Listens on a port of its own and carries all bytes to `target` and back, in a thread."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.delay_s = 0.0
        self._held = False
        self._torn = False
        self._ends: set[StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="wire")
        self._listening = threading.Event()
        self._closing = asyncio.Event()

    def tear(self, within_s: float = 1.0) -> None:
        """Resets every connection, one of them in the middle of what it carries; lets none in.

        Where nothing is carried for `within_s` they are reset all the same.
        """
        self._torn = True
        deadline = time.monotonic() + within_s
        while self._ends and time.monotonic() < deadline:
            time.sleep(0.005)
        self._loop.call_soon_threadsafe(self._reset)

    def hold(self) -> None:
        """Lets connections stand, and new ones in, and carries nothing."""
        self._held = True

    def mend(self) -> None:
        """Carries all again, what was held back first."""
        self._torn = self._held = False

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._closing.wait()
        server.close()
        self._reset()
        while self._ends:  # noqa: ASYNC110 (their tasks take them out)
            await asyncio.sleep(0.01)

    async def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carries one connection both ways until either side ends it."""
        self._ends.add(writer)
        other = None
        try:
            if not self._torn:
                there, other = await asyncio.open_connection("127.0.0.1", self.target)
                self._ends.add(other)
                ways = [self._carry(reader, other), self._carry(there, writer)]
                tasks = [asyncio.create_task(way) for way in ways]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass  # nobody listens there: whoever connects to us is turned away
        finally:
            for end in (writer, other):
                if end is not None:
                    end.close()
                    self._ends.discard(end)

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await asyncio.sleep(self.delay_s)
            while self._held:  # noqa: ASYNC110 (another thread sets it)
                await asyncio.sleep(0.02)
            if self._torn:
                writer.write(data[: len(data) // 2])
                await writer.drain()
                await asyncio.sleep(0.01)  # what was carried is to arrive before the reset
                self._reset()
                return
            writer.write(data)
            await writer.drain()

    def _reset(self) -> None:
        for end in self._ends:
            _abort(end)


def _abort(writer: StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
