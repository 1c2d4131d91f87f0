"""The mosquitto of docs/mosquitto.md with our files, and devices that try what they may not."""

import asyncio
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import services
import sqlalchemy as sa
from certificates import Certificate
from guarded import PASSWORD, Guarded, guarded
from mqttdevice import MqttDevice, mqtt_device
from typer.testing import CliRunner

from app.access.secrets import DeviceKey, new_device_key
from app.access.viewer import OPERATOR
from app.cli import cli
from app.doctor.broker import Listening, check_broker
from app.doctor.finding import Status
from app.main import create_app
from app.settings import Settings
from app.storage import devices, keys
from app.storage.devices import Address, Device
from app.storage.engine import Database, Writer
from app.storage.schema import fixes, quarantine
from ingest.broker import Broker
from ingest.topics import TOPICS
from ingest.trial import Line

Context = AbstractContextManager[MqttDevice]
NOW = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
REFUSED = "Not authorized"
LET_IN = "Success"
MADE = {
    "phone-03": Device("phone-03", "phone", "phone", [Address("owntracks", "pc1/phone")]),
    "phone-04": Device("phone-04", "phone", "phone", [Address("owntracks", "pc2/phone")]),
    "radio-7": Device("radio-7", "radio", "radio"),
    "radio-8": Device("radio-8", "radio", "radio"),
    "lost-1": Device("lost-1", "radio", "radio"),
    "g1": Device("g1", "gateway", "gateway", [], ["radio-7", "lost-1"]),
    "a:b": Device("a:b", "radio", "radio"),
}


@dataclass
class World:
    """The broker, the database, and the devices' keys."""

    guarded: Guarded
    url: str
    keys: dict[str, DeviceKey]

    def __call__(self, name: str, secret: str | None = None, **more: object) -> "Context":
        """A device that logs in by its key."""
        secret = self.keys[name].secret if secret is None else secret
        port, authority = self.guarded.by_password, self.guarded.servers.file
        return mqtt_device(port, authority, name, secret, **more)  # type: ignore[arg-type]

    def by_certificate(self, shows: Certificate, name: str | None = None) -> "Context":
        port, authority = self.guarded.by_certificate, self.guarded.servers.file
        return mqtt_device(port, authority, name, shows=shows)

    def service(self) -> "Context":
        """A connection of the service's own user, which listens to everything that it may."""
        return mqtt_device(self.guarded.broker.port, None, "beatkeeper", PASSWORD)

    def change(self, work: Callable[[Writer], object]) -> None:
        """Changes something in the database, and tells nobody."""
        asyncio.run(change(self.url, work))

    def write(self) -> None:
        """Writes both files, and has mosquitto read them."""
        options = [*self.guarded.files, "--mqtt", self.guarded.service_url, "--database", self.url]
        if self.guarded.broker.process is not None:
            options += ["--pid-file", str(self.guarded.pid_file)]
        done = CliRunner().invoke(cli, ["mosquitto", *options])
        assert done.exit_code == 0, done.stderr
        assert "'a:b' is left out" in done.stderr
        assert "has not been told" not in done.stderr


async def change(url: str, work: Callable[[Writer], object]) -> None:
    database = Database(url)
    async with database.write() as writer:
        await work(writer)  # type: ignore[misc]
    await database.close()


@pytest.fixture(scope="module")
def world(sqlite_template: Path, mosquitto: services.Mosquitto) -> Iterator[World]:
    with guarded() as broker:
        url = f"sqlite:///{shutil.copy(sqlite_template, broker.folder / 'beatkeeper.db')}"
        made = {name: new_device_key() for name in MADE}

        async def enrol(writer: Writer) -> None:
            for name, device in MADE.items():
                key = made[name]
                await devices.create(writer, device, key.digest, NOW, mqtt_hash=key.mqtt_hash)
            await keys.lock(writer, "lost-1", NOW)

        world = World(broker, url, made)
        world.change(enrol)
        world.write()
        broker.broker.start()
        yield world


