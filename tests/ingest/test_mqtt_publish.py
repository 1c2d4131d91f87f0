"""What is published to devices, through a real mosquitto."""

import asyncio
import signal

import pytest
from hearing import Device, connected
from services import Mosquitto, free_port

from ingest.broker import Broker
from ingest.errors import BrokerAway, PublishRefused
from ingest.mqtt import Connection, Protocol
from ingest.topics import TOPICS

LONG_S = 30.0


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_device_hears_what_is_published_to_it_in_order(
    mosquitto: Mosquitto, protocol: Protocol
) -> None:
    device = Device(mosquitto.port)
    async with connected(mosquitto.port, protocol) as connection:
        await asyncio.sleep(0.2)  # its subscription is on its way
        for number in range(30):
            await connection.publish(device.topic, b"%d" % number, expires_s=60)
        assert await device.has_heard(30) == list(range(30))
    assert {one.qos for one in device.heard} == {1}
    expiries = {getattr(one.properties, "MessageExpiryInterval", None) for one in device.heard}
    assert expiries == ({60} if protocol == "5" else {None})
    device.stop()


async def test_nothing_is_published_while_the_broker_is_away() -> None:
    connection = Connection(
        Broker("127.0.0.1", free_port()),
        lambda _: None,
        subscriptions=TOPICS.subscriptions,
        protocol="5",
        client_id="nobody",
        max_in_flight=10,
        ca_file=None,
    )
    connection.open()
    with pytest.raises(BrokerAway):
        await connection.publish("beatkeeper/down/radio", b"1", expires_s=60)
    await connection.close()


async def test_what_the_broker_does_not_let_us_publish_is_told(mosquitto: Mosquitto) -> None:
    async with connected(mosquitto.port) as connection:
        with pytest.raises(PublishRefused, match=r"\$SYS/broker/version"):
            await connection.publish("$SYS/broker/version", b"1", expires_s=60)
        await connection.publish("beatkeeper/down/radio", b"1", expires_s=60)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_what_was_on_its_way_when_the_broker_died_is_sent_again(
    mortal_broker: Mosquitto, protocol: Protocol
) -> None:
    async with connected(mortal_broker.port, protocol) as connection:
        assert mortal_broker.process is not None
        mortal_broker.process.send_signal(signal.SIGSTOP)
        publishing = asyncio.create_task(
            connection.publish("beatkeeper/down/radio", b"1", expires_s=60)
        )
        await asyncio.sleep(0.3)
        assert not publishing.done()
        mortal_broker.kill()
        mortal_broker.start()
        async with asyncio.timeout(LONG_S):
            await publishing
