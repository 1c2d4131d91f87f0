"""Fixes over MQTT: every message is acknowledged once it is stored or set aside, and not before."""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from ingest import topics
from ingest.broker import Broker
from ingest.decoders import DECODERS
from ingest.errors import DecodeError, StorageUnavailable, Unstorable
from ingest.intake import Intake
from ingest.message import Broken, Message
from ingest.mqtt import Arrival, Connection, Protocol
from ingest.sender import Identify

_LOG: Final = logging.getLogger(__name__)


class Consumer:
    """Takes in what devices publish; use as `async with`, or start() and stop().

    One process a `client_id`: the broker keeps a week of messages under that name while we are
    away. A message stays unacknowledged until it is stored or set aside, however long that takes.
    `now_us` reads the server's clock (microseconds UTC); `retry_s` is the first and the longest
    wait between attempts while storage is away.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        intake: Intake,
        identify: Identify,
        now_us: Callable[[], int],
        protocol: Protocol = "5",
        client_id: str = "beatkeeper-ingest",
        max_in_flight: int = 500,
        max_payload_bytes: int = 1 << 20,
        retry_s: tuple[float, float] = (0.5, 10.0),
        stop_grace_s: float = 5.0,
        ca_file: str | None = None,
    ) -> None:
        self._intake = intake
        self._identify = identify
        self._now_us = now_us
        self._max_payload_bytes = max_payload_bytes
        self._retry_s = retry_s
        self._stop_grace_s = stop_grace_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._storage_away = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection = Connection(
            broker,
            self._hand_over,
            protocol=protocol,
            client_id=client_id,
            max_in_flight=max_in_flight,
            ca_file=ca_file,
        )

    @property
    def connected(self) -> bool:
        """Tell whether the broker is there and sends us what is published."""
        return self._connection.connected

    @property
    def in_flight(self) -> int:
        """Give the number of messages that have come and are not yet stored or set aside."""
        return len(self._tasks)

    def start(self) -> None:
        """Begin to connect; a broker that is not there yet is no error."""
        self._loop = asyncio.get_running_loop()
        self._connection.open()

    async def stop(self) -> None:
        """Finish what is in hand, for a while, and disconnect; the broker keeps the rest."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._stop_grace_s)
        unfinished = list(self._tasks)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await asyncio.to_thread(self._connection.close)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _hand_over(self, arrival: Arrival) -> None:
        """Carry an arrival from paho's thread to the event loop."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin, arrival)

    def _begin(self, arrival: Arrival) -> None:
        if self._stopping:
            self._connection.done()
            return
        task = asyncio.create_task(self._see_through(arrival))
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._connection.done()

    async def _see_through(self, arrival: Arrival) -> None:
        """Try until the message is stored or set aside, then acknowledge it."""
        received_us = self._now_us()
        wait_s, longest_s = self._retry_s
        waited = False
        while not await self._tried(arrival, received_us):
            waited = True
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, longest_s)
        self._connection.acknowledge(arrival)
        # A message that needed no storage says nothing about it; one that waited for it does.
        if waited and self._storage_away:
            self._storage_away = False
            _LOG.warning("storage is back")

    async def _tried(self, arrival: Arrival, received_us: int) -> bool:
        """Take a message; False where it is neither stored nor set aside, logged once a time."""
        try:
            await self._take(arrival, received_us)
        except Exception as error:  # noqa: BLE001 (a message never ends without acknowledgement)
            if not self._storage_away:
                trace = None if isinstance(error, StorageUnavailable) else error
                _LOG.warning("storage is away, MQTT messages wait: %s", error, exc_info=trace)
            self._storage_away = True
            return False
        return True

    async def _take(self, arrival: Arrival, received_us: int) -> None:
        """Store a message or set it aside; raises whatever kept it from doing either."""
        if not arrival.payload:  # how a retained message is cleared
            return
        failure: Exception | None = None
        try:
            reason = await self._accept(arrival, received_us)
        except StorageUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 (supervises all messages)
            # Unacknowledged it would come back for ever and hold one of the places in flight.
            failure = error
            reason = f"it failed here: {error!r:.200}"
        if reason:
            origin = topics.read(arrival.topic)
            format_ = origin.format if origin else ""
            broken = Broken(arrival.payload, format_, received_us, arrival.topic, reason)
            await self._intake.set_aside(broken)
        if failure:  # logged only now: until it is set aside the message is tried again and again
            _LOG.error("a message on %s failed", arrival.topic, exc_info=failure)

    async def _accept(self, arrival: Arrival, received_us: int) -> str:
        """Take a message in, or say why it cannot be: "" where that has been seen to."""
        origin = topics.read(arrival.topic)
        if origin is None or origin.format not in DECODERS:
            return f"the topic {arrival.topic!r:.200} names no known format"
        if len(arrival.payload) > self._max_payload_bytes:
            return f"the payload is larger than {self._max_payload_bytes} bytes"
        sender = await self._identify(origin.address)
        if sender is None:
            return f"no device has the {origin.address.kind} address {origin.address.value!r:.200}"
        message = Message(arrival.payload, origin.format, received_us, sender)
        try:
            receipt = await self._intake.accept(message)
        except (DecodeError, Unstorable) as error:
            _LOG.info("%s: set aside: %s", arrival.topic, error)
            return ""
        if receipt.rejected:
            first = receipt.rejected[0].detail
            _LOG.info("%s: %d rejected, first: %s", arrival.topic, len(receipt.rejected), first)
        return ""
