"""The consumer against a real mosquitto: what is acknowledged, when, and what comes again."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest
from memory import NOW_US, Storage, identify, recognise
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from services import Mosquitto, free_port

from ingest.broker import Broker
from ingest.consumer import Consumer
from ingest.errors import StorageUnavailable
from ingest.intake import Intake
from ingest.mqtt import Arrival
from ingest.mqttsession import Protocol
from ingest.rates import EACH_MINUTE, Rate, Rates
from ingest.sender import Credential, Identify, Recognise, Sender, ask_always
from ingest.topics import TOPICS, Topics
from ingest.turnstile import Turnstile

PINGS = "beatkeeper/up/radio-7/pings"
_SESSIONS = count()


def ping(number: int, **fields: object) -> str:
    fix = {"time": NOW_US // 1_000_000 - 1000 + number, "lat": 51.5, "lon": -0.12}
    return json.dumps(fix | fields)


async def until(condition: Callable[[], object], *, within_s: float = 15) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


@dataclass
class Rig:
    """A broker, a device that publishes there, and a session of the test's own."""

    mosquitto: Mosquitto
    radio: paho.Client
    intake: Intake
    storage: Storage
    protocol: Protocol = "5"
    identify: Identify = identify
    recognise: Recognise = recognise
    turnstile: Turnstile | None = None
    topics: Topics = TOPICS
    now_us: Callable[[], int] = lambda: NOW_US
    client_id: str = field(default_factory=lambda: f"ingest-{next(_SESSIONS)}")

    def publish(self, topic: str, *payloads: str | bytes) -> None:
        for sent in [self.radio.publish(topic, payload, qos=1) for payload in payloads]:
            sent.wait_for_publish(10)

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[Consumer]:
        consumer = Consumer(
            Broker.from_url(self.mosquitto.url),
            intake=self.intake,
            identify=self.identify,
            recognise=self.recognise,
            turnstile=self.turnstile,
            now_us=self.now_us,
            topics=self.topics,
            protocol=self.protocol,
            client_id=self.client_id,
            max_in_flight=50,
            max_payload_bytes=2000,
            retry_s=(0.05, 0.1),
            stop_grace_s=0.2,
        )
        async with consumer:
            await until(lambda: consumer.connected)
            yield consumer

    async def seen_to(self, consumer: Consumer, messages: int) -> None:
        """Wait until so many messages are stored or set aside, and acknowledged."""
        await until(lambda: self.intake.counts.messages == messages and not consumer.in_flight)

    async def left_at_the_broker(self) -> int:
        """How many messages come again in the same session: those that nobody acknowledged."""
        await asyncio.sleep(0.1)  # or a new connection takes over before the old one is read out
        before = len(self.storage.batches) + len(self.storage.broken)
        async with self.consuming():
            await asyncio.sleep(0.3)
        return len(self.storage.batches) + len(self.storage.broken) - before


@pytest.fixture
def rig(mosquitto: Mosquitto, intake: Intake, storage: Storage) -> Iterator[Rig]:
    radio = paho.Client(CallbackAPIVersion.VERSION2)
    radio.reconnect_delay_set(1, 1)
    radio.connect("127.0.0.1", mosquitto.port)
    radio.loop_start()
    yield Rig(mosquitto, radio, intake, storage)
    radio.disconnect()
    radio.loop_stop()


@pytest.fixture(params=["5", "3.1.1"])
def either(rig: Rig, request: pytest.FixtureRequest) -> Rig:
    """The rig, with each version of MQTT; with one of them nobody is known without asking."""
    rig.protocol = request.param
    if rig.protocol == "3.1.1":
        rig.recognise = ask_always
    return rig


async def test_what_devices_publish_is_stored_and_then_acknowledged(either: Rig) -> None:
    location = '{"_type":"location","tst":1772399045,"lat":48.9,"lon":2.3}'
    async with either.consuming() as consumer:
        either.publish(PINGS, ping(1), f"[{ping(2)},{ping(3)}]")
        either.publish("owntracks/ada/phone", location, b"", '{"_type":"lwt"}')
        left = '{"_type":"transition","tst":1772399045,"event":"leave"}'
        either.publish("owntracks/ada/phone/event", left)
        await either.seen_to(consumer, 5)
    assert sorted(device for device, _ in either.storage.fixes) == [7, 7, 7, 9]
    assert either.storage.broken == []
    assert await either.left_at_the_broker() == 0


