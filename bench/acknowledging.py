"""A subscriber that acknowledges and does nothing else: the ceiling of one fix a message."""

import sys

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


def main(port: int, round_: int, window: int) -> None:
    """Says a word once it is subscribed, and one after each so many messages."""
    wanted = Properties(PacketTypes.CONNECT)
    wanted.SessionExpiryInterval, wanted.ReceiveMaximum = 3600, window
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id="bare",
        protocol=MQTTProtocolVersion.MQTTv5,
        manual_ack=True,
    )
    had = 0

    def take(client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        nonlocal had
        client.ack(message.mid, message.qos)
        had += 1
        if had % round_ == 0:
            print(had, flush=True)

    client.on_connect = lambda client, *_: client.subscribe("owntracks/+/+", 1)
    client.on_subscribe = lambda *_: print("subscribed", flush=True)
    client.on_message = take
    client.connect("127.0.0.1", port, clean_start=False, properties=wanted)
    client.loop_forever()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
