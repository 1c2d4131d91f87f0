"""Live events of the real service: from a device's post to who follows, whatever happens to it."""

import asyncio
import datetime as dt
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import TOKEN, Running
from squares import collection, feature
from streams import Follower

SECOND = dt.timedelta(seconds=1)
INSIDE, OUTSIDE = (53.4005, -2.9795), (53.4100, -2.9795)


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, {"database": database_url}) as running:
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


def ping(at: dt.datetime, place: tuple[float, float], **more: str) -> dict[str, Any]:
    return {"time": at.isoformat(), "lat": place[0], "lon": place[1], "accuracy_m": 5} | more


async def post(service: Running, key: str, *pings: dict[str, Any]) -> None:
    """Until it is acknowledged, as devices do."""
    async with httpx.AsyncClient(timeout=30) as client, asyncio.timeout(60):
        while True:
            try:
                url = f"{service.url}/ingest/pings"
                answer = await client.post(url, params={"key": key}, json=pings)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.is_success:
                return
            await asyncio.sleep(0.05)


def walk(until: dt.datetime) -> list[dict[str, Any]]:
    """Five minutes outside, two inside, five outside, a fix each 15 s."""
    places = [OUTSIDE] * 20 + [INSIDE] * 8 + [OUTSIDE] * 20
    began = until - 15 * SECOND * len(places)
    return [ping(began + 15 * SECOND * i, place) for i, place in enumerate(places)]


async def test_what_happens_is_told_at_once_to_all_who_follow_and_history_is_not(
    service: Running, key: str
) -> None:
    now = dt.datetime.now(dt.UTC)
    alarm = ping(now, OUTSIDE, event="emergency")
    async with Follower(service.url, TOKEN) as one, Follower(service.url, TOKEN) as other:
        await post(service, key, *walk(now - dt.timedelta(days=1)))
        await post(service, key, *walk(now))
        assert [event["kind"] for event in await one.until(2)] == ["entered", "left"]
        # The same again is an emergency already told of.
        await post(service, key, alarm)
        await post(service, key, alarm)
        await post(service, key, alarm | {"time": (now + SECOND).isoformat()})
        assert [event["kind"] for event in (await one.until(4))[2:]] == ["emergency"] * 2
        assert await other.until(4) == one.told
        began = time.monotonic()
        assert await asyncio.to_thread(service.stop) == 0
        assert time.monotonic() - began < 8
        for follower in (one, other):
            await follower.end()
            assert follower.ended
    entered, left, first, second = one.told
    for event in (entered, left):
        assert (event["device"], event["hotspot"]) == ("phone-1", "HS1")
    assert dt.datetime.fromisoformat(first["time"]) == now
    assert first["id"] < second["id"]
    assert "rror" not in service.log()


async def test_who_comes_back_after_a_crash_has_missed_nothing_and_is_told_nothing_twice(
    service: Running, key: str
) -> None:
    now = dt.datetime.now(dt.UTC)
    times = [now - i * SECOND for i in range(40)]

    async def crash() -> None:
        await asyncio.sleep(0.5)
        await asyncio.to_thread(service.stop, signal.SIGKILL)
        await asyncio.to_thread(service.start)

    async with Follower(service.url, TOKEN, comes_back=True) as follower:
        crashing = asyncio.create_task(crash())
        for at in times:
            await post(service, key, ping(at, OUTSIDE, event="emergency"))
            await asyncio.sleep(0.02)
        await crashing
        await post(service, key, ping(now + SECOND, OUTSIDE, event="emergency"))
        told = await follower.until(len(times) + 1)
    assert [dt.datetime.fromisoformat(one["time"]) for one in told] == [*times, now + SECOND]
