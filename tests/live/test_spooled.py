"""The database goes away under a running service: phones that never try again lose nothing.

Each fix is posted once, is to be answered with a success in time, and is stored once; the visits
are those that `beatkeeper dwell` finds in all of them.
"""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from typer.testing import CliRunner

from app.cli import cli

SQUARE = [[-2.9010, 53.4000], [-2.8995, 53.4000], [-2.8995, 53.4009], [-2.9010, 53.4009]]
HOTSPOT = {
    "type": "Feature",
    "geometry": {"type": "Polygon", "coordinates": [[*SQUARE, SQUARE[0]]]},
    "properties": {"id": "HS1", "name": "Market Place"},
}
START = 1_768_503_600  # 2026-01-15T19:00:00Z
OUTSIDE, INSIDE = (53.4030, -2.9003), (53.4004, -2.9003)
TRACK = [(START + 15 * i, *(INSIDE if 4 <= i < 53 else OUTSIDE)) for i in range(57)]
AFTER_S = 1.5  # what is stored meanwhile takes a second on a busy machine
ANSWERED_IN_S = 5.0  # the directory's patience, then ours, on a busy machine
TOLD_IN_S = 10.0


@contextmanager
def stopped(cluster: services.Postgres) -> Iterator[None]:
    cluster.stop()
    try:
        yield
    finally:
        cluster.start()


@contextmanager
def hung(cluster: services.Postgres) -> Iterator[None]:
    """Nothing is refused and nothing answered, as when a network has fallen silent."""
    assert cluster.process is not None
    frozen = [cluster.process.pid, *services._children(cluster.process.pid)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
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
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "sqlite":
        file = request.getfixturevalue("sqlite_url").removeprefix("sqlite:///")
        return Place(file, [partial(locked, file)], readable=True)
    cluster: services.Postgres = request.getfixturevalue("mortal_postgres")
    outages = [partial(stopped, cluster), partial(hung, cluster)]
    return Place(cluster.url("postgres"), outages, readable=False)


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


@pytest.fixture(scope="module")
def dwelt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The visit that `beatkeeper dwell` finds in the same track."""
    folder = tmp_path_factory.mktemp("dwelt")
    (folder / "track.csv").write_text(
        "device,time,lat,lon,accuracy_m\n"
        + "".join(f"phone-1,{when},{lat},{lon},5\n" for when, lat, lon in TRACK)
    )
    (folder / "squares.json").write_text(
        json.dumps({"type": "FeatureCollection", "features": [HOTSPOT]})
    )
    words = ["dwell", folder / "track.csv", "--hotspots", folder / "squares.json"]
    done = CliRunner().invoke(cli, [*map(str, words), "--out", str(folder / "visits.json")])
    assert done.exit_code == 0, done.output
    [visit] = json.loads((folder / "visits.json").read_text())
    return dict(visit)


def test_a_phone_that_posts_each_fix_once_loses_none(
    served: Running, place: Place, dwelt: dict[str, Any], tmp_path: Path
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
                tell_at_once(served, place, key)
            once(phone, *next(track))
            once_empty(served)
        for fix in track:
            assert once(phone, *fix) == 200
    counts = once_empty(served)
    # One whose try was given up may have been stored by it: then the spool held a duplicate.
    assert counts["accepted"] + counts["duplicates"] == len(TRACK)
    assert counts["broken"] == counts["events"] == len(place.outages)
    assert counts["spooled"] >= 15
    with served.client(served.supervisor("phone-1")) as client:
        [visit] = expect(client.get("/visits", params={"from": "2026-01-15T00:00:00Z"}))["items"]
    with served.client() as client:
        glass = {"reason": "what was set aside?", "payloads": True}
        expect(client.post("/break-glass", json=glass))
        broken = expect(client.get("/quarantine"))["items"]
    assert {message["text"] for message in broken} == {"not JSON"}
    assert {name: visit[name] for name in dwelt} == dwelt
    assert not list((tmp_path / "spool").glob("*.spool"))


def refuse_a_stranger(service: Running, place: Place) -> None:
    """Whose key it is cannot be known, but in a file that is only locked against writing."""
    url = f"{service.url}/ingest/pings"
    stranger = httpx.post(url, params={"key": "nobody's"}, json=[], timeout=30)
    assert stranger.status_code == (401 if place.readable else 503)
    assert place.readable or "retry-after" in stranger.headers


def tell_at_once(service: Running, place: Place, key: str) -> None:
    """Whoever needs the database is told within seconds, and how much waits for it."""
    upload = f"time,lat,lon\n2026-01-15T18:00:00Z,{OUTSIDE[0]},{OUTSIDE[1]}\n"
    began_s = time.monotonic()
    with ThreadPoolExecutor(3) as threads, service.client() as client:
        files = threads.submit(httpx.post, f"{service.url}/ingest/files/{key}", content=upload)
        places = threads.submit(client.get, "/hotspots")
        while (ready := httpx.get(f"{service.url}/readyz", timeout=30)).is_success:
            if place.readable or time.monotonic() - began_s > TOLD_IN_S:
                break
            time.sleep(0.1)  # what the database answered is good for a second
        assert places.result().status_code == (200 if place.readable else 503)
        assert files.result().status_code == 503
    assert time.monotonic() - began_s < TOLD_IN_S
    assert ready.status_code == (200 if place.readable else 503)
    assert ready.json()["database"] is place.readable
    assert ready.json()["waiting"] >= 15


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
