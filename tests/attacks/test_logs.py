"""Where somebody was, and who it was, stands in no log line, in whatever way it came."""

import logging
import re
import time
from collections.abc import Iterator

import pytest
from attacking import OFFICER, Attacked, attacked
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from services import Mosquitto

from ingest.doors import DOORS
from ingest.examples import EXAMPLES

# Of a latitude or longitude, in degrees with decimals or as NMEA and TAIP write them.
POSITION = re.compile(r"(?<![\d.:])-?\d{1,3}\.\d{3,}|\d{5,}\.\d+|[+-]\d{7,8}")
NUMBER = re.compile(rb"\d{2,}\.\d{3,}|\d{4,5}\.\d+")
FORMATS = [door.format for door in DOORS]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, mosquitto: Mosquitto) -> Iterator[Attacked]:
    """In place of the others' service: this one listens to a broker as well."""
    folder = tmp_path_factory.mktemp("logs")
    with attacked(folder, mqtt=mosquitto.url, mqtt_client_id="logs") as service:
        yield service


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> None:
    """What the service logs, and more of what is its own."""
    for name, level in (("", logging.INFO), ("ingest", logging.DEBUG), ("app", logging.DEBUG)):
        caplog.set_level(level, name)


def sound_and_spoilt(format_: str) -> tuple[bytes, ...]:
    sound = EXAMPLES[format_].text.encode()
    broken = sound[: len(sound) // 2], sound[:-3] + b"\x00}"
    return (sound, *broken, NUMBER.sub(b"991.2345678", sound))


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All lines of all loggers, tracebacks and all."""
    plain = logging.Formatter()
    return "\n".join(plain.format(record) for record in caplog.records)


def tells_no_position(said: str, format_: str) -> bool:
    sent = NUMBER.findall(EXAMPLES[format_].text.encode())
    return not POSITION.search(said) and not any(number.decode() in said for number in sent)


@pytest.mark.parametrize("format_", FORMATS)
def test_no_log_line_holds_a_position(
    service: Attacked, format_: str, caplog: pytest.LogCaptureFixture
) -> None:
    url, shown = f"http://testserver/ingest/{format_}", service.shown["device"]
    for body in sound_and_spoilt(format_):
        service.client.post(url, data=body, headers=shown)
    assert tells_no_position(logged(caplog), format_), logged(caplog)


def test_no_log_line_holds_a_position_that_came_by_mqtt(
    service: Attacked, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    service.ask("POST", "/devices", {"name": "phone-9", "kind": "phone"})
    radio = paho.Client(CallbackAPIVersion.VERSION2)
    radio.connect("127.0.0.1", mosquitto.port)
    radio.loop_start()
    for format_ in FORMATS:
        for body in sound_and_spoilt(format_):
            sent = radio.publish(f"beatkeeper/up/radio-1/{format_}", body, qos=1)
            sent.wait_for_publish(10)
    radio.publish("beatkeeper/up/phone-9/pings", b"the last", qos=1).wait_for_publish(10)
    radio.disconnect()
    radio.loop_stop()
    deadline = time.monotonic() + 20
    while "phone-9" not in logged(caplog) or service.app.state.consumer.in_flight:
        assert time.monotonic() < deadline, logged(caplog)
        time.sleep(0.05)
    assert all(tells_no_position(logged(caplog), format_) for format_ in FORMATS), logged(caplog)


def test_no_log_line_names_an_officer(service: Attacked, caplog: pytest.LogCaptureFixture) -> None:
    for method, path, given in (
        ("GET", "/officers", None),
        ("POST", "/officers", OFFICER),
        ("POST", "/officers", OFFICER | {"team": "of nobody"}),
        ("GET", f"/visits?officer={OFFICER['number']}", None),
        ("GET", f"/officers/{OFFICER['number']}/{OFFICER['name']}", None),
    ):
        for role in ("administrator", "supervisor", "auditor"):
            service.ask(method, path, given, role)
    said = logged(caplog)
    assert OFFICER["name"] not in said
    assert not re.search(rf"\b{OFFICER['number']}\b", said), said
