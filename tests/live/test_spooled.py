"""The database goes away under a running service: phones that never try again lose nothing.

Each fix is posted once, is to be answered with a success in time, and is stored once; the visits
are those that `beatkeeper dwell` finds in all of them.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
import services
from running import Running

SQUARE = [[-2.9010, 53.4000], [-2.8995, 53.4000], [-2.8995, 53.4009], [-2.9010, 53.4009]]
HOTSPOT = {
    "type": "Feature",
    "geometry": {"type": "Polygon", "coordinates": [[*SQUARE, SQUARE[0]]]},
    "properties": {"id": "HS1", "name": "Market Place"},
}
START = 1_768_503_600  # 2026-01-15T19:00:00Z
OUTSIDE, INSIDE = (53.4030, -2.9003), (53.4004, -2.9003)
TRACK = [(START + 15 * i, *(INSIDE if 4 <= i < 53 else OUTSIDE)) for i in range(57)]
AFTER_S = 0.5
ANSWERED_IN_S = 4.0  # the directory's patience, then ours, on a busy machine


@contextmanager
def stopped(cluster: services.Postgres) -> Iterator[None]:
    cluster.stop()
    yield
    cluster.start()


@contextmanager
def hung(cluster: services.Postgres) -> Iterator[None]:
    """Nothing is refused and nothing answered, as when a network has fallen silent."""
    assert cluster.process is not None
    frozen = [cluster.process.pid, *services._children(cluster.process.pid)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def locked(file: str) -> Iterator[None]:
    """Another program writes to the file, and does not end."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


Outage = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Place:
    """A database, and the ways in which it goes away."""

    url: str
    outages: list[Outage]
    readable: bool  # even then


@pytest.fixture(params=["sqlite", "postgis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        file = str(tmp_path / "beatkeeper.db")
        yield Place(file, [partial(locked, file)], readable=True)
        return
    request.getfixturevalue("postgres")  # skips where there is none
    # One of our own: others are in the midst of their tests on theirs.
    with services.postgres() as cluster:
        outages = [partial(stopped, cluster), partial(hung, cluster)]
        yield Place(cluster.url("postgres"), outages, readable=False)


@pytest.fixture
def served(place: Place, tmp_path: Path) -> Iterator[Running]:
    settings = {"database": place.url, "spool": str(tmp_path / "spool")}
    with Running(tmp_path, settings | {"spool_after_s": str(AFTER_S)}) as running:
        yield running


def expect(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    return dict(answer.json())


def enrol(service: Running) -> str:
    with service.client() as client:
        square = {"type": "FeatureCollection", "features": [HOTSPOT]}
        expect(client.post("/hotspots", json=square, params={"valid_from": "2026-01-01"}))
        phone = {"name": "phone-1", "kind": "phone", "profile": "radio"}
        return str(expect(client.post("/devices", json=phone))["key"])


def dwell(folder: Path) -> list[dict[str, Any]]:
    """What `beatkeeper dwell` makes of the same track."""
    (folder / "track.csv").write_text(
        "device,time,lat,lon,accuracy_m\n"
        + "".join(f"phone-1,{when},{lat},{lon},5\n" for when, lat, lon in TRACK)
    )
    (folder / "squares.json").write_text(
        json.dumps({"type": "FeatureCollection", "features": [HOTSPOT]})
    )
    command = [sys.executable, "-m", "app", "dwell", folder / "track.csv"]
    command += ["--hotspots", folder / "squares.json", "--out", folder / "visits.json"]
    subprocess.run(command, check=True, timeout=100)
    return list(json.loads((folder / "visits.json").read_text()))


def test_a_phone_that_posts_each_fix_once_loses_none(
    served: Running, place: Place, tmp_path: Path
) -> None:
    key = enrol(served)
    track = iter(TRACK)
    with httpx.Client(base_url=f"{served.url}/ingest", params={"key": key}, timeout=30) as phone:
        assert {once(phone, *fix) for fix in islice(track, 10)} == {200}
        for outage in place.outages:
            with outage():
                assert {once(phone, *fix) for fix in islice(track, 15)} == {202}
                assert phone.post("/pings", content="not JSON").status_code == 400
                assert phone.post("/owntracks", json={"_type": "lwt"}).json() == []
                refuse_a_stranger(served, place)
            once(phone, *next(track))
            once_empty(served)
        for fix in track:
            assert once(phone, *fix) == 200
    counts = once_empty(served)
    # One whose try was given up may have been stored by it: then the spool held a duplicate.
    assert counts["accepted"] + counts["duplicates"] == len(TRACK)
    assert counts["broken"] == counts["events"] == len(place.outages)
    assert counts["spooled"] >= 15
    with served.client() as client:
        [visit] = expect(client.get("/visits"))["items"]
        broken = expect(client.get("/quarantine"))["items"]
    assert {message["text"] for message in broken} == {"not JSON"}
    [expected] = dwell(tmp_path)
    assert {name: visit[name] for name in expected} == expected
    assert not list((tmp_path / "spool").glob("*.spool"))


def refuse_a_stranger(service: Running, place: Place) -> None:
    """Whose key it is cannot be known, but in a file that is only locked against writing."""
    url = f"{service.url}/ingest/pings"
    stranger = httpx.post(url, params={"key": "nobody's"}, json=[], timeout=30)
    assert stranger.status_code == (401 if place.readable else 503)
    assert place.readable or "retry-after" in stranger.headers


def once(client: httpx.Client, when: int, lat: float, lon: float) -> int:
    """Posts one fix as a phone does that knows no second try; gives the status."""
    began_s = time.monotonic()
    fix = {"time": when, "lat": lat, "lon": lon, "accuracy_m": 5}
    receipt = expect(answer := client.post("/pings", json=fix))
    assert time.monotonic() - began_s < ANSWERED_IN_S
    assert receipt["accepted"] + receipt["duplicates"] == 1
    assert receipt.get("spooled", False) == (answer.status_code == 202)
    return answer.status_code


def once_empty(service: Running) -> dict[str, Any]:
    """What came in, once the spool is stored."""
    with service.client() as client:
        for _ in range(300):
            answer = client.get("/ingest")
            if answer.is_success and not answer.json()["waiting"]:
                return dict(answer.json())
            time.sleep(0.1)
    raise AssertionError(answer.text)
