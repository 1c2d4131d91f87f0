"""How fast a year's visits leave the service, beside PostgreSQL's own COPY of the same rows."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter

import numpy as np
import polars as pl
import year
from running import Running
from services import Postgres
from serving import make

from app.storage.engine import Database, driver_of

ROUNDS = 3
FORMATS = ("csv", "parquet")
SAMPLE_S = 0.02
# Names come by joins; who had the device, which the service looks up besides, is left out.
_COPY = """
SELECT d.name AS device, h.key AS hotspot, v.enter, v.exit,
  extract(epoch FROM v.exit - v.enter)::float8 AS dwell_s, v.inside_us / 1e6::float8 AS inside_s,
  v.bridged_us / 1e6::float8 AS bridged_s, v.low_us / 1e6::float8 AS low_s,
  extract(epoch FROM v.outer_to - v.outer_from)::float8 AS high_s, v.enter_seen, v.exit_seen,
  v.fixes, v.mean_speed_mps, v.pass_through, v.id, v.method, v.open, v.known_from
FROM visits v JOIN devices d ON d.id = v.device_id JOIN hotspots h ON h.id = v.hotspot_id
WHERE v.known_to IS NULL ORDER BY v.enter, v.id
"""


async def measure(cluster: Postgres) -> dict[str, float]:
    """Each way out by COPY's speed in the same round, and the memory of the process that goes it.

    Medians of rounds, in which all take turns; a million visits.
    """
    url = cluster.url("bench_exports")
    database = await make(cluster, "bench_exports")
    await year.fill(database)
    found: dict[str, list[float]] = defaultdict(list)
    with TemporaryDirectory() as name:
        folder = Path(name)
        with Running(folder, {"database": url, "spool": f"{name}/spool"}) as service:
            # Who sees everybody's visits.
            token = service.token_of("analyst")
            for _ in range(ROUNDS):
                copied_s = await _copy(database, folder / "copy.csv")
                found["a million visits by COPY TO, s"].append(copied_s)
                for form in FORMATS:
                    out = folder / f"visits.{form}"
                    took_s, grown = _download(service, token, out)
                    found[f"{form} over HTTP, by COPY's speed"].append(copied_s / took_s)
                    found[f"{form} over HTTP, the service grows by MB"].append(grown)
                    took_s, most = _command(url, out)
                    found[f"{form} by the command, by COPY's speed"].append(copied_s / took_s)
                    found[f"{form} by the command, MB at most"].append(most)
    await database.close()
    return {name: float(np.median(values)) for name, values in found.items()}


async def _copy(database: Database, out: Path) -> float:
    async with database.read() as reader:
        await reader.exec_driver_sql("SELECT 1")
        raw = await driver_of(reader)
        start = perf_counter()
        with out.open("wb") as file:
            await raw.copy_from_query(_COPY, output=file, format="csv", header=True, timeout=600)
        return perf_counter() - start


def _download(service: Running, token: str, out: Path) -> tuple[float, float]:
    """How long it takes, and by how much the service's memory grows at most."""
    pid = 0 if service.process is None else service.process.pid
    before, start = _resident_mb(pid), perf_counter()
    form = out.suffix.removeprefix(".")
    with _sampled(pid) as samples, service.client(token) as client, out.open("wb") as file:
        with client.stream("GET", "/visits", params={"f": form}, timeout=600) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                file.write(part)
        took_s = perf_counter() - start
    _see_whole(out)
    return took_s, max(samples) - before


def _command(url: str, out: Path) -> tuple[float, float]:
    """How long it takes from its start to its end, and how much memory it holds at most."""
    arguments = ["export", "visits", "--database", url, "--out", str(out)]
    start = perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "app", *arguments], stderr=subprocess.DEVNULL)
    with _sampled(process.pid) as samples:
        process.wait(600)
        took_s = perf_counter() - start
    _see_whole(out)
    return took_s, max(samples)


def _see_whole(out: Path) -> None:
    scan = pl.scan_parquet(out) if out.suffix == ".parquet" else pl.scan_csv(out)
    if (rows := scan.select(pl.len()).collect().item()) != year.VISITS:
        msg = f"{rows} visits came in {out.name} of {year.VISITS}"
        raise RuntimeError(msg)
    out.unlink()


@contextmanager
def _sampled(pid: int) -> Iterator[list[float]]:
    """A process' resident memory again and again meanwhile, megabytes."""
    samples, ended = [_resident_mb(pid)], Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_S):
            samples.append(_resident_mb(pid))

    thread = Thread(target=sample)
    thread.start()
    yield samples
    ended.set()
    thread.join()


def _resident_mb(pid: int) -> float:
    """As Linux counts it; 0 of a process that has ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
    return 0.0
