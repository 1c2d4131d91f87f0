"""`make memory`: the service's resident memory over a long run at half its top rate."""

import argparse
import asyncio
import datetime as dt
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import msgspec
import numpy as np
from fleet import INTERVAL_S, START, Fleet, Walk, enrol
from running import Running
from services import Postgres, postgres

from app.storage import migrate
from app.storage.engine import Database

GATEWAYS, DEVICES_EACH, HOTSPOTS = 200, 50, 200
FIXES_EACH = 10
FIXES_A_POST = DEVICES_EACH * FIXES_EACH
CONNECTIONS = 8
STEPS = 480
FULL_SPEED_S = 20.0
EVERY_S = 5.0
MOST_MB = 400.0
# What garbage and caches of the allocator may move in ten minutes, and no leak a fix would stay in.
MOST_MB_A_MINUTE = 2.0
Post = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Sample:
    """What the service held at a moment of the run."""

    elapsed_s: float
    fixes: int
    rss_mb: float


def posts(fleet: Fleet) -> Iterator[Post]:
    """Posts without end in order of time: the fleet walks its way, and back, and again."""
    walk = Walk.random(fleet.devices, STEPS)
    for first in count(0, FIXES_EACH):
        steps = range(first, first + FIXES_EACH)
        times = [(START + dt.timedelta(seconds=INTERVAL_S * step)).isoformat() for step in steps]
        # There and back: at each end it stands for a step, and nowhere it jumps.
        way = [min(step % (2 * STEPS), 2 * STEPS - 1 - step % (2 * STEPS)) for step in steps]
        lon, lat = walk.lon[:, way].tolist(), walk.lat[:, way].tolist()
        for gateway, key in enumerate(fleet.keys):
            devices = range(gateway * fleet.devices_each, (gateway + 1) * fleet.devices_each)
            fixes = [
                {"device": f"d{device}", "time": at, "lat": y, "lon": x, "accuracy_m": 8.0}
                for device in devices
                for at, x, y in zip(times, lon[device], lat[device], strict=True)
            ]
            yield key, msgspec.json.encode(fixes)


@dataclass
class Load:
    """Posts at a rate; `sent` counts the fixes that were acknowledged."""

    client: httpx.AsyncClient
    posts: Iterator[Post]
    sent: int = 0

    async def run(self, fixes_per_s: float, seconds: float) -> float:
        """Posts for so long, not faster than asked; gives fixes a second as they went."""
        before, start = self.sent, time.perf_counter()
        turns = count()

        async def sender() -> None:
            while (now := time.perf_counter()) < start + seconds:
                due = start + next(turns) * FIXES_A_POST / fixes_per_s
                await asyncio.sleep(max(0.0, due - now))
                await self._post()

        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(sender())
        return (self.sent - before) / (time.perf_counter() - start)

    async def _post(self) -> None:
        key, body = next(self.posts)
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        answer = await self.client.post("/ingest/pings", content=body, headers=headers)
        if answer.status_code != httpx.codes.OK or answer.json()["accepted"] != FIXES_A_POST:
            raise RuntimeError(answer.text)
        self.sent += FIXES_A_POST


def resident_mb(service: Running) -> float:
    """Resident memory of the service's process, as Linux counts it."""
    pid = "none" if service.process is None else service.process.pid
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(kilobytes) / 1024


@asynccontextmanager
async def watched(service: Running, load: Load) -> AsyncIterator[list[Sample]]:
    """Samples the service every EVERY_S meanwhile, and prints each."""
    samples: list[Sample] = []

    async def watch() -> None:
        start = time.perf_counter()
        while True:
            sample = Sample(time.perf_counter() - start, load.sent, resident_mb(service))
            samples.append(sample)
            print(f"{sample.elapsed_s:8.0f} s {sample.fixes:12,} fixes {sample.rss_mb:8.1f} MB")
            await asyncio.sleep(EVERY_S)

    watching = asyncio.create_task(watch())
    yield samples
    watching.cancel()


def slope(samples: list[Sample]) -> float:
    """Megabytes a minute by which memory grew over the last two thirds, by least squares."""
    late = samples[len(samples) // 3 :]
    minutes = [sample.elapsed_s / 60 for sample in late]
    return float(np.polyfit(minutes, [sample.rss_mb for sample in late], 1)[0])


async def measure(cluster: Postgres, minutes: float, rate: float | None) -> dict[str, object]:
    """Runs the load; where no rate is given, at half of what the service takes in at most."""
    connection = await asyncpg.connect(cluster.url("postgres"))
    await connection.execute("CREATE DATABASE memory")
    await connection.close()
    database = Database(cluster.url("memory"))
    await migrate.upgrade(database)
    fleet = await enrol(database, GATEWAYS, DEVICES_EACH, HOTSPOTS)
    await database.close()
    limits = httpx.Limits(max_connections=CONNECTIONS)
    with TemporaryDirectory() as folder:
        settings = {"database": cluster.url("memory"), "spool": f"{folder}/spool"}
        with Running(Path(folder), settings) as service:
            async with httpx.AsyncClient(base_url=service.url, limits=limits, timeout=60) as client:
                load = Load(client, posts(fleet))
                wanted = rate or await load.run(float("inf"), FULL_SPEED_S) / 2
                async with watched(service, load) as samples:
                    went = await load.run(wanted, minutes * 60)
    return {
        "wanted_fixes_per_s": wanted,
        "fixes_per_s": went,
        "most_mb": max(sample.rss_mb for sample in samples),
        "mb_a_minute": slope(samples),
        "samples": [asdict(sample) for sample in samples],
    }


def main() -> None:
    """Measures, writes memory.json, and ends with 1 where memory is not bounded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, help="fixes a second; half the top rate if not given")
    options = parser.parse_args()
    with postgres() as cluster:
        result = asyncio.run(measure(cluster, options.minutes, options.rate))
    Path(__file__).with_name("memory.json").write_text(json.dumps(result, indent=2) + "\n")
    figures = {name: value for name, value in result.items() if name != "samples"}
    print(json.dumps(figures, indent=2))
    most, grew = float(str(result["most_mb"])), float(str(result["mb_a_minute"]))
    if most >= MOST_MB or grew > MOST_MB_A_MINUTE:
        msg = f"memory is not flat under {MOST_MB:g} MB"
        raise SystemExit(msg)


if __name__ == "__main__":
    main()
