"""A device at a broker that speaks TLS, well-behaved or not."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from certificates import Certificate
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

LONG_S = 15.0


@dataclass
class MqttDevice:
    """One connection; `answer` is what the broker said to it, `heard` what it was sent."""

    client: paho.Client
    answer: str = ""
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    answered: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    granted: threading.Event = field(default_factory=threading.Event)
    refusals: dict[int, str] = field(default_factory=dict)

    def publish(self, topic: str, payload: bytes = b"{}", *, retain: bool = False) -> str:
        """What the broker says of a message: empty, or why it is refused."""
        sent = self.client.publish(topic, payload, 1, retain=retain)
        sent.wait_for_publish(LONG_S)
        assert sent.is_published(), topic
        return self.refusals.get(sent.mid, "")

    def subscribe(self, *topics: str) -> None:
        self.granted.clear()
        self.client.subscribe([(topic, 1) for topic in topics])
        assert self.granted.wait(LONG_S)

    def connected(
        self, _client: object, _userdata: object, _flags: object, reason: ReasonCode, _: object
    ) -> None:
        self.answer = str(reason)
        self.answered.set()

    def lost(self, *_: object) -> None:
        self.ended.set()
        self.answered.set()

    def message(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))

    def published(
        self, _client: object, _userdata: object, mid: int, reason: ReasonCode, _: object
    ) -> None:
        if reason.is_failure:
            self.refusals[mid] = str(reason)


@contextmanager
def mqtt_device(
    port: int,
    authority: Path | None,
    user: str | None = None,
    password: str | None = None,
    *,
    shows: Certificate | None = None,
    five: bool = True,
    client_id: str = "",
    will: str | None = None,
) -> Iterator[MqttDevice]:
    """A device, once the broker has let it in or not; without `authority` it does without TLS."""
    protocol = MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id, protocol=protocol, reconnect_on_failure=False
    )
    device = MqttDevice(client)
    if user is not None:
        client.username_pw_set(user, password)
    if will is not None:
        client.will_set(will, b"forged", 1)
    if authority is not None:
        context = ssl.create_default_context(cafile=authority)
        if shows is not None:
            context.load_cert_chain(shows.file, shows.key)
        client.tls_set_context(context)
    client.on_connect, client.on_disconnect = device.connected, device.lost
    client.on_message, client.on_publish = device.message, device.published
    client.on_subscribe = lambda *_: device.granted.set()
    client.connect("localhost", port)
    client.loop_start()
    try:
        assert device.answered.wait(LONG_S), "the broker says nothing"
        yield device
    finally:
        client.disconnect()
        client.loop_stop()
