"""The whole service, from a device's message on a real socket to the figure that people read."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import Running
from services import Mosquitto

# A square of some 100 m, and a walk into it, about in it for twelve minutes, and out again.
SQUARE = [[-2.9010, 53.4000], [-2.8995, 53.4000], [-2.8995, 53.4009], [-2.9010, 53.4009]]
HOTSPOT = {
    "type": "Feature",
    "geometry": {"type": "Polygon", "coordinates": [[*SQUARE, SQUARE[0]]]},
    "properties": {"id": "HS1", "name": "Market Place"},
}
START = 1_768_503_600  # 2026-01-15T19:00:00Z
OUTSIDE, INSIDE = (53.4030, -2.9003), (53.4004, -2.9003)
TRACK = [
    *((START + 15 * i, *OUTSIDE) for i in range(4)),
    *((START + 60 + 15 * i, INSIDE[0] + i % 2 * 1e-5, INSIDE[1]) for i in range(49)),
    *((START + 795 + 15 * i, *OUTSIDE) for i in range(4)),
]


@pytest.fixture
def service(database_url: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Running]:
    name = f"test-{tmp_path.name}"
    settings = {"database": database_url, "mqtt": mosquitto.url, "mqtt_client_id": name}
    with Running(tmp_path, settings) as running:
        yield running


def enrol(service: Running) -> str:
    """One phone with an OwnTracks address, a hot spot and a plan; gives the phone's key."""
    with service.client() as client:
        square = {"type": "FeatureCollection", "features": [HOTSPOT]}
        expect(client.post("/hotspots", json=square, params={"valid_from": "2026-01-01"}))
        window = {"name": "late", "start": "15:00", "end": "23:00"}
        plan = {"name": "Winter", "first_day": "2026-01-01", "windows": [window]}
        expect(client.put("/plans/winter", json=plan))
        address = {"kind": "owntracks", "address": "pc1/phone"}
        phone = {"name": "phone-1", "kind": "phone", "addresses": [address]}
        return str(expect(client.post("/devices", json=phone))["key"])


def expect(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    return dict(answer.json())


def pings(track: list[tuple[int, float, float]]) -> list[dict[str, float]]:
    return [{"time": t, "lat": lat, "lon": lon, "accuracy_m": 5} for t, lat, lon in track]


def publish(broker: Mosquitto, topic: str, *payloads: str) -> None:
    """As a device does, one message a line."""
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic]
    lines = "".join(f"{payload}\n" for payload in payloads)
    subprocess.run([*command, "-l"], input=lines.encode(), check=True, timeout=30)


def until(service: Running, accepted: int) -> dict[str, Any]:
    """What came in, once so many fixes were stored."""
    with service.client() as client:
        for _ in range(200):
            counts = expect(client.get("/ingest"))
            if counts["accepted"] >= accepted:
                return counts
            time.sleep(0.1)
    raise AssertionError(counts)


def one_patrol(service: Running) -> None:
    with service.client(service.supervisor("phone-1")) as client:
        [visit] = expect(client.get("/visits", params={"from": "2026-01-15T00:00:00Z"}))["items"]
        days = {"from": "2026-01-15", "to": "2026-01-15"}
        figures = expect(client.get("/compliance", params={"plan": "winter", **days}))
    assert (visit["device"], visit["hotspot"], visit["fixes"]) == ("phone-1", "HS1", 49)
    assert 720 <= visit["dwell_s"] <= 750
    assert visit["low_s"] == 720 <= visit["dwell_s"] <= visit["high_s"] == 750
    total = figures["total"]
    assert total["coverage"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 1}
    assert figures["rows"][0]["patrols_qualifying"] == 1


def test_pings_posted_become_a_visit_and_a_covered_cell(service: Running) -> None:
    key = enrol(service)
    late_first = pings(TRACK)[30:] + pings(TRACK)[:35]
    for i in range(0, len(late_first), 10):
        batch = late_first[i : i + 10]
        answer = httpx.post(f"{service.url}/ingest/pings", params={"key": key}, json=batch)
        assert answer.json()["rejected"] == []
    one_patrol(service)


def test_owntracks_over_mqtt_becomes_a_visit_and_garbage_costs_nothing(
    service: Running, mosquitto: Mosquitto
) -> None:
    enrol(service)
    located = [
        json.dumps({"_type": "location", "tst": t, "lat": lat, "lon": lon, "acc": 5})
        for t, lat, lon in TRACK
    ]
    publish(mosquitto, "owntracks/pc1/phone", *located[:20], "not JSON", *located[20:])
    publish(mosquitto, "owntracks/nobody/phone", located[0])
    publish(mosquitto, "beatkeeper/up/phone-1/pings", json.dumps(pings(TRACK)[:3]))
    counts = until(service, accepted=len(TRACK))
    one_patrol(service)
    while counts["duplicates"] < 3 or counts["broken"] < 2:
        counts = until(service, accepted=len(TRACK))
    assert (counts["duplicates"], counts["broken"]) == (3, 2)


def test_what_is_published_while_the_service_is_away_waits_for_it(
    service: Running, mosquitto: Mosquitto
) -> None:
    enrol(service)
    publish(mosquitto, "beatkeeper/up/phone-1/pings", json.dumps(pings(TRACK)[:20]))
    until(service, accepted=20)
    assert service.stop() == 0
    publish(mosquitto, "beatkeeper/up/phone-1/pings", json.dumps(pings(TRACK)[20:]))
    service.start()
    until(service, accepted=len(TRACK) - 20)
    one_patrol(service)


def test_a_killed_service_has_kept_what_it_acknowledged(service: Running) -> None:
    key = enrol(service)
    acknowledged = 0
    for i in range(0, len(TRACK), 7):
        if i in {14, 35}:
            service.stop(signal.SIGKILL)
            service.start()
        batch = pings(TRACK)[i : i + 7]
        answer = expect(httpx.post(f"{service.url}/ingest/pings", params={"key": key}, json=batch))
        acknowledged += answer["accepted"]
    assert acknowledged == len(TRACK)
    one_patrol(service)


def test_nobody_is_answered_without_a_key_or_token(service: Running) -> None:
    assert httpx.post(f"{service.url}/ingest/pings", json=pings(TRACK)).status_code == 401
    assert httpx.get(f"{service.url}/api/v1/visits").status_code == 401
    assert httpx.get(f"{service.url}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{service.url}/readyz").json() == {
        "database": True,
        "broker": True,
        "waiting": 0,
    }