async def test_messages_wait_while_storage_is_away_and_are_stored_when_it_is_back(
    either: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    either.storage.failures = [StorageUnavailable("the disk is full")] * 4
    async with either.consuming() as consumer:
        either.publish(PINGS, ping(1), "broken")
        await either.seen_to(consumer, 2)
    assert len(either.storage.fixes) == len(either.storage.broken) == 1
    assert caplog.text.count("storage is away") == caplog.text.count("storage is back") == 1
    assert await either.left_at_the_broker() == 0


async def test_what_was_not_committed_comes_again_after_a_restart(either: Rig) -> None:
    either.storage.open.clear()
    async with either.consuming() as consumer:
        either.publish(PINGS, *(ping(n) for n in range(5)))
        await until(lambda: consumer.in_flight == 5)
    either.publish(PINGS, ping(5))  # while nobody is there
    assert either.storage.fixes == {}
    either.storage.open.set()
    async with either.consuming() as consumer:
        await until(lambda: len(either.storage.fixes) == 6 and not consumer.in_flight)
    assert await either.left_at_the_broker() == 0


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (PINGS, b"hello", "not JSON"),
        (PINGS, b"\xff" * 50, "not JSON"),
        (PINGS, b" " * 2001, "larger than 2000 bytes"),
        ("beatkeeper/up/radio-7/morse", b"-...", "no known format"),
        ("beatkeeper/up/stranger/pings", b"[]", "no device is called 'stranger': a topic has"),
        ("owntracks/eve/phone", b"{}", "no device has the owntracks address 'eve/phone'"),
        ("owntracks/ada/phone", b'{"_type":"encrypted"}', "encrypted"),
        (PINGS, ping(2, device="x").encode(), "not taken: device: 'radio-7' may not send for 'x'"),
        (PINGS, ping(2, lat=13.0).encode(), "could not be stored"),
    ],
)
async def test_a_message_that_will_never_do_is_set_aside_and_acknowledged(
    rig: Rig, topic: str, payload: bytes, reason: str
) -> None:
    rig.storage.poison_lat = 13.0
    async with rig.consuming() as consumer:
        rig.publish(topic, payload)
        rig.publish(PINGS, ping(1))
        await rig.seen_to(consumer, 2)
    assert len(rig.storage.fixes) == 1
    (broken,) = rig.storage.broken
    assert broken.payload == payload
    assert reason in broken.reason
    assert await rig.left_at_the_broker() == 0