def heard_by_service(world: World, act: Callable[[], object]) -> list[str]:
    """The topics of what the service is sent while something is done."""
    with world.service() as service, world("phone-03") as other:
        service.subscribe("#")
        act()
        assert other.publish("beatkeeper/up/phone-03/pings", b"end") == ""
        deadline = time.monotonic() + 5
        while service.heard[-1:] != [("beatkeeper/up/phone-03/pings", b"end")]:
            assert time.monotonic() < deadline, service.heard
            time.sleep(0.01)
        return [topic for topic, _ in service.heard[:-1]]


OWN = ["beatkeeper/up/phone-04/pings", "owntracks/pc2/phone", "owntracks/pc2/phone/event"]
OTHERS = [
    "beatkeeper/up/radio-7/pings",
    "beatkeeper/up/phone-03/owntracks",
    "beatkeeper/up/phone-04/pings/more",
    "beatkeeper/up/phone-04",
    "beatkeeper/up//pings",
    "owntracks/pc1/phone",
    "owntracks/pc1/phone/event",
    "owntracks/pc2/phone/cmd",
    "owntracks/phone-04/phone",
    "beatkeeper/down/phone-03",
    "beatkeeper/down/phone-04",
    "$SYS/broker/version",
    "$share/x/beatkeeper/up/phone-03/pings",
    "anything/else",
]


@pytest.mark.parametrize("five", [True, False], ids=["5", "3.1.1"])
@pytest.mark.parametrize("retain", [False, True], ids=["plain", "retained"])
def test_a_device_publishes_its_own_topics_and_nothing_under_any_other(
    world: World, five: bool, retain: bool
) -> None:
    def publish() -> None:
        with world("phone-04", five=five) as device:
            said = {topic: device.publish(topic, retain=retain) for topic in OWN + OTHERS[:-3]}
            for topic in OWN:
                device.publish(topic, b"", retain=True)
        refused = {topic for topic, reason in said.items() if reason == REFUSED}
        assert refused == (set(OTHERS[:-3]) if five else set())  # 3.1.1 has no word for it

    heard = heard_by_service(world, publish)
    assert set(heard) == set(OWN)


def test_a_gateway_publishes_for_the_devices_it_speaks_for_that_are_not_locked(
    world: World,
) -> None:
    with world("g1") as gateway:
        for name, said in {"g1": "", "radio-7": "", "radio-8": REFUSED, "lost-1": REFUSED}.items():
            assert gateway.publish(f"beatkeeper/up/{name}/tetra") == said, name


def test_a_device_reads_what_is_said_to_it_and_nothing_else_whatever_it_subscribes_to(
    world: World,
) -> None:
    everything = ("#", "$SYS/#", "beatkeeper/down/+", "beatkeeper/up/#", "owntracks/#",
                  "beatkeeper/down/phone-04", "$share/a/beatkeeper/#")  # fmt: skip
    with world("phone-03") as device, world.service() as service, world("phone-04") as other:
        device.subscribe(*everything)
        for name in ("phone-04", "radio-7", "phone-03"):
            assert service.publish(f"beatkeeper/down/{name}", name.encode()) == ""
        assert other.publish("beatkeeper/up/phone-04/pings") == ""
        assert other.publish("owntracks/pc2/phone") == ""
        assert service.publish("beatkeeper/down/phone-03", b"last") == ""
        deadline = time.monotonic() + 5
        while ("beatkeeper/down/phone-03", b"last") not in device.heard:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.2)
    assert {topic for topic, _ in device.heard} == {"beatkeeper/down/phone-03"}


