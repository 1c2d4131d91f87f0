"""Tries a broker as the service would use it: login, subscriptions, and a message there and back.

MQTT 5: https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.broker import Broker, Tls
from ingest.mqttsession import Protocol

CLIENT_ID: Final = "beatkeeper-doctor"
_EXPIRY_S: Final = 60
_WEEK_S: Final = 7 * 86_400


@dataclass(slots=True)
class Outcome:
    """What came of a trial. `refused`: why there was no connection; "" where there was one.

    `denied` are the subscriptions that the broker did not grant, `unsent` the topics on which it
    did not take a message, each with its reason; `came` the topics whose message came round, and
    `retained` how many positions it keeps to hand to every new subscriber.
    """

    refused: str = ""
    denied: dict[str, str] = field(default_factory=dict)
    unsent: dict[str, str] = field(default_factory=dict)
    came: set[str] = field(default_factory=set)
    retained: int = 0


class Line(NamedTuple):
    """How to speak to a broker."""

    protocol: Protocol = "5"
    tls: Tls = Tls()


class _Trial:
    """One connection, and what comes of it; paho's thread writes, the caller waits."""

    def __init__(
        self, broker: Broker, patterns: Sequence[str], line: Line, client_id: str = CLIENT_ID
    ) -> None:
        protocol, tls = line
        self.outcome = Outcome()
        self.broker = broker
        self.patterns = patterns
        self.subscribed = threading.Event()
        self.lost = threading.Event()
        self.wanted: Mapping[str, bytes] = {}
        self.all_came = threading.Event()
        self.five = protocol == "5"
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self.five else client_id == CLIENT_ID,
            protocol=MQTTProtocolVersion.MQTTv5 if self.five else MQTTProtocolVersion.MQTTv311,
            # The service's own session, if we try that, is to lose nothing to us.
            manual_ack=client_id != CLIENT_ID,
            reconnect_on_failure=False,
        )
        if broker.username is not None:
            self.client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            self.client.tls_set_context(tls.context())
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self.outcome.refused = str(reason)
            self.subscribed.set()
        elif self.patterns:
            client.subscribe([(pattern, 1) for pattern in self.patterns])
        else:
            self.subscribed.set()

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.outcome.refused = self.outcome.refused or f"it ended the connection ({reason})"
        self.lost.set()
        self.subscribed.set()

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        for pattern, reason in zip(self.patterns, reasons, strict=False):
            if reason.is_failure:
                self.outcome.denied[pattern] = str(reason)
        self.subscribed.set()

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        self.outcome.retained += message.retain
        if self.wanted.get(message.topic) == message.payload:
            self.outcome.came.add(message.topic)
            if len(self.outcome.came) == len(self.wanted):
                self.all_came.set()

    def properties(self, packet: int, name: str, value: int) -> Properties | None:
        """One property of MQTT 5; 3.1.1 has none."""
        if not self.five:
            return None
        made = Properties(packet)  # type: ignore[no-untyped-call]  # paho's
        setattr(made, name, value)
        return made


def attempt(
    broker: Broker,
    patterns: Sequence[str],
    messages: Sequence[tuple[str, bytes]],
    line: Line,
    patience_s: float = 5.0,
) -> Outcome:
    """Logs in under a name of its own, subscribes, publishes at QoS 1, and sees what comes round.

    Each message is on a topic of its own, which `patterns` cover. Leaves no session behind. Blocks
    for up to some times `patience_s`.
    """
    trial = _Trial(broker, patterns, line)
    return _connected(trial, patience_s, 0, lambda: _send(trial, messages, patience_s, patience_s))


def _send(
    trial: _Trial, messages: Sequence[tuple[str, bytes]], patience_s: float, round_s: float
) -> None:
    """Publishes messages, and waits `round_s` for them to come round."""
    trial.wanted = dict(messages)
    expiry = trial.properties(PacketTypes.PUBLISH, "MessageExpiryInterval", _EXPIRY_S)
    refusals: dict[int, str] = {}

    def on_publish(
        _client: paho.Client, _userdata: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            refusals[mid] = str(reason)

    trial.client.on_publish = on_publish
    sent = {t: trial.client.publish(t, p, qos=1, properties=expiry) for t, p in messages}
    deadline = time.monotonic() + patience_s
    for topic, info in sent.items():
        info.wait_for_publish(max(deadline - time.monotonic(), 0))
        if not info.is_published():
            trial.outcome.unsent[topic] = "no acknowledgement"
        elif info.mid in refusals:
            trial.outcome.unsent[topic] = refusals[info.mid]
    if messages and not trial.outcome.unsent:
        trial.all_came.wait(round_s)


def may_publish(broker: Broker, topic: str, line: Line, patience_s: float = 5.0) -> str | None:
    """Why the broker does not take what is published on a topic; "" where it does.

    None where that cannot be known: by MQTT 3.1.1 nobody is told of a refusal. Blocks.
    """
    if line.protocol != "5":
        return None
    trial = _Trial(broker, (), line)
    outcome = _connected(trial, patience_s, 0, lambda: _send(trial, [(topic, b"")], patience_s, 0))
    return outcome.refused or outcome.unsent.get(topic, "")


def thrown_out(broker: Broker, client_id: str, line: Line, watch_s: float = 4.0) -> bool:
    """Whether somebody else uses the service's name: they come back and throw us out of it.

    Only for when the service does not run, which it would throw out. Acknowledges nothing and
    leaves the session as it was, so that what waits there goes on waiting.
    """
    trial = _Trial(broker, (), line, client_id)
    thrown = False

    def watch() -> None:
        nonlocal thrown
        thrown = trial.lost.wait(watch_s)

    _connected(trial, watch_s, _WEEK_S, watch)
    return thrown


def _connected(
    trial: _Trial, patience_s: float, session_s: int, then: Callable[[], object]
) -> Outcome:
    """Connects, subscribes and, if that went well, does something more, then disconnects."""
    host, port = trial.broker.host, trial.broker.port
    trial.client.connect_timeout = patience_s
    properties = trial.properties(PacketTypes.CONNECT, "SessionExpiryInterval", session_s)
    if properties is not None and session_s:
        properties.ReceiveMaximum = 1
    clean = not session_s if trial.five else paho.MQTT_CLEAN_START_FIRST_ONLY
    try:
        trial.client.connect(host, port, clean_start=clean, properties=properties)
    except (OSError, ValueError) as error:
        trial.outcome.refused = str(error) or type(error).__name__
        return trial.outcome
    trial.client.loop_start()
    try:
        if not trial.subscribed.wait(patience_s):
            trial.outcome.refused = "it does not answer"
        if not trial.outcome.refused:
            then()
    finally:
        trial.client.on_disconnect = None
        trial.client.disconnect()
        trial.client.loop_stop()
    return trial.outcome
