"""The connection to an MQTT broker: paho on our event loop, and acknowledgements given by hand.

MQTT 5: https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.errors import BrokerAway, PublishRefused, Unacknowledged
from ingest.mqttsession import Session

_LOG: Final = logging.getLogger(__name__)
_LEFT_OVER: Final = 2  # times the messages in flight: the rest are those of a connection now gone
_WAITS_S: Final = (1.0, 15.0)  # between attempts to connect, the first and the longest
_TICK_S: Final = 1.0
_CLOSE_S: Final = 6.0  # more than an attempt to connect takes
PUBLISH_S: Final = 5.0  # until a broker that says nothing is waited for no longer
# Read before others on the loop have their turn: some milliseconds' worth, of small messages too.
_BYTES_AT_ONCE: Final = 1 << 16
_BYTES_A_READ: Final = 1 << 10


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A message as it came, and the connection on which alone it may be acknowledged."""

    generation: int
    mid: int
    qos: int
    topic: str
    payload: bytes


class Connection:
    """Connects (again and again), subscribes, hands over what arrives, acknowledges.

    `done` is owed for each call of `hand_over`. No more messages are unacknowledged at a time than
    the session has room for, if the broker heeds the limit of MQTT 5; else TCP holds it back.

    An identifier (`mid`) means something only on the connection that brought it: after a
    reconnect it may be another message's. So each connection has a number, its generation.

    Paho has no thread here, in which it would take turns with the loop at every system call: the
    loop tells it when its socket can be read or written. Only connecting blocks, in a thread.
    """

    def __init__(self, session: Session, hand_over: Callable[[Arrival], object]) -> None:
        self.connected = False
        self._session = session
        self._hand_over = hand_over
        self._generation = 0
        self._most_held = session.max_in_flight * _LEFT_OVER
        self._come: deque[Arrival] = deque()  # at most one, but for a moment
        self._held = 0
        self._full = False
        self._published: dict[int, asyncio.Future[ReasonCode]] = {}
        self._last_said = ""
        self._let_in = False
        self._watched: paho.SocketLike | None = None
        self._lost = asyncio.Event()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._client = session.client
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_socket_close = self._on_socket_close
        self._client.on_socket_register_write = self._on_socket_register_write
        self._client.on_socket_unregister_write = self._on_socket_unregister_write

    def open(self) -> None:
        """Begin to connect; a broker that is not there is tried again."""
        self._task = asyncio.create_task(self._stay_connected(), name="ingest.mqtt")

    async def close(self) -> None:
        """Disconnect after what is already acknowledged has been sent."""
        self._stop.set()
        self._client.disconnect()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_CLOSE_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def acknowledge(self, arrival: Arrival) -> None:
        """Tell the broker that a message is safe, unless it came on an older connection."""
        if arrival.generation == self._generation:
            self._client.ack(arrival.mid, arrival.qos)

    async def publish(self, topic: str, payload: bytes, *, expires_s: int) -> None:
        """Publish with QoS 1; returns once the broker has it.

        Raises BrokerAway before anything is sent; PublishRefused; Unacknowledged where the broker
        may have it or not. By MQTT 5 it is kept at most `expires_s` for a device that is away.
        """
        if not self.connected:
            msg = "the MQTT broker is away"
            raise BrokerAway(msg)
        acknowledged = asyncio.get_running_loop().create_future()
        mid = self._session.publish(topic, payload, expires_s)
        self._published[mid] = acknowledged
        if self._watched is None:  # paho has found out as it wrote
            self._lose_published()
        try:
            async with asyncio.timeout(PUBLISH_S):
                reason = await acknowledged
        except TimeoutError as error:
            msg = f"the MQTT broker did not acknowledge a message on {topic}"
            raise Unacknowledged(msg) from error
        finally:
            self._published.pop(mid, None)
        if reason.is_failure:
            msg = f"the MQTT broker refused a message on {topic}: {reason}"
            raise PublishRefused(msg)

    def _lose_published(self) -> None:
        for acknowledged in self._published.values():
            if not acknowledged.done():
                acknowledged.set_exception(Unacknowledged("the MQTT broker went away"))
        self._published.clear()

    def done(self) -> None:
        """Make room for another arrival."""
        self._held -= 1
        if self._full and self._held <= self._most_held // 2:
            self._full = False
            if self._watched is not None:
                loop = asyncio.get_running_loop()
                loop.add_reader(self._watched, self._read)
                loop.call_soon(self._read)  # what TLS has taken off the socket wakes nobody

    async def _stay_connected(self) -> None:
        wait_s, longest_s = _WAITS_S
        while not self._stop.is_set():
            self._let_in = False
            if await self._connect():
                await self._until_lost()
            if self._let_in:
                wait_s = _WAITS_S[0]
            await self._within(self._stop, wait_s)
            wait_s = min(2 * wait_s, longest_s)

    async def _connect(self) -> bool:
        """Open a connection and ask to be let in; False where that cannot even be asked."""
        self._lost.clear()
        try:
            await asyncio.to_thread(self._session.connect)
        except ssl.SSLCertVerificationError as error:
            text = f"its certificate is not accepted: {error.verify_message}; trying again"
            self._say(logging.ERROR, text)
            return False
        except (OSError, ValueError) as error:
            self._say(logging.WARNING, f"cannot be reached ({error}); trying again")
            return False
        self._watched = self._client.socket()
        if self._watched is None:
            return False
        loop = asyncio.get_running_loop()
        if not self._full:
            loop.add_reader(self._watched, self._read)
        loop.add_writer(self._watched, self._client.loop_write)
        return True

    async def _until_lost(self) -> None:
        """Keep the connection alive as long as it is there."""
        if self._stop.is_set():
            self._client.disconnect()
        while not await self._within(self._lost, _TICK_S):
            self._client.loop_misc()

    @staticmethod
    async def _within(event: asyncio.Event, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

    def _read(self) -> None:
        """Take in some of what has come; nothing while there is no room."""
        left = _BYTES_AT_ONCE
        while left > 0:
            if self._watched is None or self._full:
                return
            try:
                self._client.loop_read()
            except Exception:  # noqa: BLE001 (paho would fail again, and again)
                _LOG.exception("the MQTT connection is given up, and made anew")
                self._client.disconnect()
                return
            left -= _BYTES_A_READ
            if self._come:
                left -= len(self._come[0].payload)
                self._take(self._come.popleft())
            elif not self._holds_back():
                return
        asyncio.get_running_loop().call_soon(self._read)

    def _holds_back(self) -> bool:
        """Tell whether TLS has something for us that has left the socket, which wakes nobody."""
        return isinstance(self._watched, ssl.SSLSocket) and self._watched.pending() > 0

    def _take(self, arrival: Arrival) -> None:
        self._held += 1
        if self._held == self._most_held and self._watched is not None:
            # The broker heeds no limit of ours (MQTT 3.1.1, QoS 0; mosquitto under load): better
            # that TCP holds it back than that memory fills.
            self._full = True
            asyncio.get_running_loop().remove_reader(self._watched)
        self._hand_over(arrival)

    def _on_socket_close(
        self, _client: paho.Client, _userdata: object, socket: "paho.SocketLike"
    ) -> None:
        if socket is self._watched:
            loop = asyncio.get_running_loop()
            loop.remove_reader(socket)
            loop.remove_writer(socket)
            self._watched = None
            self._lost.set()

    def _on_socket_register_write(
        self, _client: paho.Client, _userdata: object, socket: "paho.SocketLike"
    ) -> None:
        # Before the socket is watched paho is in the thread in which it connects.
        if socket is self._watched:
            asyncio.get_running_loop().add_writer(socket, self._client.loop_write)

    def _on_socket_unregister_write(
        self, _client: paho.Client, _userdata: object, socket: "paho.SocketLike"
    ) -> None:
        if socket is self._watched:
            asyncio.get_running_loop().remove_writer(socket)

    def _say(self, level: int, text: str) -> None:
        if text != self._last_said:  # not once a second while a broker is away
            _LOG.log(level, "MQTT broker %s: %s", self._session.broker, text)
            self._last_said = text

    def _on_connect(
        self,
        _client: paho.Client,
        _userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._say(logging.ERROR, f"refused: {reason}; trying again")
            return
        self._let_in = True
        kept = "session resumed" if flags.session_present else "new session"
        self._say(logging.INFO, f"connected, {kept}")
        # Even when the session is said to be there: some brokers lose subscriptions on a restart.
        self._session.subscribe()

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.connected = False
        self._generation += 1
        self._lose_published()
        if self._let_in:  # who was refused has been told of, and is so each time
            self._say(logging.INFO, f"disconnected ({reason})")

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        for one, reason in zip(self._session.subscriptions, reasons, strict=False):
            if reason.is_failure:
                self._say(logging.ERROR, f"may not subscribe to {one.pattern}: {reason}")
        # Only now: what is published before a new session has its subscriptions reaches nobody.
        self.connected = True

    def _on_publish(
        self,
        _client: paho.Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        acknowledged = self._published.pop(mid, None)
        if acknowledged is not None and not acknowledged.done():
            acknowledged.set_result(reason)

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        # Only noted here: what went wrong in the middle of paho's reading would be read for ever.
        try:
            topic = message.topic
        except UnicodeDecodeError:
            _LOG.error("a message whose topic is not UTF-8 was dropped")
            self._client.ack(message.mid, message.qos)
            return
        arrival = Arrival(self._generation, message.mid, message.qos, topic, bytes(message.payload))
        self._come.append(arrival)
