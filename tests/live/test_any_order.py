"""Real tracks through the real service, in any order and through a `kill -9`: what `dwell` finds.

Equal means: the same visits, and of each every column that `beatkeeper dwell` writes, exactly.
Whether a visit is still open is the service's to say, and depends on how long nothing has come.
"""

import datetime as dt
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import contest
import httpx
import numpy as np
import pytest
import sending
from running import Running
from services import Mosquitto
from shapely.geometry import shape

from geofence.model import Fixes, Hotspot, Profile
from ingest.trackfiles import read_tracks

Row = dict[str, Any]
# The profile that the devices are given, the same for `beatkeeper dwell`, and for the engine.
PROFILES: dict[str, tuple[dict[str, object], list[str], Profile]] = {
    "phones": (
        {"interval_s": 15, "reports_when_still": False},
        ["--still"],
        Profile(reports_when_still=False),
    ),
    "buses": (
        {"interval_s": 60, "assumed_accuracy_m": 15},
        ["--interval", "60", "--assumed-accuracy", "15"],
        Profile(interval_s=60.0, assumed_accuracy_m=15.0),
    ),
}
# The short file is for the database that has one writer.
TRACKS = {"sqlite": "buses", "postgresql": "phones"}


@pytest.fixture
def tracks(shared_data: Path) -> Path:
    return shared_data / "tracks"


@pytest.fixture
def service(database_url: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Running]:
    name = f"order-{tmp_path.name}"
    settings = {"database": database_url, "mqtt": mosquitto.url, "mqtt_client_id": name}
    with Running(tmp_path, settings) as running:
        yield running


def enrol(service: Running, tracks: Path, name: str) -> dict[str, str]:
    """The hot spots of a track file, and its devices with their profile; gives their keys."""
    with service.client() as client:
        squares = json.loads((tracks / f"{name}.hotspots.geojson").read_text())
        expect(client.post("/hotspots", json=squares, params={"valid_from": "2010-01-01"}))
        expect(client.put(f"/profiles/{name}", json=PROFILES[name][0]))
        devices = sending.read(tracks / f"{name}.csv")
        made = [
            client.post("/devices", json={"name": device, "kind": "phone", "profile": name})
            for device in devices
        ]
        return {device: expect(one)["key"] for device, one in zip(devices, made, strict=True)}


def expect(answer: httpx.Response) -> Row:
    assert answer.is_success, answer.text
    return dict(answer.json())


def dwell(tracks: Path, name: str, folder: Path) -> list[Row]:
    """What `beatkeeper dwell` makes of the same file."""
    out = folder / "visits.json"
    command = [sys.executable, "-m", "app", "dwell", str(tracks / f"{name}.csv"), "--out", str(out)]
    command += ["--hotspots", str(tracks / f"{name}.hotspots.geojson"), *PROFILES[name][1]]
    subprocess.run(command, check=True, timeout=100)
    return sorted(json.loads(out.read_text()), key=order)


def order(row: Row) -> tuple[str, str, str]:
    return row["device"], row["enter"], row["hotspot"]


def visits(service: Running, token: str, columns: Row, **wanted: str) -> list[Row]:
    """All visits that the API gives, with the columns that `columns` has."""
    rows: list[Row] = []
    wanted |= {"from": "2010-01-01T00:00:00Z", "limit": "1000"}
    with service.client(token) as client:
        cursor: dict[str, str] | None = {}
        while cursor is not None:
            page = expect(client.get("/visits", params=wanted | cursor))
            rows += page["items"]
            cursor = {"cursor": page["next"]} if page["next"] else None
    return sorted(({name: row[name] for name in columns} for row in rows), key=order)


def once_it_has(service: Running, token: str, expected: list[Row]) -> list[Row]:
    """The visits, as soon as they are those expected or a minute has passed."""
    deadline = time.monotonic() + 60
    found = visits(service, token, expected[0])
    while found != expected and time.monotonic() < deadline:
        time.sleep(0.5)
        found = visits(service, token, expected[0])
    return found