def test_what_was_retained_of_others_is_given_to_no_device(world: World) -> None:
    with world("phone-04") as device:
        device.publish("owntracks/pc2/phone", b"here I am", retain=True)
    with world("phone-03") as other, world.service() as service:
        other.subscribe("#", "owntracks/+/+")
        service.subscribe("owntracks/+/+")
        service.publish("beatkeeper/down/phone-03", b"last")
        deadline = time.monotonic() + 5
        while not (other.heard and service.heard):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert {topic for topic, _ in other.heard} == {"beatkeeper/down/phone-03"}
    assert service.heard == [("owntracks/pc2/phone", b"here I am")]
    with world("phone-04") as device:
        device.publish("owntracks/pc2/phone", b"", retain=True)


def test_a_will_to_anothers_topic_is_dropped(world: World) -> None:
    def die() -> None:
        for topic in ("beatkeeper/up/phone-03/pings", "owntracks/pc1/phone"):
            with world("phone-04", will=topic) as device:
                assert device.answer == LET_IN
                device.client._sock_close()  # without a word, as a phone in a dead spot
                time.sleep(0.1)

    assert heard_by_service(world, die) == []


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        (None, None),
        ("phone-03", "bkd_wrong"),
        ("phone-03", ""),
        ("nobody", "bkd_wrong"),
        ("beatkeeper", "bkd_wrong"),
    ],
)
@pytest.mark.parametrize("five", [True, False], ids=["5", "3.1.1"])
def test_whoever_shows_nothing_or_what_is_wrong_is_not_let_in(
    world: World, name: str | None, secret: str | None, five: bool
) -> None:
    port, authority = world.guarded.by_password, world.guarded.servers.file
    with mqtt_device(port, authority, name, secret, five=five) as device:
        assert device.answer == REFUSED


def test_anothers_key_and_a_locked_devices_are_no_password(world: World) -> None:
    with world("phone-03", world.keys["phone-04"].secret) as device:
        assert device.answer == REFUSED
    with world("lost-1") as device:
        assert device.answer == REFUSED


def test_a_device_cannot_throw_the_service_out_by_its_client_id(world: World) -> None:
    service = mqtt_device(
        world.guarded.broker.port, None, "beatkeeper", PASSWORD, client_id="beatkeeper"
    )
    with service as there:
        for five in (True, False):
            with world("phone-03", client_id="beatkeeper", five=five) as device:
                assert device.answer == LET_IN
                assert device.publish("beatkeeper/up/phone-03/pings") == ""
        assert not there.ended.is_set()
        assert there.publish("beatkeeper/down/phone-03") == ""


def test_a_rotated_key_is_good_once_the_old_one_is_revoked_and_not_before(world: World) -> None:
    new = new_device_key()
    world.change(
        lambda writer: devices.add_key(writer, "radio-8", new.digest, NOW, mqtt_hash=new.mqtt_hash)
    )
    world.write()
    with world("radio-8") as old, world("radio-8", new.secret) as early:
        assert (old.answer, early.answer) == (LET_IN, REFUSED)

        async def revoke_first(writer: Writer) -> None:
            first, _ = await keys.listed(writer, OPERATOR, "radio-8")
            assert first.mqtt
            await keys.revoke(writer, "radio-8", first.id, NOW)

        world.change(revoke_first)
        world.write()
        assert old.ended.wait(5)  # thrown out as mosquitto reads the file
    with world("radio-8") as old, world("radio-8", new.secret) as device:
        assert (old.answer, device.answer) == (REFUSED, LET_IN)


def test_a_certificate_is_a_devices_identity_until_it_is_revoked_or_the_device_locked(
    world: World, tmp_path: Path
) -> None:
    authority = world.guarded.devices
    made, other = authority.issue("radio-7"), authority.issue("phone-04")
    with world.by_certificate(made, "phone-04") as device:  # whatever it calls itself
        assert device.answer == LET_IN
        assert device.publish("beatkeeper/up/radio-7/tetra") == ""
        assert device.publish("beatkeeper/up/phone-04/pings") == REFUSED
        world.write()  # and stays, as mosquitto reads the files anew
        assert device.publish("beatkeeper/up/radio-7/tetra") == ""
    for stranger in (world.guarded.servers.issue("radio-7"), None):
        refused(world, stranger)
    with world.by_certificate(authority.issue("lost-1")) as locked:
        assert locked.publish("beatkeeper/up/lost-1/tetra") == REFUSED
    authority.revoke(made)
    shutil.copy(authority.revoked, world.guarded.folder / "devices-ca.crl")
    world.write()
    time.sleep(0.3)
    with world.by_certificate(other) as device:
        assert device.answer == LET_IN
    refused(world, made)