async def test_a_failure_of_our_own_costs_one_message_and_is_logged(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    async def faulty(credential: Credential) -> Sender | None:
        if "ada" in str(credential):
            msg = "nobody thought of this"
            raise LookupError(msg)
        return await identify(credential)

    def faulty_at_once(credential: Credential) -> Sender | None:
        if "ada" in str(credential):
            raise LookupError
        return recognise(credential)

    rig.identify, rig.recognise = faulty, faulty_at_once
    async with rig.consuming() as consumer:
        rig.publish("owntracks/ada/phone", b"{}")
        rig.publish(PINGS, ping(1))
        await rig.seen_to(consumer, 2)
    assert "nobody thought of this" in rig.storage.broken[0].reason
    assert "nobody thought of this" in caplog.text
    assert await rig.left_at_the_broker() == 0


async def test_a_report_without_a_time_keeps_that_of_its_arrival_when_it_is_tried_again(
    rig: Rig,
) -> None:
    moments = count(NOW_US, 1_000_000)
    rig.now_us = lambda: next(moments)
    rig.storage.failures = [StorageUnavailable("the answer was lost") for _ in range(3)]
    async with rig.consuming() as consumer:
        rig.publish("beatkeeper/up/radio-7/lip", "0A001BDE31D89B7900081")
        await rig.seen_to(consumer, 1)
    [(_, time_us)] = rig.storage.fixes
    assert time_us <= NOW_US


async def test_an_acknowledgement_never_reaches_another_connections_message(rig: Rig) -> None:
    """The broker forgets the session, so that the second message gets the identifier of the first.

    Acknowledging the first one then would take the second from the broker, uncommitted.
    """
    rig.storage.open.clear()
    rig.storage.away_lat = 13.0
    async with rig.consuming() as consumer:
        rig.publish(PINGS, ping(1))
        await until(lambda: rig.storage.batches)
        rig.mosquitto.stop()
        (rig.mosquitto.folder / "mosquitto.db").unlink()
        await until(lambda: not consumer.connected)
        rig.mosquitto.start()
        await until(lambda: consumer.connected and rig.radio.is_connected())
        rig.publish(PINGS, ping(2, lat=13.0))
        await until(lambda: consumer.in_flight == 2)
        rig.storage.open.set()
        await until(lambda: len(rig.storage.fixes) == 1 and consumer.in_flight == 1)
    rig.storage.away_lat = None
    async with rig.consuming() as consumer:
        await until(lambda: len(rig.storage.fixes) == 2 and not consumer.in_flight)


async def test_a_broker_that_restarts_is_found_again(either: Rig) -> None:
    async with either.consuming() as consumer:
        either.publish(PINGS, ping(1))
        await until(lambda: either.storage.fixes)
        either.mosquitto.stop()
        await until(lambda: not consumer.connected)
        either.mosquitto.start()
        await until(lambda: consumer.connected and either.radio.is_connected())
        either.publish(PINGS, ping(2))
        await until(lambda: len(either.storage.fixes) == 2)


async def test_a_broker_that_is_not_there_is_one_line_and_no_crash(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    consumer = Consumer(
        Broker("127.0.0.1", free_port()), intake=intake, identify=identify, now_us=lambda: NOW_US
    )
    async with consumer:
        await until(lambda: caplog.records)
        await asyncio.sleep(1.5)  # time for a second attempt
        assert not consumer.connected
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "cannot be reached" in caplog.text
    assert "refused" in caplog.text


async def test_a_flood_is_held_back_and_nothing_of_it_lost(either: Rig) -> None:
    either.storage.open.clear()
    async with either.consuming() as consumer:
        either.publish(PINGS, *(ping(n) for n in range(300)))
        await until(lambda: consumer.in_flight >= 20)
        await asyncio.sleep(0.2)
        assert consumer.in_flight <= 50
        either.storage.open.set()
        await until(lambda: len(either.storage.fixes) == 300)


async def test_a_device_that_floods_is_counted_and_what_is_too_much_does_not_come_again(
    either: Rig,
) -> None:
    refused: list[int] = []
    few = Rates(Rate(per_s=0.001, at_once=3), lambda: 0.0)
    either.turnstile = Turnstile(few, Rates(EACH_MINUTE, lambda: 0.0), refused.append)
    async with either.consuming() as consumer:
        either.storage.failures = [StorageUnavailable("away")]  # tried again, it counts once
        either.publish(PINGS, *(ping(number) for number in range(8)))
        either.publish("owntracks/ada/phone", '{"_type":"location","tst":1,"lat":48.9,"lon":2.3}')
        await either.seen_to(consumer, 4)
        await until(lambda: len(refused) == 5)
    assert {device for device, _ in either.storage.fixes} == {7}
    assert len(either.storage.fixes) == 3
    assert await either.left_at_the_broker() == 0


async def test_nothing_that_a_topic_or_payload_holds_forges_a_line_of_the_log(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    async def faulty(credential: Credential) -> Sender | None:
        if "fault" in str(credential):
            raise LookupError
        return await identify(credential)

    caplog.set_level(logging.INFO)
    broker = Broker.from_url("mqtt://127.0.0.1")
    consumer = Consumer(broker, intake=intake, identify=faulty, now_us=lambda: NOW_US)
    forged = "\n2026-03-01 06:00:00,000 ERROR app.sealing audit log: forged\x1b[2J"
    for topic in (
        f"beatkeeper/up/stranger{forged}/pings",
        f"owntracks/fault/{forged}",
        f"beatkeeper/up/radio-7/x{forged}",
        PINGS,
        PINGS,
    ):
        for payload in (b"{", forged.encode(), b'[{"time":"%s"}]' % forged.encode()):
            for _ in range(12):
                await consumer._take(Arrival(0, 0, 1, topic, payload), NOW_US, counted=False)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) > 5
    assert not [line for line in lines if not line.isprintable()]
    assert not [line for line in lines if "owntracks/fault" in line and len(line) > 300]


async def test_what_the_broker_retains_of_phones_comes_once_and_of_radios_never(rig: Rig) -> None:
    sent = {"owntracks/ada/phone": '{"_type":"location","tst":1772399045,"lat":48.9,"lon":2.3}'}
    sent |= {"beatkeeper/up/radio-7/lip": "0A001BDE31D89B7900081"}  # was true when it came
    for topic, payload in sent.items():
        rig.radio.publish(topic, payload, qos=1, retain=True).wait_for_publish(10)
    try:
        async with rig.consuming() as consumer:
            await rig.seen_to(consumer, 1)
        async with rig.consuming() as consumer:
            rig.publish("beatkeeper/up/radio-7/lip", "0A001BDE31D89B7900081")
            await rig.seen_to(consumer, 2)
        assert sorted(device for device, _ in rig.storage.fixes) == [7, 9]
        assert len(rig.storage.batches) == 2
    finally:
        for topic in sent:
            rig.radio.publish(topic, b"", qos=1, retain=True).wait_for_publish(10)


async def test_all_that_a_phone_says_is_taken_and_its_regions_are_nobodys_position(
    either: Rig,
) -> None:
    transition = '{"_type":"transition","tst":1772399045,"event":"enter","lat":48.9,"lon":2.3}'
    waypoint = '{"_type":"waypoint","tst":1772399045,"desc":"Yard","lat":48.9,"lon":2.3}'
    async with either.consuming() as consumer:
        either.publish("owntracks/ada/phone/event", transition)
        either.publish("owntracks/ada/phone", '{"_type":"lwt"}', waypoint)
        either.publish("owntracks/ada/phone/waypoints", '{"_type":"waypoints","waypoints":[]}')
        either.publish("owntracks/ada/phone/status", '{"_type":"status"}')
        await either.seen_to(consumer, 3)
    assert list(either.storage.fixes) == [(9, NOW_US)]
    assert {said.kind for said in either.storage.said} == {"region_entered", "offline"}
    assert either.storage.broken == []
    assert await either.left_at_the_broker() == 0


async def test_phones_may_publish_under_a_base_of_the_forces_own(rig: Rig) -> None:
    rig.topics = Topics("force/phones")
    location = '{"_type":"location","tst":1772399045,"lat":48.9,"lon":2.3}'
    async with rig.consuming() as consumer:
        rig.publish("owntracks/ada/phone", location)
        rig.publish("force/phones/ada/phone", location)
        await rig.seen_to(consumer, 1)
    assert list(rig.storage.fixes) == [(9, NOW_US)]