def test_tracks_shuffled_and_sent_twice_through_a_kill_give_what_dwell_finds(
    service: Running, mosquitto: Mosquitto, tracks: Path, tmp_path: Path
) -> None:
    name = TRACKS[service.settings["database"].partition(":")[0]]
    sender = sending.Sender(service, enrol(service, tracks, name))
    messages = sending.shuffled(sending.read(tracks / f"{name}.csv"), np.random.default_rng(11))
    by_post, by_mqtt = messages[::2], messages[1::2]
    with sender.posting(by_post), ThreadPoolExecutor(1) as broker:
        published = broker.submit(sending.publish, mosquitto, by_mqtt)
        while sender.acknowledged < len(by_post) // 4:
            time.sleep(0.001)
        service.stop(signal.SIGKILL)
        service.start()
        published.result()
    token = service.supervisor(*sender.keys)
    assert sender.failed > 0  # some were on their way, and were sent again
    expected = dwell(tracks, name, tmp_path)
    assert once_it_has(service, token, expected) == expected
    said = sorted((place(row), figures(row)) for row in expected)
    plain = sorted((place(row), figures(row)) for row in plainly(tracks, name))
    assert [where for where, _ in said] == [where for where, _ in plain]
    for (_, row), (_, other) in zip(said, plain, strict=True):
        assert row == pytest.approx(other, rel=0, abs=1e-3)


def place(row: Row) -> tuple[str, str]:
    return row["device"], row["hotspot"]


def figures(row: Row) -> list[float]:
    """All that is said of a visit but its mean speed, in numbers, its times first."""
    times = [dt.datetime.fromisoformat(row[name]).timestamp() for name in ("enter", "exit")]
    lengths = [row[f"{name}_s"] for name in ("dwell", "low", "high", "inside", "bridged")]
    others = [row[name] for name in ("fixes", "enter_seen", "exit_seen", "pass_through")]
    return times + lengths + others


def plainly(tracks: Path, name: str) -> list[Row]:
    """What the plain implementation makes of the file."""
    track = read_tracks([tracks / f"{name}.csv"])
    fixes = Fixes(track.device, track.time_us, track.lon, track.lat, track.accuracy_m)
    features = json.loads((tracks / f"{name}.hotspots.geojson").read_text())["features"]
    hotspots = [
        Hotspot(i, shape(f["geometry"]), f["properties"].get("buffer_m", 0.0))
        for i, f in enumerate(features)
    ]
    return [
        {
            "device": track.names[visit["device"]],
            "hotspot": features[visit["hotspot"]]["properties"]["id"],
            "enter": utc(visit["enter_us"]),
            "exit": utc(visit["exit_us"]),
            "dwell_s": (visit["exit_us"] - visit["enter_us"]) / 1e6,
            "high_s": (visit["outer_to_us"] - visit["outer_from_us"]) / 1e6,
            **{f"{n}_s": visit[f"{n}_us"] / 1e6 for n in ("low", "inside", "bridged")},
            **{n: visit[n] for n in ("enter_seen", "exit_seen", "fixes", "pass_through")},
        }
        for visit in contest.plainly(fixes, hotspots, PROFILES[name][2])
    ]


def utc(time_us: int) -> str:
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=time_us)).isoformat()


def test_devices_that_hand_in_their_middle_part_last_change_what_is_told_and_not_what_was(
    service: Running, tracks: Path, tmp_path: Path
) -> None:
    sender = sending.Sender(service, enrol(service, tracks, "buses"))
    held_back = []
    for device, pings in sending.read(tracks / "buses.csv").items():
        third = len(pings) // 3
        for part in (pings[:third], pings[2 * third :]):
            sender.post(sending.Message(device, part))
        held_back.append(sending.Message(device, pings[third : 2 * third]))
    expected = dwell(tracks, "buses", tmp_path)
    token = service.supervisor(*sender.keys)
    told = visits(service, token, expected[0], open="false")
    moment = dt.datetime.now(dt.UTC).isoformat()
    time.sleep(0.01)
    for message in held_back:
        sender.post(message)
    assert visits(service, token, expected[0]) == expected
    assert visits(service, token, expected[0], as_at=moment) == told
    changed = [row for row in told if row not in expected]
    assert changed
    assert len(told) > len(changed)
