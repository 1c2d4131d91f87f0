"""What we are to an MQTT broker, and it to us, in the words of MQTT 5 and of MQTT 3.1.1."""

from collections.abc import Sequence
from typing import Final, Literal

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.broker import Broker, Tls
from ingest.topics import Subscription

Protocol = Literal["5", "3.1.1"]

_WEEK_S: Final = 7 * 86_400


class Session:
    """A session that the broker keeps for a week while we are away, and paho's `client` for it.

    By MQTT 5 at most `max_in_flight` messages are to be on their way to us at a time.
    """

    def __init__(
        self,
        broker: Broker,
        subscriptions: Sequence[Subscription],
        *,
        protocol: Protocol,
        client_id: str,
        max_in_flight: int,
        tls: Tls,
    ) -> None:
        self.broker = broker
        self.subscriptions = subscriptions
        self._five = protocol == "5"
        self.max_in_flight = max_in_flight
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
            reconnect_on_failure=False,  # it would, in the middle of reading, and block
        )
        # What it holds back for an acknowledgement that never comes it would send much later.
        self.client.max_inflight_messages_set(0)
        if broker.username is not None:
            self.client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            self.client.tls_set_context(tls.context())

    def connect(self) -> None:
        """Open a connection, which blocks. Raises OSError or ValueError.

        What the broker has not acknowledged on the one before is not sent again: that is up to
        whoever published it, and knows how new it has to be.
        """
        self.client.drop_out_messages()
        properties = None
        if self._five:
            properties = _properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = _WEEK_S
            properties.ReceiveMaximum = self.max_in_flight
        self.client.connect(
            self.broker.host,
            self.broker.port,
            clean_start=False if self._five else paho.MQTT_CLEAN_START_FIRST_ONLY,
            properties=properties,
        )

    def subscribe(self) -> None:
        """Ask for what is published, with QoS 1; by MQTT 5, say when what is retained is wanted."""
        if self._five:
            self.client.subscribe(
                [
                    (one.pattern, SubscribeOptions(qos=1, retainHandling=one.retained))
                    for one in self.subscriptions
                ]
            )
        else:
            self.client.subscribe([(one.pattern, 1) for one in self.subscriptions])

    def publish(self, topic: str, payload: bytes, expires_s: int) -> int:
        """Publish with QoS 1; give the identifier by which it is acknowledged."""
        properties = None
        if self._five:
            properties = _properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = expires_s
        return self.client.publish(topic, payload, qos=1, properties=properties).mid


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho's
