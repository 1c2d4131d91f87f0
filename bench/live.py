"""How long from a fix posted over HTTP to its event at who follows, while others post as well."""

import asyncio
import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import msgspec
import numpy as np
import sqlalchemy as sa
from fleet import LAT, LON, TOWN, Fleet, Walk, bodies, enrol, give_officer
from running import Running
from services import Postgres
from streams import Follower

from app.storage import migrate, schema
from app.storage.engine import Database

GATEWAYS, DEVICES_EACH, HOTSPOTS = 200, 50, 200
FIXES_EACH = 10
FOLLOWERS = 5
ARRIVALS = 1_000
TEAM = "North"
Post = tuple[str, bytes]


@dataclass
class _Latencies:
    """Seconds from a post's begin, by device and hot spot, to its receipt and to each follower."""

    begun: dict[tuple[str, str], float] = field(default_factory=dict)
    receipts_s: list[float] = field(default_factory=list)
    events_s: list[float] = field(default_factory=list)


class _Watch(Follower):
    """A follower that notes when it was told."""

    latencies: _Latencies

    def _take(self, line: str) -> None:
        at = time.perf_counter()
        before = len(self.told)
        super()._take(line)
        for event in self.told[before:]:
            begun = self.latencies.begun.get((event["device"], event["hotspot"]))
            if event["kind"] == "entered" and begun is not None:
                self.latencies.events_s.append(at - begun)


async def measure(
    cluster: Postgres, *, arrivals_per_s: float = 50, others_per_s: float = 22_000
) -> dict[str, float]:
    """Milliseconds from a post that takes a device into a hot spot to its receipt and `entered`.

    `arrivals_per_s` posts of one device arrive by themselves, and `others_per_s` fixes of the rest
    of the fleet in batches of 500 of 50 devices; FOLLOWERS follow the stream meanwhile.
    """
    url = await _make(cluster)
    database = Database(url)
    await migrate.upgrade(database)
    fleet = await enrol(database, GATEWAYS, DEVICES_EACH, HOTSPOTS)
    await give_officer(database, fleet.devices, TEAM)
    centres = await _centres(database)
    await database.close()
    with TemporaryDirectory() as folder, Running(Path(folder), {"database": url}) as service:
        return await _measure(service, fleet, centres, arrivals_per_s, others_per_s)


async def _make(cluster: Postgres) -> str:
    connection = await asyncpg.connect(cluster.url("postgres"))
    await connection.execute("CREATE DATABASE bench_live")
    await connection.close()
    return cluster.url("bench_live")


async def _centres(database: Database) -> list[tuple[str, float, float]]:
    """Each hot spot's key and where its middle is: longitude and latitude."""
    query = sa.select(schema.hotspots.c.key, schema.hotspot_versions.c.geom).join(
        schema.hotspot_versions, schema.hotspot_versions.c.hotspot_id == schema.hotspots.c.id
    )
    async with database.read() as reader:
        rows = (await reader.execute(query)).all()
    return [(key, shape.centroid.x, shape.centroid.y) for key, shape in rows]


async def _measure(
    service: Running,
    fleet: Fleet,
    centres: Sequence[tuple[str, float, float]],
    arrivals_per_s: float,
    others_per_s: float,
) -> dict[str, float]:
    latencies = _Latencies()
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(base_url=service.url, timeout=60, limits=limits) as client:
        token = await asyncio.to_thread(service.token_of, "supervisor", teams=[TEAM])
        watches = [_Watch(service.url, token) for _ in range(FOLLOWERS)]
        for watch in watches:
            watch.latencies = latencies
            await watch.__aenter__()
        others = asyncio.create_task(_others(client, fleet, others_per_s))
        await asyncio.sleep(2)  # to come up to speed
        await _arrive(client, fleet, centres, latencies, arrivals_per_s)
        await asyncio.sleep(2)
        others.cancel()
        for watch in watches:
            await watch.__aexit__()
    return _figures(latencies)


def _figures(latencies: _Latencies) -> dict[str, float]:
    told, expected = len(latencies.events_s), ARRIVALS * FOLLOWERS
    if told != expected:
        msg = f"{told} events were told of {expected}"
        raise RuntimeError(msg)
    took_s = {"receipt": latencies.receipts_s, "live event": latencies.events_s}
    return {
        f"fix to {what}, p{rank} ms": float(np.percentile(seconds, rank) * 1000)
        for what, seconds in took_s.items()
        for rank in (50, 99)
    }


async def _arrive(
    client: httpx.AsyncClient,
    fleet: Fleet,
    centres: Sequence[tuple[str, float, float]],
    latencies: _Latencies,
    per_s: float,
) -> None:
    """One device after the other appears in a hot spot, at a steady rate whatever the answers."""

    async def arrive(place: tuple[str, str], post: Post) -> None:
        latencies.begun[place] = time.perf_counter()
        await _post(client, post)
        latencies.receipts_s.append(time.perf_counter() - latencies.begun[place])

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for i, (hotspot, lon, lat) in zip(range(ARRIVALS), cycle(centres), strict=False):
            await asyncio.sleep(max(began + i / per_s - time.perf_counter(), 0))
            device = i * fleet.devices // 2 // ARRIVALS
            key = fleet.keys[device // fleet.devices_each]
            body = msgspec.json.encode(_way_in(device, lon, lat))
            group.create_task(arrive((f"d{device}", hotspot), (key, body)))


def _way_in(device: int, lon: float, lat: float) -> list[dict[str, object]]:
    """Out of town a quarter of a minute ago, in the middle of a hot spot now."""
    now = dt.datetime.now(dt.UTC)
    places = [(now - dt.timedelta(seconds=15), LON - TOWN, LAT), (now, lon, lat)]
    return [
        {"device": f"d{device}", "time": at.isoformat(), "lon": x, "lat": y, "accuracy_m": 8.0}
        for at, x, y in places
    ]


async def _others(client: httpx.AsyncClient, fleet: Fleet, fixes_per_s: float) -> None:
    """The day of the other half of the fleet, at a steady rate."""
    posts = bodies(fleet, Walk.random(fleet.devices, FIXES_EACH * 6), FIXES_EACH)
    half = set(fleet.keys[GATEWAYS // 2 :])
    posts = [post for post in posts if post[0] in half]
    pause_s = fleet.devices_each * FIXES_EACH / fixes_per_s
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for i, post in enumerate(posts):
            await asyncio.sleep(max(began + i * pause_s - time.perf_counter(), 0))
            group.create_task(_post(client, post))


async def _post(client: httpx.AsyncClient, post: Post) -> None:
    key, body = post
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    answer = await client.post("/ingest/pings", content=body, headers=headers)
    if answer.status_code != httpx.codes.OK or answer.json()["rejected"]:
        raise RuntimeError(answer.text)
