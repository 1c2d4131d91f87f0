"""The whole examination on a real service, broker and database, with each kind of fault planted."""

import asyncio
import datetime as dt
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import services
import sqlalchemy as sa
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from planted import Planted, draw, plant, square
from running import Running
from typer.testing import CliRunner

import app as package
from app.cli import cli
from app.storage import quarantine, schema
from app.storage.engine import Database
from app.storage.types import to_us
from ingest.message import Broken

WEEKS_S = 1024 * 7 * 86_400.0
NOTHING = "http://127.0.0.1:1"
SPOTS = {"park": square(150), "alley": square(7, east_m=2000), "corner": square(90, east_m=200)}
DEVICES = [
    Planted("good"),
    Planted("sparse", every_s=300, hours=6),
    Planted("vague", accuracy_m=60),
    Planted("mute", accuracy_m=None),
    Planted("silent", hours=1, until_s=30 * 3600),
    Planted("never", hours=0),
    Planted("fast", late_s=-3600),
    Planted("rolled", late_s=WEEKS_S),
    Planted("knots", metres_a_second=10, speed_mps=19.4),
    Planted("gappy", gap_s=(3000, 1200)),
    Planted("nobodys", carried=False),
]
NAMED = {
    "sparse": {"interval", "observability", "judging"},
    "vague": {"accuracy", "judging"},
    "mute": {"accuracy"},
    "silent": {"silence"},
    "never": {"silence"},
    "fast": {"clock"},
    "rolled": {"clock"},
    "knots": {"speed"},
    "gappy": {"observability"},
    "nobodys": {"assignment"},
}


def run(url: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit status, and what was found."""
    result = CliRunner().invoke(cli, ["doctor", "--json", "--database", url, *arguments])
    assert result.stdout, result.stderr
    return result.exit_code, json.loads(result.stdout)["findings"]


def of(found: list[dict[str, Any]], check: str) -> list[tuple[str, str]]:
    return [(one["status"], one["says"]) for one in found if one["check"] == check]


async def _left(url: str) -> list[int]:
    """Of the trial's device: fixes, what it said, good keys; and all that people were told."""
    database = Database(url)
    mine = sa.select(schema.devices.c.id).where(
        schema.devices.c.name.startswith("beatkeeper-doctor-")
    )
    keys = schema.device_keys.c
    number = sa.func.count()
    queries = [
        sa.select(number).where(schema.fixes.c.device_id.in_(mine)),
        sa.select(number).where(schema.device_events.c.device_id.in_(mine)),
        sa.select(number).where(keys.device_id.in_(mine), keys.revoked.is_(None)),
        sa.select(number).select_from(schema.events),
        sa.select(number).select_from(schema.visits),
    ]
    async with database.read() as reader:
        left = [await reader.scalar(query) for query in queries]
    await database.close()
    return left


async def _plant(url: str) -> None:
    database = Database(url)
    await plant(database, DEVICES, dt.datetime.now(dt.UTC))
    await draw(database, SPOTS)
    async with database.write() as writer:
        for reason in ("what", "why"):
            broken = Broken(b"$", "nmea", to_us(dt.datetime.now(dt.UTC)), "drone", reason)
            await quarantine.keep(writer, broken)
    await database.close()


def test_each_fault_is_named_and_the_trial_leaves_nothing(
    database_url: str, mosquitto: services.Mosquitto, tmp_path: Path, sqlite_template: Path
) -> None:
    other = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'other.db')}"
    asyncio.run(_plant(database_url))
    settings = {"database": database_url, "mqtt": mosquitto.url}
    with Running(tmp_path, settings | {"mqtt_client_id": f"doctored-{tmp_path.name}"}) as service:
        status, found = run(database_url, "--mqtt", mosquitto.url, "--url", service.url)
        _, strange = run(other, "--mqtt", "mqtt://127.0.0.1:1", "--url", service.url)
    assert status == 2
    unknown = "The service does not know a key that was just made in this database."
    assert of(strange, "door") == [("broken", unknown)]
    assert [status for status, _ in of(strange, "broker")] == ["broken", "look at this"]
    assert "it uses another one, or login" in of(strange, "broker")[1][1]
    assert of(found, "door") == [
        ("ok", f"A fix of each of 14 formats over {way} was answered and stored.")
        for way in ("HTTP", "MQTT")
    ]
    assert {
        one["status"] for one in found if one["check"] in {"service", "broker", "client id"}
    } == {"ok"}
    assert asyncio.run(_left(database_url)) == [0, 0, 0, 0, 0]
    named = {one["about"]: set() for one in found if one["about"]}
    for one in found:
        if one["about"]:
            named[one["about"]].add(one["check"])
    everywhere = {"park": {"hot spots"}, "alley": {"width"}, "drone": {"unusable"}}
    assert {name: checks - {"judging"} for name, checks in named.items()} == {
        name: checks - {"judging"}
        for name, checks in (NAMED | everywhere | {"good": set()}).items()
    }
    assert {name for name, checks in named.items() if "judging" in checks} >= {"sparse", "vague"}
    _read(found)


