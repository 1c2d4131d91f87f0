"""Publishes messages over MQTT with QoS 1, never more than a few ahead of the broker's receipts."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulator.messages import Message, NotReceivedError

IN_FLIGHT = 20
"""Messages without a receipt at any one time: what mosquitto takes by default."""
RECEIPT_S = 30.0
"""How long to wait for a receipt."""
PAUSES_S = (0.2, 0.5, 1.0, 2.0)
"""Before each further try to connect."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to publish, and as whom."""

    host: str
    port: int
    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311
    username: str | None = None
    password: str | None = None


async def publish(messages: Iterable[Message], broker: Broker, receipt: Callable[[], None]) -> None:
    """Publishes messages in their order and calls `receipt` on the event loop for each one taken.

    Raises ConnectionError where the broker lets nobody in, and NotReceivedError at the first
    message that it refuses or leaves unanswered. A connection that breaks is made again.
    """
    publisher = _Publisher(broker, receipt)
    try:
        await publisher.connect()
        for message in messages:
            await publisher.publish(message)
        await publisher.drain()
    finally:
        await asyncio.to_thread(publisher.disconnect)


class _Publisher:
    """A paho client whose answers, which come in a thread of its own, reach the event loop."""

    def __init__(self, broker: Broker, receipt: Callable[[], None]) -> None:
        self._broker = broker
        self._receipt = receipt
        self._loop = asyncio.get_running_loop()
        self._window = asyncio.Semaphore(IN_FLIGHT)
        self._unanswered: dict[int, Message] = {}
        self._refused: NotReceivedError | None = None
        self._welcome: asyncio.Future[str | None] = self._loop.create_future()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=broker.protocol)
        self._client.username_pw_set(broker.username, broker.password)
        self._client.max_inflight_messages_set(IN_FLIGHT)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish

    async def connect(self) -> None:
        """Connect, and wait until the broker lets the client in."""
        await self._dial()
        self._client.loop_start()
        try:
            async with asyncio.timeout(RECEIPT_S):
                refusal = await self._welcome
        except TimeoutError:
            refusal = f"no answer in {RECEIPT_S:g} s"
        if refusal:
            msg = f"MQTT broker at {self._broker.host}:{self._broker.port}: {refusal}"
            raise ConnectionError(msg)

    async def _dial(self) -> None:
        """Open the connection; tries again while nobody listens there yet."""
        address = (self._broker.host, self._broker.port)
        for pause_s in PAUSES_S:
            try:
                await asyncio.to_thread(self._client.connect, *address)
            except ConnectionRefusedError:
                await asyncio.sleep(pause_s)
            else:
                return
        await asyncio.to_thread(self._client.connect, *address)

    async def publish(self, message: Message) -> None:
        await self._turn()
        sent = self._client.publish(message.target, message.body, qos=1)
        # The receipt waits for this coroutine to pause, so it cannot come before this line.
        self._unanswered[sent.mid] = message

    async def drain(self) -> None:
        """Wait until nothing is without a receipt."""
        for _ in range(IN_FLIGHT):
            await self._turn()

    def disconnect(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    async def _turn(self) -> None:
        """Wait for room in the window."""
        try:
            async with asyncio.timeout(RECEIPT_S):
                await self._window.acquire()
        except TimeoutError:
            oldest = next(iter(self._unanswered.values()))
            answer = f"no receipt in {RECEIPT_S:g} s"
            raise NotReceivedError(oldest, answer) from None
        if self._refused:
            raise self._refused

    def _on_connect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._connected, reason)

    def _on_publish(
        self,
        _client: mqtt.Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        self._loop.call_soon_threadsafe(self._answered, mid, reason)

    def _connected(self, reason: ReasonCode) -> None:
        if not self._welcome.done():  # paho connects again by itself when a connection breaks
            self._welcome.set_result(str(reason) if reason.is_failure else None)

    def _answered(self, mid: int, reason: ReasonCode) -> None:
        message = self._unanswered.pop(mid)
        if reason.is_failure:
            self._refused = self._refused or NotReceivedError(message, str(reason))
        else:
            self._receipt()
        self._window.release()
