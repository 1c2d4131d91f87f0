"""How fast posted fixes are stored, beside the bare COPY and INSERT of the same rows."""

import asyncio
import time
from collections.abc import Sequence

import httpx
from beside import Beside
from fleet import Walk, bodies, enrol
from services import Postgres
from serving import make, service

from app.storage import fixes as fix_storage
from app.storage.engine import Database, driver_of
from ingest.columns import Columns, Delivery
from ingest.decoders import DECODERS

DEVICES, HOTSPOTS = 10_000, 200
FIXES_A_POST = 500
# How many devices the fixes of a post are of.
SPREADS = (50, 500)
CONNECTIONS = 8
GATHERED = (1, CONNECTIONS)
ROUNDS = 5
Post = tuple[str, bytes]


async def measure(cluster: Postgres) -> dict[str, Beside]:
    """Fixes per second through HTTP in batches of 500, and of the bare COPY of the same rows.

    They are of 50 devices, or of 500: then each locks a row and changes what is remembered. There
    are two ceilings: a transaction for each post, and one for as many posts as come at once, which
    the service gathers, too. All take turns, so that they meet the same machine.
    """
    found: dict[str, Beside] = {}
    for devices_each in SPREADS:
        found |= await _measure(cluster, devices_each)
    return found


async def _measure(cluster: Postgres, devices_each: int) -> dict[str, Beside]:
    gateways, fixes_each = DEVICES // devices_each, FIXES_A_POST // devices_each
    database = await make(cluster, f"bench_http_{devices_each}")
    fleet = await enrol(database, gateways, devices_each, HOTSPOTS)
    # Rounds of the same size, however the fixes are spread.
    steps = SPREADS[-1] // SPREADS[0]
    posts = bodies(fleet, Walk.random(fleet.devices, steps * (ROUNDS + 1)), fixes_each)
    size_of_round = len(posts) // (ROUNDS + 1)
    rounds = [posts[i : i + size_of_round] for i in range(0, len(posts), size_of_round)]
    bare = {size: await make(cluster, f"bench_bare_{devices_each}_{size}") for size in GATHERED}
    http: list[float] = []
    copied: dict[int, list[float]] = {size: [] for size in GATHERED}
    async with service(database) as port, _client(port) as client:
        await _post(client, rounds[0])  # warms both sides up
        for posts_now in rounds[1:]:
            fixes = len(posts_now) * FIXES_A_POST
            for size, ceiling in copied.items():
                ceiling.append(fixes / await _copy(bare[size], posts_now, size))
            http.append(fixes / await _post(client, posts_now))
    await _check(database, len(posts) * FIXES_A_POST)
    for opened in (database, *bare.values()):
        await opened.close()
    return {
        f"HTTP, {FIXES_A_POST} of {devices_each}, {size} post(s) a commit": Beside.of(
            http, copied[size]
        )
        for size in GATHERED
    }


def _client(port: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=60)


async def _post(client: httpx.AsyncClient, posts: Sequence[Post]) -> float:
    """Seconds until all are acknowledged, over a few connections at once."""
    waiting = iter(posts)

    async def sender() -> None:
        for key, body in waiting:
            headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
            answer = await client.post("/ingest/pings", content=body, headers=headers)
            if answer.status_code != httpx.codes.OK or answer.json()["rejected"]:
                raise RuntimeError(answer.text)

    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(sender())
    return time.perf_counter() - start


async def _copy(bare: Database, posts: Sequence[Post], size: int) -> float:
    """Seconds for the same rows by COPY and INSERT ... ON CONFLICT alone, `size` posts a commit."""
    groups = [posts[i : i + size] for i in range(0, len(posts), size)]
    streams = [_stream([body for _, body in group]) for group in groups]
    start = time.perf_counter()
    for stream in streams:
        async with bare.write() as writer:
            await writer.exec_driver_sql(fix_storage.STAGING_POSTGRES)
            raw = await driver_of(writer)
            await raw.copy_to_table("staging", source=memoryview(stream), format="binary")
            await raw.execute(fix_storage.UPSERT)
    return time.perf_counter() - start


def _stream(bodies: Sequence[bytes]) -> bytes:
    received = time.time_ns() // 1000
    fixes = [fix for body in bodies for fix in DECODERS["pings"](body, received).fixes]
    devices = [int(fix.device[1:]) + 1 for fix in fixes if fix.device]
    return fix_storage.stream(Columns.of([Delivery(fixes, devices, received, 0)]))


async def _check(database: Database, expected: int) -> None:
    """Every fix that was acknowledged is there, once."""
    async with database.read() as reader:
        found = (await reader.exec_driver_sql("SELECT count(*) FROM fixes")).scalar()
    if found != expected:
        msg = f"{found} fixes are stored of {expected}"
        raise RuntimeError(msg)
