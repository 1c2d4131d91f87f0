"""How fast posted fixes are stored, beside the bare COPY and INSERT of the same rows."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import BytesIO

import asyncpg
import httpx
from beside import Beside
from fleet import Walk, bodies, enrol
from services import Postgres, free_port

from app.storage import fixes as fix_storage
from app.storage import migrate
from app.storage.engine import Database, driver_of
from ingest.columns import Columns, Delivery
from ingest.decoders import DECODERS

GATEWAYS, DEVICES_EACH, HOTSPOTS = 200, 50, 200
FIXES_EACH = 10
CONNECTIONS = 8
GATHERED = (1, CONNECTIONS)
ROUNDS = 5
Post = tuple[str, bytes]


async def measure(cluster: Postgres) -> dict[str, Beside]:
    """Fixes per second through HTTP in batches of 500 of 50 devices, and of the bare COPY.

    There are two ceilings: a transaction for each post, and one for as many posts as come at once,
    which the service gathers, too. All take turns, so that they meet the same machine.
    """
    database = Database(await _make(cluster, "bench_http"))
    await migrate.upgrade(database)
    fleet = await enrol(database, GATEWAYS, DEVICES_EACH, HOTSPOTS)
    posts = bodies(fleet, Walk.random(fleet.devices, FIXES_EACH * (ROUNDS + 1)), FIXES_EACH)
    rounds = [posts[i : i + GATEWAYS] for i in range(0, len(posts), GATEWAYS)]
    bare = {size: Database(await _make(cluster, f"bench_bare_{size}")) for size in GATHERED}
    for empty in bare.values():
        await migrate.upgrade(empty)
    http: list[float] = []
    copied: dict[int, list[float]] = {size: [] for size in GATHERED}
    async with _service(database) as client:
        await _post(client, rounds[0])  # warms both sides up
        for posts_now in rounds[1:]:
            for size, ceiling in copied.items():
                ceiling.append(_rate(await _copy(bare[size], posts_now, size)))
            http.append(_rate(await _post(client, posts_now)))
    await _check(database, GATEWAYS * DEVICES_EACH * FIXES_EACH * len(rounds))
    for opened in (database, *bare.values()):
        await opened.close()
    return {
        f"HTTP, ceiling {size} post(s) a commit": Beside.of(http, copied[size]) for size in GATHERED
    }


def _rate(seconds: float) -> float:
    return GATEWAYS * DEVICES_EACH * FIXES_EACH / seconds


async def _make(cluster: Postgres, name: str) -> str:
    connection = await asyncpg.connect(cluster.url("postgres"))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return cluster.url(name)


@asynccontextmanager
async def _service(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """The service in a process of its own, as a force runs it."""
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    port = free_port()
    command = [sys.executable, "-m", "app", "serve", "--port", str(port), "--database", url]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: ASYNC220 -- starting it waits for nothing
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=60
    ) as client:
        try:
            await _until_up(client, process)
            yield client
        finally:
            process.terminate()
            process.wait(30)


async def _until_up(client: httpx.AsyncClient, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            await client.get("/openapi.json")
        except httpx.TransportError:
            if process.poll() is not None:
                break
            await asyncio.sleep(0.1)
        else:
            return
    msg = "the service did not come up"
    raise RuntimeError(msg)


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
            await raw.copy_to_table("staging", source=BytesIO(stream), format="binary")
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
