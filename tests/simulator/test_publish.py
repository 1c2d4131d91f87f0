"""Messages over a real MQTT broker: in order, with a receipt each, and refusals told."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import services
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from simulator import publish as publishing
from simulator.messages import Message, NotReceivedError
from simulator.play import play
from simulator.publish import IN_FLIGHT, Broker, publish


def message(number: int, topic: str) -> Message:
    return Message(float(number), "radio-1", "mqtt", "pings", topic, str(number).encode())


@contextmanager
def subscribed(port: int, topic: str, wanted: int) -> Iterator[asyncio.Future[list[bytes]]]:
    """The first `wanted` payloads on a topic, in the order in which they came."""
    loop = asyncio.get_running_loop()
    payloads: list[bytes] = []
    complete: asyncio.Future[list[bytes]] = loop.create_future()
    reader = mqtt.Client(CallbackAPIVersion.VERSION2)

    def arrived(_client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        payloads.append(bytes(message.payload))
        if len(payloads) == wanted:
            loop.call_soon_threadsafe(complete.set_result, payloads)

    reader.on_message = arrived
    reader.connect("127.0.0.1", port)
    reader.subscribe(topic, qos=1)
    reader.loop_start()
    try:
        yield complete
    finally:
        reader.disconnect()
        reader.loop_stop()


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
async def test_messages_arrive_in_their_order_with_a_receipt_each(
    mosquitto: services.Mosquitto, protocol: MQTTProtocolVersion
) -> None:
    topic = f"beatkeeper/up/radio-{protocol.value}/pings"
    messages = [message(number, topic) for number in range(10 * IN_FLIGHT)]
    receipts: list[None] = []
    with subscribed(mosquitto.port, topic, len(messages)) as arrived:
        broker = Broker("127.0.0.1", mosquitto.port, protocol)
        await publish(messages, broker, lambda: receipts.append(None))
        assert await asyncio.wait_for(arrived, 10) == [sent.body for sent in messages]
    assert len(receipts) == len(messages)


async def test_a_connection_that_breaks_is_made_again_and_nothing_is_lost(
    mosquitto: services.Mosquitto,
) -> None:
    messages = [message(number, "beatkeeper/up/radio-1/pings") for number in range(200)]
    received = 0

    def receipt() -> None:
        nonlocal received
        received += 1
        if received == 50:
            mosquitto.stop()
            mosquitto.start()

    await publish(messages, Broker("127.0.0.1", mosquitto.port), receipt)
    assert received == len(messages)


async def test_a_message_that_the_broker_refuses_is_told(mosquitto: services.Mosquitto) -> None:
    messages = [message(1, "beatkeeper/up/radio-1/pings"), message(2, "$SYS/broker/version")]
    broker = Broker("127.0.0.1", mosquitto.port, MQTTProtocolVersion.MQTTv5)
    with pytest.raises(NotReceivedError, match=r"radio-1, 2.0 s.*\$SYS/broker/version"):
        await publish(messages, broker, lambda: None)


async def test_a_broker_that_is_not_there_is_tried_again_and_then_given_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publishing, "PAUSES_S", (0.01,))
    with pytest.raises(ConnectionRefusedError):
        await publish([], Broker("127.0.0.1", services.free_port()), lambda: None)


async def test_a_broker_that_never_answers_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "RECEIPT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ConnectionError, match=f"127.0.0.1:{port}: no answer"):
            await publish([], Broker("127.0.0.1", port), lambda: None)


async def test_progress_counts_what_was_received_up_to_all_of_it(
    mosquitto: services.Mosquitto,
) -> None:
    messages = [message(number, "beatkeeper/up/radio-9/pings") for number in range(50)]
    told: list[tuple[int, int]] = []
    await play(
        messages,
        base_url="http://127.0.0.1:9",
        broker=Broker("127.0.0.1", mosquitto.port),
        keys={},
        progress=lambda received, total: told.append((received, total)),
    )
    assert told == [(number, 50) for number in range(1, 51)]


async def test_the_first_failure_stops_the_play_and_is_what_is_raised(
    mosquitto: services.Mosquitto,
) -> None:
    fine = [message(number, "beatkeeper/up/radio-9/pings") for number in range(5)]
    with pytest.raises(NotReceivedError):
        await play(
            [*fine, message(6, "$SYS/broker/version")],
            base_url="http://127.0.0.1:9",
            broker=Broker("127.0.0.1", mosquitto.port, MQTTProtocolVersion.MQTTv5),
            keys={},
            progress=lambda _received, _total: None,
        )