def refused(world: World, shows: Certificate | None) -> None:
    """Sees that a certificate lets nobody in, which is told in the handshake or after it."""
    port, authority = world.guarded.by_certificate, world.guarded.servers.file
    with suppress(OSError), mqtt_device(port, authority, shows=shows) as device:
        assert device.answer != LET_IN


def test_the_doctor_sees_whether_the_service_may_publish_to_devices(world: World) -> None:
    def found(user: str, port: int) -> dict[str, Status]:
        broker = Broker.from_url(f"mqtt://{user}@127.0.0.1:{port}")
        listening = Listening(broker, "beatkeeper", Line(), TOPICS)
        return {one.check: one.status for one in check_broker(listening, [], 2.0)[0]}

    port = world.guarded.broker.port
    assert found(f"beatkeeper:{PASSWORD}", port)["feedback"] is Status.OK
    key = world.keys["phone-03"].secret
    assert found(f"phone-03:{key}", port)["feedback"] is Status.BROKEN


@contextmanager
def watching(world: World) -> Iterator[None]:
    """`beatkeeper mosquitto --watch` beside the broker."""
    command = [sys.executable, "-m", "app", "mosquitto", *world.guarded.files, "--watch"]
    command += ["--pid-file", str(world.guarded.pid_file), "--database", world.url]
    process = subprocess.Popen(
        command,
        env=os.environ | {"BEATKEEPER_MQTT": world.guarded.service_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert b"are written" in process.stdout.readline()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)


async def test_a_device_is_heard_end_to_end_and_a_lock_cuts_it_off_within_seconds(
    world: World,
) -> None:
    service = create_app(
        Settings(database=world.url, mqtt=world.guarded.service_url, spool_bytes=0)
    )
    when = int(time.time())
    topic = "beatkeeper/up/phone-04/pings"
    with watching(world), world("phone-04") as device:
        async with asyncio.timeout(40), service.router.lifespan_context(service):
            consumer, database = service.state.consumer, service.state.database
            while not consumer.connected:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            for second in (1, 2):
                said = ping(when - second)
                assert await asyncio.to_thread(device.publish, topic, said) == ""
            while await stored(database) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await asyncio.to_thread(device.subscribe, "beatkeeper/down/phone-04")
            await consumer.publish("beatkeeper/down/phone-04", b"stay", expires_s=60)
            while not device.heard:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            begun = time.monotonic()
            async with database.write() as writer:
                await keys.lock(writer, "phone-04", NOW)
            service.state.directory.look_again()
            # The broker lets it in for a moment; the service takes nothing, and keeps nothing.
            await asyncio.to_thread(device.publish, topic, ping(when))
            assert await asyncio.to_thread(device.ended.wait, 8)
            cut_s = time.monotonic() - begun
            while consumer.in_flight:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert await stored(database) == 2
            async with database.read() as reader:
                kept = sa.select(sa.func.count()).select_from(quarantine)
                assert await reader.scalar(kept) == 0
            async with database.write() as writer:
                await keys.unlock(writer, "phone-04")
    assert cut_s < 6
    await asyncio.to_thread(world.write)


def ping(when_s: int) -> bytes:
    return json.dumps({"time": when_s, "lat": 51.5, "lon": -0.12}).encode()


async def stored(database: Database) -> int:
    async with database.read() as reader:
        return int(await reader.scalar(sa.select(sa.func.count()).select_from(fixes)) or 0)