def _read(found: list[dict[str, Any]]) -> None:
    """What is said in words."""
    said = {(one["check"], one["about"]): one["says"] for one in found}
    assert "1024 weeks behind" in said["clock", "rolled"]
    assert "1 h ahead: it sends local time" in said["clock", "fast"]
    assert "knots are taken for m/s" in said["speed", "knots"]
    assert "too sparse to judge a 10-minute patrol in any" in said["judging", "sparse"]
    assert "every 300 s (the median), while its profile" in said["interval", "sparse"]
    assert "(1 gap unexplained)" in said["observability", "gappy"]
    assert "cannot judge a 10-minute patrol in alley" in said["judging", "good"]
    assert of(found, "formats")[0][1].startswith("Received in the last 24 h: pings (of 8 devices)")
    assert of(found, "plan")[0][0] == "look at this"
    assert found[0]["check"] == "fitness"
    fit = [says for _, says in of(found, "fitness")]
    assert fit[0].startswith("5 of 11 devices can in part")
    assert fit[1].endswith("dated wrong: sparse, fast.")
    assert fit[2].endswith(": mute, silent, never, rolled.")
    assert of(found, "queue")[0][0] == "note"
    assert of(found, "unusable") == [
        (
            "look at this",
            "drone sent 2 messages as nmea that could not be used; of the last one: why.",
        )
    ]


def test_without_a_service_the_rest_is_examined(sqlite_url: str) -> None:
    asyncio.run(_plant(sqlite_url))
    status, found = run(sqlite_url, "--url", NOTHING)
    assert status == 2
    assert of(found, "service")[0][1].startswith(f"No service answers at {NOTHING}")
    assert of(found, "clock") != []
    table = CliRunner().invoke(cli, ["doctor", "--database", sqlite_url, "--url", NOTHING])
    assert table.exit_code == 2
    assert "look at this  silence" in table.stdout
    assert "2 devices were observed for less than 80% of their time" in table.stdout
    assert table.stdout.splitlines()[1].startswith("note          fitness")
    assert table.stdout.splitlines()[-1].endswith(" broken")


def test_nobody_is_thrown_out_of_the_services_name_where_it_may_run_elsewhere(
    sqlite_url: str, mosquitto: services.Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEATKEEPER_PORT", str(services.free_port()))
    monkeypatch.setenv("BEATKEEPER_MQTT_CLIENT_ID", "beatkeeper-elsewhere")
    elsewhere = paho.Client(CallbackAPIVersion.VERSION2, client_id="beatkeeper-elsewhere")
    lost = threading.Event()
    elsewhere.on_disconnect = lambda *_: lost.set()
    elsewhere.connect("127.0.0.1", mosquitto.port)
    elsewhere.loop_start()
    try:
        _, found = run(sqlite_url, "--mqtt", mosquitto.url)
        assert not lost.is_set()
    finally:
        elsewhere.disconnect()
        elsewhere.loop_stop()
    assert of(found, "round trip")[0][0] == "ok"
    assert of(found, "client id") == []


async def _drop(url: str, table: str) -> None:
    database = Database(url)
    async with database.write() as writer:
        await writer.exec_driver_sql(f"DROP TABLE {table}")
    await database.close()


@pytest.mark.parametrize(
    ("table", "check"),
    [("quarantine", "unusable"), ("plan_windows", "hot spots"), ("device_events", "devices")],
)
def test_where_the_database_fails_in_a_part_the_others_are_told(
    sqlite_url: str, table: str, check: str
) -> None:
    asyncio.run(_plant(sqlite_url))
    asyncio.run(_drop(sqlite_url, table))
    status, found = run(sqlite_url, "--url", NOTHING)
    assert status == 2
    assert ("broken", f"The database failed in the middle: no such table: {table}.") in of(
        found, check
    )
    assert {one["check"] for one in found} >= {"service", "unusable", "addresses", "hot spots"}
    assert (of(found, "clock") == []) is (check == "devices")


def test_a_pilot_without_devices_is_not_broken_by_that(sqlite_url: str) -> None:
    _, found = run(sqlite_url, "--url", NOTHING)
    assert of(found, "devices") == [("note", "There are no devices yet.")]


class _Proxy(BaseHTTPRequestHandler):
    """What stands between devices and the service, and answers all posts with a page of its own."""

    def do_GET(self) -> None:
        ready = self.path == "/readyz"
        document = {"info": {"version": package.__version__}}
        self._answer(json.dumps({"database": True, "broker": None} if ready else document))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer("<html>Welcome</html>")

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def _proxy() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_answer_that_is_not_the_protocols_own_is_named(sqlite_url: str) -> None:
    with _proxy() as url:
        _, found = run(sqlite_url, "--url", url)
    doors = of(found, "door")
    assert len(doors) == 14
    assert {status for status, _ in doors} == {"broken"}
    assert doors[0][1] == "pings was answered b'<html>Welcome</html>', which is no receipt."
    assert "owntracks was answered b'<html>Welcome</html>', which its apps" in doors[1][1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--database", "mysql://x/y"], "databases are sqlite:///FILE or postgresql://HOST/NAME"),
        (["--mqtt", "broker"], "an MQTT broker is given as mqtt://"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(cli, ["doctor", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
