"""What is published to devices, through a real mosquitto."""

import asyncio
import signal
import socket
from pathlib import Path

import pytest
from hearing import Device, connected, connection_to, letting, until_connected
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from services import Mosquitto, free_port

from ingest import mqtt
from ingest.errors import BrokerAway, PublishRefused, Unacknowledged
from ingest.mqttsession import Protocol


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
    connection = connection_to(free_port())
    connection.open()
    with pytest.raises(BrokerAway):
        await connection.publish("beatkeeper/down/radio", b"1", expires_s=60)
    await connection.close()


async def test_what_the_broker_does_not_let_us_publish_is_told(tmp_path: Path) -> None:
    with letting(tmp_path, "topic read #\ntopic write beatkeeper/down/phone") as broker:
        async with connected(broker.port) as connection:
            with pytest.raises(PublishRefused, match="beatkeeper/down/radio"):
                await connection.publish("beatkeeper/down/radio", b"1", expires_s=60)
            await connection.publish("beatkeeper/down/phone", b"1", expires_s=60)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_what_the_broker_does_not_acknowledge_is_given_up_and_never_sent_later(
    mortal_broker: Mosquitto, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "PUBLISH_S", 0.2)
    device = Device(mortal_broker.port, protocol="3.1.1")
    async with connected(mortal_broker.port, protocol) as connection:
        assert mortal_broker.process is not None
        mortal_broker.process.send_signal(signal.SIGSTOP)
        for _ in range(3):
            with pytest.raises(Unacknowledged, match="did not acknowledge"):
                await connection.publish(device.topic, b"1", expires_s=60)
        monkeypatch.undo()
        publishing = asyncio.create_task(connection.publish(device.topic, b"2", expires_s=60))
        await asyncio.sleep(0)
        mortal_broker.kill()
        with pytest.raises(Unacknowledged, match="went away"):
            await publishing
        mortal_broker.start()
        await until_connected(connection)
        await connection.publish(device.topic, b"3", expires_s=60)
        assert await device.has_heard(1) == [3]
    device.stop()


async def test_who_is_cancelled_as_the_broker_acknowledges_ends() -> None:
    """As both come in one step of the event loop, the answer must not swallow the cancellation."""
    connection = connection_to(free_port())
    connection.connected = True
    with socket.socket() as connection._watched:
        publishing = asyncio.create_task(connection.publish("a", b"1", expires_s=9))
        await asyncio.sleep(0)
        [mid] = connection._published
        connection._on_publish(connection._client, None, mid, ReasonCode(PacketTypes.PUBACK), None)
        publishing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await publishing
