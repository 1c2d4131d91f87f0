"""A real broker with each fault, and what is said of it."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
import services
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from app.doctor.broker import Listening, check_broker, check_name
from app.doctor.finding import Finding, Status, worst
from ingest.broker import Broker
from ingest.topics import TOPICS
from ingest.trial import Line

MESSAGES = [("beatkeeper/up/d/pings", b"[]"), ("beatkeeper/up/d/nmea", b"$")]
GUARDED = """
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
"""
ACCESS = """
user all
topic readwrite #
user reader
topic read #
user deaf
topic write beatkeeper/up/#
"""


@pytest.fixture(scope="module")
def guarded(mosquitto: services.Mosquitto) -> Iterator[services.Mosquitto]:
    """A broker that asks for passwords, and lets its users do different things."""
    folder = Path(mkdtemp(prefix="beatkeeper-guarded-"))
    port = services.free_port()
    lines = f"listener {port} 127.0.0.1\n" + GUARDED.format(folder=folder)
    lines += "user root\n" if os.geteuid() == 0 else ""
    (folder / "mosquitto.conf").write_text(lines)
    (folder / "acl").write_text(ACCESS)
    (folder / "passwords").write_text("".join(f"{n}:secret\n" for n in ("all", "reader", "deaf")))
    subprocess.run(["mosquitto_passwd", "-U", folder / "passwords"], check=True)
    broker = services.Mosquitto(port, folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder)


def checked(broker: services.Mosquitto, user: str = "", *, protocol: str = "5") -> list[Finding]:
    url = f"mqtt://{user + '@' if user else ''}127.0.0.1:{broker.port}"
    found, _ = check_broker(listening(url, protocol), MESSAGES, 1.0)
    return [finding for finding in found if finding.status > Status.OK]


def listening(url: str, protocol: str = "5", client_id: str = "beatkeeper") -> Listening:
    return Listening(Broker.from_url(url), client_id, Line(protocol), TOPICS)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_broker_that_is_well_brings_each_message_round(
    mosquitto: services.Mosquitto, protocol: str
) -> None:
    found, came = check_broker(listening(mosquitto.url, protocol), MESSAGES)
    # By 3.1.1 nobody is told that a message was refused.
    unseen = ["feedback", "queue"] if protocol == "3.1.1" else ["queue"]
    assert [one.check for one in found if one.status is not Status.OK] == unseen
    assert worst(found) is Status.OK
    assert came == {topic for topic, _ in MESSAGES}
    assert any("max_queued_messages" in finding.do for finding in found)


def test_a_broker_that_is_away_is_named() -> None:
    found, _ = check_broker(listening(f"mqtt://127.0.0.1:{services.free_port()}"), MESSAGES)
    [finding] = found
    assert (finding.status, finding.check) == (Status.BROKEN, "broker")
    assert "refused" in finding.says
    assert finding.do == "See that it runs, and that host and port are right."


@pytest.mark.parametrize("user", ["", "all:wrong", "nobody:secret"])
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_login_is_named(guarded: services.Mosquitto, user: str, protocol: str) -> None:
    [finding] = checked(guarded, user, protocol=protocol)
    assert (finding.status, finding.check) == (Status.BROKEN, "broker")
    assert "does not let us in" in finding.says
    assert "user and password" in finding.do
    assert "secret" not in finding.says


def test_an_access_list_that_lets_all_through_is_well(guarded: services.Mosquitto) -> None:
    assert checked(guarded, "all:secret") == []


@pytest.mark.parametrize("user", ["reader:secret", "deaf:secret"])
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_an_access_list_that_holds_messages_back_is_named(
    guarded: services.Mosquitto, user: str, protocol: str
) -> None:
    [finding, *more] = checked(guarded, user, protocol=protocol)
    assert (finding.status, finding.check) == (Status.LOOK, "round trip")
    told = [(Status.BROKEN, "feedback")] if protocol == "5" else []
    assert [(one.status, one.check) for one in more] == told
    assert "beatkeeper/up/d/" in finding.says
    assert "access list" in finding.do


def test_positions_that_a_broker_keeps_for_anybody_are_told_of(
    mosquitto: services.Mosquitto,
) -> None:
    command = ["mosquitto_pub", "-p", str(mosquitto.port), "-r", "-t", "owntracks/pc1/phone"]
    subprocess.run([*command, "-m", "{}"], check=True)
    try:
        [finding] = checked(mosquitto)
    finally:
        subprocess.run([*command, "-n"], check=True)
    assert (finding.status, finding.check) == (Status.LOOK, "retained")
    assert "1 position " in finding.says


def test_another_program_of_our_name_is_noticed(mosquitto: services.Mosquitto) -> None:
    ours = listening(mosquitto.url, client_id="beatkeeper-double")
    assert check_name(ours, 0.5) == []
    other = paho.Client(CallbackAPIVersion.VERSION2, client_id=ours.client_id)
    other.reconnect_delay_set(1, 1)
    other.connect("127.0.0.1", mosquitto.port)
    other.loop_start()
    time.sleep(0.2)
    try:
        [finding] = check_name(ours)
    finally:
        other.disconnect()
        other.loop_stop()
    assert finding.status is Status.BROKEN
    assert "'beatkeeper-double'" in finding.says
    assert "If it is the service itself" in finding.do
