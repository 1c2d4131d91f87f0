"""Fixes over MQTT: every message is acknowledged once it is stored or set aside, and not before."""

import asyncio
import logging
from collections.abc import Callable
from functools import lru_cache
from types import TracebackType
from typing import Final, Self

from ingest.broker import Broker, Tls
from ingest.decoders import DECODERS
from ingest.errors import DecodeError, LockedOut, StorageUnavailable, TooOften, Unstorable
from ingest.intake import Begun, Intake
from ingest.message import Broken, Message, Receipt
from ingest.mqtt import Arrival, Connection
from ingest.mqttsession import Protocol, Session
from ingest.sender import Identify, Recognise, Sender, ask_always
from ingest.topics import TOPICS, Origin, Topics
from ingest.turnstile import Turnstile

_LOG: Final = logging.getLogger(__name__)
MOST_TOPICS: Final = 50_000


class Consumer:
    """Takes in what devices publish; use as `async with`, or start() and stop().

    One process a `client_id`: the broker keeps a week of messages under that name while we are
    away. A message stays unacknowledged until it is stored or set aside, however long that takes.
    One that `turnstile` does not let in is acknowledged and thrown away: the broker would bring it
    again, before what others send. `now_us` reads the server's clock (microseconds UTC); `retry_s`
    is the first and the longest wait between attempts while storage is away.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        intake: Intake,
        identify: Identify,
        recognise: Recognise = ask_always,
        turnstile: Turnstile | None = None,
        now_us: Callable[[], int],
        topics: Topics = TOPICS,
        protocol: Protocol = "5",
        client_id: str = "beatkeeper-ingest",
        max_in_flight: int = 1_000,
        max_payload_bytes: int = 1 << 20,
        retry_s: tuple[float, float] = (0.5, 10.0),
        stop_grace_s: float = 5.0,
        tls: Tls = Tls(),  # noqa: B008 -- it never changes
    ) -> None:
        self._intake = intake
        self._identify = identify
        self._recognise = recognise
        self._turnstile = turnstile
        self._now_us = now_us
        # Nearly all messages come under topics of before; strangers' push out each other.
        self._read_topic = lru_cache(MOST_TOPICS)(topics.read)
        self._max_payload_bytes = max_payload_bytes
        self._retry_s = retry_s
        self._stop_grace_s = stop_grace_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._begun: set[asyncio.Future[list[int]]] = set()
        self._stopping = False
        self._storage_away = False
        session = Session(
            broker,
            topics.subscriptions,
            protocol=protocol,
            client_id=client_id,
            max_in_flight=max_in_flight,
            tls=tls,
        )
        self._connection = Connection(session, self._arrived)

    @property
    def connected(self) -> bool:
        """Tell whether the broker is there and sends us what is published."""
        return self._connection.connected

    @property
    def in_flight(self) -> int:
        """Give the number of messages that have come and are not yet stored or set aside."""
        return len(self._tasks) + len(self._begun)

    async def publish(self, topic: str, payload: bytes, *, expires_s: int) -> None:
        """Publish over the same connection, as `Connection.publish` says.

        Raises BrokerAway, PublishRefused and Unacknowledged.
        """
        await self._connection.publish(topic, payload, expires_s=expires_s)

    def start(self) -> None:
        """Begin to connect; a broker that is not there yet is no error."""
        self._connection.open()

    async def stop(self) -> None:
        """Finish what is in hand, for a while, and disconnect; the broker keeps the rest."""
        self._stopping = True
        if self._tasks or self._begun:
            await asyncio.wait(self._tasks | self._begun, timeout=self._stop_grace_s)
        unfinished = list(self._tasks)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        await self._connection.close()

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

    def _arrived(self, arrival: Arrival) -> None:
        if self._stopping:
            self._connection.done()
            return
        received_us = self._now_us()
        counted = begun = False
        try:
            origin = self._origin(arrival)
            sender = None if origin is None else self._recognise(origin.address)
            if origin is not None and sender is not None:
                counted = True
                self._admit(sender)
                begun = self._begin(arrival, origin.format, sender, received_us)
        except TooOften:
            self._connection.acknowledge(arrival)
            self._connection.done()
            return
        except Exception:  # noqa: BLE001 (it is told of, and set aside, where it fails again)
            begun = False
        if not begun:
            self._start(arrival, received_us, counted=counted)

    def _admit(self, sender: Sender) -> None:
        if self._turnstile is not None:
            self._turnstile.admit(sender)

    def _begin(self, arrival: Arrival, format_: str, sender: Sender, received_us: int) -> bool:
        """Take in what nearly every message is, fixes of somebody known; False: it is not that.

        A task of its own would cost such a message more than reading it does.
        """
        if not 0 < len(arrival.payload) <= self._max_payload_bytes:
            return False
        message = Message(arrival.payload, format_, received_us, sender)
        begun = self._intake.begin(message)
        if begun is None:
            return False
        self._begun.add(begun.verdicts)
        begun.verdicts.add_done_callback(lambda _: self._finish(arrival, begun))
        return True

    def _finish(self, arrival: Arrival, begun: Begun) -> None:
        self._begun.discard(begun.verdicts)
        if begun.verdicts.cancelled() or begun.verdicts.exception() is not None:
            if self._stopping:
                self._connection.done()
            else:
                self._start(arrival, begun.message.received_us, counted=True)
            return
        _tell(begun.message, self._intake.finish(begun))
        self._connection.acknowledge(arrival)
        self._connection.done()

    def _start(self, arrival: Arrival, received_us: int, *, counted: bool) -> None:
        """See to an arrival in a task of its own, as long as that takes."""
        task = asyncio.create_task(self._see_through(arrival, received_us, counted=counted))
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._connection.done()

    async def _see_through(self, arrival: Arrival, received_us: int, *, counted: bool) -> None:
        """Try until the message is stored or set aside, then acknowledge it."""
        wait_s, longest_s = self._retry_s
        waited = False
        while not await self._tried(arrival, received_us, counted=counted):
            waited = counted = True
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, longest_s)
        self._connection.acknowledge(arrival)
        # A message that needed no storage says nothing about it; one that waited for it does.
        if waited and self._storage_away:
            self._storage_away = False
            _LOG.warning("storage is back")

    async def _tried(self, arrival: Arrival, received_us: int, *, counted: bool) -> bool:
        """Take a message; False where it is neither stored nor set aside, logged once a time."""
        try:
            await self._take(arrival, received_us, counted=counted)
        except Exception as error:  # noqa: BLE001 (a message never ends without acknowledgement)
            if not self._storage_away:
                trace = None if isinstance(error, StorageUnavailable) else error
                _LOG.warning("storage is away, MQTT messages wait: %s", error, exc_info=trace)
            self._storage_away = True
            return False
        return True

    async def _take(self, arrival: Arrival, received_us: int, *, counted: bool) -> None:
        """Store a message or set it aside; raises whatever kept it from doing either.

        `counted`: the turnstile has let it in.
        """
        if not arrival.payload:  # how a retained message is cleared
            return
        failure: Exception | None = None
        try:
            reason = await self._accept(arrival, received_us, counted=counted)
        except StorageUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 (supervises all messages)
            # Unacknowledged it would come back for ever and hold one of the places in flight.
            failure = error
            reason = f"it failed here: {error!r:.200}"
        if reason:
            origin = self._read_topic(arrival.topic)
            format_ = origin.format if origin else ""
            address = origin.address if origin else None
            broken = Broken(arrival.payload, format_, received_us, arrival.topic, reason, address)
            await self._intake.set_aside(broken)
        if failure:  # logged only now: until it is set aside the message is tried again and again
            _LOG.error("a message on %.200r failed", arrival.topic, exc_info=failure)

    async def _accept(self, arrival: Arrival, received_us: int, *, counted: bool) -> str:
        """Take a message in, or say why it cannot be: "" where that has been seen to."""
        origin = self._origin(arrival)
        if origin is None:
            return f"the topic {arrival.topic!r:.200} names no known format"
        if len(arrival.payload) > self._max_payload_bytes:
            return f"the payload is larger than {self._max_payload_bytes} bytes"
        try:
            sender = await self._identify(origin.address)
            if sender is None:
                return origin.address.unknown()
            if not counted:
                self._admit(sender)
        except (LockedOut, TooOften):  # counted there; nobody is to find where that device is
            return ""
        message = Message(arrival.payload, origin.format, received_us, sender)
        try:
            receipt = await self._intake.accept(message)
        except (DecodeError, Unstorable):
            _LOG.info("%s from %s: set aside", message.format, sender.name)
            return ""
        _tell(message, receipt)
        return ""

    def _origin(self, arrival: Arrival) -> Origin | None:
        """Who published in which format, by the topic; None where that is no format of ours."""
        origin = self._read_topic(arrival.topic)
        return origin if origin is not None and origin.format in DECODERS else None


def _tell(message: Message, receipt: Receipt) -> None:
    """Log what was rejected: nobody else hears of it."""
    if receipt.rejected:
        first = receipt.rejected[0].reason  # its detail may quote a position
        name, many = message.sender.name, len(receipt.rejected)
        _LOG.info("%s from %s: %d rejected, first: %s", message.format, name, many, first)
