"""The connection to an MQTT broker: paho, its thread, and acknowledgements given by hand.

MQTT 5: https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html
"""

import logging
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.broker import Broker
from ingest.topics import Subscription

Protocol = Literal["5", "3.1.1"]

_LOG: Final = logging.getLogger(__name__)
_WEEK_S: Final = 7 * 86_400
_LEFT_OVER: Final = 2  # times the messages in flight: the rest are those of a connection now gone


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A message as it came, and the connection on which alone it may be acknowledged."""

    generation: int
    mid: int
    qos: int
    topic: str
    payload: bytes


class Connection:
    """Connects (again and again), subscribes, hands over what arrives, acknowledges.

    `hand_over` is called in paho's thread, and `done` owed for each call. At most `max_in_flight`
    messages are unacknowledged at a time, if the broker heeds the limit of MQTT 5.

    An identifier (`mid`) means something only on the connection that brought it: after a
    reconnect it may be another message's. So each connection has a number, its generation.
    """

    def __init__(
        self,
        broker: Broker,
        hand_over: Callable[[Arrival], object],
        *,
        subscriptions: Sequence[Subscription],
        protocol: Protocol,
        client_id: str,
        max_in_flight: int,
        ca_file: str | None,
    ) -> None:
        self.connected = False
        self._broker = broker
        self._hand_over = hand_over
        self._subscriptions = subscriptions
        self._generation = 0
        self._lock = threading.Lock()
        self._room = threading.Semaphore(max_in_flight * _LEFT_OVER)
        self._last_said = ""
        self._properties: Properties | None = None
        if protocol == "5":
            self._properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
            self._properties.SessionExpiryInterval = _WEEK_S
            self._properties.ReceiveMaximum = max_in_flight
        self._client = self._make_client(protocol, client_id, ca_file)

    def _make_client(self, protocol: Protocol, client_id: str, ca_file: str | None) -> paho.Client:
        five = protocol == "5"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        client.reconnect_delay_set(1, 15)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls:
            client.tls_set_context(ssl.create_default_context(cafile=ca_file))
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def open(self) -> None:
        """Begin to connect, in paho's thread; a broker that is not there is tried again."""
        self._client.connect_async(
            self._broker.host,
            self._broker.port,
            clean_start=False if self._properties else paho.MQTT_CLEAN_START_FIRST_ONLY,
            properties=self._properties,
        )
        self._client.loop_start()

    def close(self) -> None:
        """Disconnect after what is already acknowledged has been sent; waits for the thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def acknowledge(self, arrival: Arrival) -> None:
        """Tell the broker that a message is safe, unless it came on an older connection.

        The lock holds off `_on_disconnect`, which paho runs before it connects anew.
        """
        with self._lock:
            if arrival.generation == self._generation:
                self._client.ack(arrival.mid, arrival.qos)

    def done(self) -> None:
        """Make room for another arrival."""
        self._room.release()

    def _say(self, level: int, text: str) -> None:
        if text != self._last_said:  # not once a second while a broker is away
            _LOG.log(level, "MQTT broker %s: %s", self._broker, text)
            self._last_said = text

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._say(logging.ERROR, f"refused: {reason}; trying again")
            return
        kept = "session resumed" if flags.session_present else "new session"
        self._say(logging.INFO, f"connected, {kept}")
        # Even when the session is said to be there: some brokers lose subscriptions on a restart.
        client.subscribe(self._wanted())

    def _wanted(self) -> list[tuple[str, int]] | list[tuple[str, SubscribeOptions]]:
        """Give what to subscribe to with QoS 1 and, in MQTT 5, when what is retained is wanted."""
        if self._properties is None:
            return [(one.pattern, 1) for one in self._subscriptions]
        return [
            (one.pattern, SubscribeOptions(qos=1, retainHandling=one.retained))
            for one in self._subscriptions
        ]

    def _on_connect_fail(self, _client: paho.Client, _userdata: object) -> None:
        self._say(logging.WARNING, f"cannot be reached ({sys.exception()}); trying again")

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.connected = False
        with self._lock:
            self._generation += 1
        self._say(logging.INFO, f"disconnected ({reason})")

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        for one, reason in zip(self._subscriptions, reasons, strict=False):
            if reason.is_failure:
                self._say(logging.ERROR, f"may not subscribe to {one.pattern}: {reason}")
        # Only now: what is published before a new session has its subscriptions reaches nobody.
        self.connected = True

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        # Blocks paho's thread, and so the socket, when the broker heeds no limit of ours (MQTT
        # 3.1.1, QoS 0): better that TCP holds it back than that memory fills.
        self._room.acquire()
        self._hand_over(
            Arrival(
                self._generation, message.mid, message.qos, message.topic, bytes(message.payload)
            )
        )
