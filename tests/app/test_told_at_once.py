"""Live events of the real service: from a device's post to who follows, whatever happens to it."""

import asyncio
import datetime as dt
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import Running
from squares import collection, feature
from streams import Follower

SECOND = dt.timedelta(seconds=1)
INSIDE, OUTSIDE = (53.4005, -2.9795), (53.4100, -2.9795)


@pytest.fixture
def service(postgis_url: str, tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, {"database": postgis_url}) as running:
        yield running


@pytest.fixture
def key(service: Running) -> str:
    """Of a phone, in a place with one hot spot."""
    with service.client() as client:
        client.post(
            "/hotspots", json=collection(feature("HS1")), params={"valid_from": "2026-01-01"}
        ).raise_for_status()
        phone = {"name": "phone-1", "kind": "phone"}
        return str(client.post("/devices", json=phone).raise_for_status().json()["key"])


@pytest.fixture
async def client(service: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as opened:
        yield opened


def ping(at: dt.datetime, place: tuple[float, float], **more: str) -> dict[str, Any]:
    return {"time": at.isoformat(), "lat": place[0], "lon": place[1], "accuracy_m": 5} | more


async def post(client: httpx.AsyncClient, key: str, *pings: dict[str, Any]) -> None:
    """Until it is acknowledged, as devices do."""
    async with asyncio.timeout(60):
        while True:
            with suppress(httpx.TransportError):
                answer = await client.post("/ingest/pings", params={"key": key}, json=pings)
                if answer.is_success:
                    return
            await asyncio.sleep(0.05)


def walk(until: dt.datetime) -> list[dict[str, Any]]:
    """Five minutes outside, two inside, five outside, a fix each 15 s."""
    places = [OUTSIDE] * 20 + [INSIDE] * 8 + [OUTSIDE] * 20
    began = until - 15 * SECOND * len(places)
    return [ping(began + 15 * SECOND * i, place) for i, place in enumerate(places)]


async def test_what_happens_is_told_at_once_and_once_through_a_crash_and_history_is_not(
    service: Running, client: httpx.AsyncClient, key: str
) -> None:
    now = dt.datetime.now(dt.UTC)
    alarm = ping(now, OUTSIDE, event="emergency")
    more = [alarm | {"time": (now - i * SECOND).isoformat()} for i in range(1, 16)]
    token = await asyncio.to_thread(service.supervisor, "phone-1")
    one = Follower(service.url, token, comes_back=True)
    async with one, Follower(service.url, token) as other:
        await post(client, key, *walk(now - dt.timedelta(days=1)))
        await post(client, key, *walk(now))
        assert [event["kind"] for event in await one.until(2)] == ["entered", "left"]
        # The same again is an emergency already told of.
        for again in (alarm, alarm, more[0]):
            await post(client, key, again)
        assert [event["kind"] for event in (await one.until(4))[2:]] == ["emergency"] * 2
        assert await other.until(4) == one.told

        crashing = asyncio.create_task(crash(service))
        for late in more[1:]:
            await post(client, key, late)
            await asyncio.sleep(0.02)
        await crashing
        times = [dt.datetime.fromisoformat(event["time"]) for event in await one.until(18)]
    assert times[2:] == [now - i * SECOND for i in range(16)]
    entered, left, *_ = one.told
    for event in (entered, left):
        assert (event["device"], event["hotspot"]) == ("phone-1", "HS1")
    assert entered["visit"] == left["visit"]
    assert [event["id"] for event in one.told] == sorted({event["id"] for event in one.told})

    async with Follower(service.url, token) as last:
        began = time.monotonic()
        assert await asyncio.to_thread(service.stop) == 0
        assert time.monotonic() - began < 8
        await last.end()
        assert last.ended
    assert "rror" not in service.log()


async def crash(service: Running) -> None:
    await asyncio.sleep(0.1)
    await asyncio.to_thread(service.stop, signal.SIGKILL)
    await asyncio.to_thread(service.start)
