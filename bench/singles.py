"""One fix a message, as phones send them: over HTTP and over MQTT, each beside its ceiling."""

import asyncio
import base64
import subprocess
import sys
import time

import msgspec
import posting
import publishing
from beside import Beside
from fleet import INTERVAL_S, START, Walk, address_of, enrol, give_addresses, give_keys
from services import Mosquitto, Postgres, mosquitto
from serving import HERE, echo, make, service

from app.storage.engine import Database

DEVICES, HOTSPOTS = 10_000, 200
CONNECTIONS = 1_000  # phones with a connection open, each waiting for its answer
ROUNDS = 4
WINDOW = 1_000  # messages that a subscriber may have without acknowledging, as the service asks for


def locations(walk: Walk, step: int) -> list[bytes]:
    """What OwnTracks sends of every device at a step."""
    tst = int(START.timestamp()) + INTERVAL_S * step
    return [
        msgspec.json.encode(
            {"_type": "location", "tst": tst, "lat": round(lat, 7), "lon": round(lon, 7), "acc": 8}
            | {"vel": 5, "batt": 77, "tid": "ab", "t": "u", "conn": "m"}
        )
        for lat, lon in zip(walk.lat[:, step].tolist(), walk.lon[:, step].tolist(), strict=True)
    ]


async def over_http(cluster: Postgres) -> Beside:
    """Fixes a second, one a request of a device with a key of its own; the ceiling is an echo."""
    database = await make(cluster, "bench_singles")
    await enrol(database, 1, DEVICES, HOTSPOTS)
    keys = await give_keys(database, DEVICES)
    walk = Walk.random(DEVICES, ROUNDS + 1)
    rates, ceilings = [], []
    async with service(database) as port, echo() as bare:
        for step in range(ROUNDS + 1):
            posts = [
                _post(key, body) for key, body in zip(keys, locations(walk, step), strict=True)
            ]
            ceilings.append(DEVICES / await posting.send(bare, posts, CONNECTIONS))
            rates.append(DEVICES / await posting.send(port, posts, CONNECTIONS))
    await _check(database, DEVICES * (ROUNDS + 1))
    return Beside.of(rates[1:], ceilings[1:])  # the first round warms both up


def _post(key: str, body: bytes) -> bytes:
    shown = base64.b64encode(f"phone:{key}".encode()).decode()
    headers = f"Authorization: Basic {shown}\r\nContent-Type: application/json\r\n"
    return posting.post("/ingest/owntracks", body, headers)


async def over_mqtt(cluster: Postgres) -> Beside:
    """Fixes a second, one a message at QoS 1; the ceiling only acknowledges them."""
    database = await make(cluster, "bench_mqtt")
    await enrol(database, 1, DEVICES, HOTSPOTS)
    await give_addresses(database, DEVICES)
    walk = Walk.random(DEVICES, ROUNDS + 1)
    rounds = [
        [publishing.publish(i, f"owntracks/{address_of(i)}", one) for i, one in enumerate(sent)]
        for sent in (locations(walk, step) for step in range(ROUNDS + 1))
    ]
    # Brokers of their own: each message goes to one subscriber.
    with mosquitto(saves_each_change=False) as broker, mosquitto(saves_each_change=False) as other:
        subscriber = await _subscribe(other)
        rates, ceilings = [], []
        async with service(database, mqtt=broker.url):
            for number, packets in enumerate(rounds, start=1):
                ceilings.append(DEVICES / await _acknowledged(subscriber, other, packets))
                rates.append(DEVICES / await _stored(database, broker, packets, number * DEVICES))
        subscriber.terminate()
        await subscriber.wait()
    await database.close()
    return Beside.of(rates[1:], ceilings[1:])


async def _subscribe(broker: Mosquitto) -> asyncio.subprocess.Process:
    command = [sys.executable, HERE / "acknowledging.py", str(broker.port), str(DEVICES)]
    process = await asyncio.create_subprocess_exec(*command, str(WINDOW), stdout=subprocess.PIPE)
    await _line(process)
    return process


async def _line(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        msg = "nothing can be read of the subscriber"
        raise RuntimeError(msg)
    return await process.stdout.readline()


async def _acknowledged(
    subscriber: asyncio.subprocess.Process, broker: Mosquitto, packets: list[bytes]
) -> float:
    """Seconds from the first message published to the last acknowledged."""
    start = time.perf_counter()
    sending = asyncio.create_task(publishing.send(broker.port, packets))
    await _line(subscriber)
    seconds = time.perf_counter() - start
    await sending
    return seconds


async def _stored(
    database: Database, broker: Mosquitto, packets: list[bytes], expected: int
) -> float:
    """Seconds from the first message published to the last stored."""
    start = time.perf_counter()
    sending = asyncio.create_task(publishing.send(broker.port, packets))
    while await _count(database) < expected:  # noqa: ASYNC110 -- it happens in another process
        await asyncio.sleep(0.1)  # counting takes the database a few milliseconds
    seconds = time.perf_counter() - start
    await sending
    return seconds


async def _count(database: Database) -> int:
    async with database.read() as reader:
        return int((await reader.exec_driver_sql("SELECT count(*) FROM fixes")).scalar() or 0)


async def _check(database: Database, expected: int) -> None:
    """Every fix that was acknowledged is there, once."""
    found = await _count(database)
    await database.close()
    if found != expected:
        msg = f"{found} fixes are stored of {expected}"
        raise RuntimeError(msg)
