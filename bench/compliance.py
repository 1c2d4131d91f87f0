"""How long a year's compliance takes to answer, beside fetching its visits by plain SQL."""

import secrets
from time import perf_counter

import httpx
import numpy as np
import year
from services import Postgres
from serving import make, service

from app.storage.engine import Database, driver_of

ROUNDS = 3
YEAR = {"plan": year.PLAN, "from": "2025-01-01", "to": "2025-12-31"}
ASKED = {
    "a year by hot spot": YEAR | {"by": "hotspot"},
    "a year by week": YEAR | {"by": "week"},
    "a year by team": YEAR | {"by": "team"},
    "a year by officer": YEAR | {"by": "officer"},
    "a month by hot spot": YEAR | {"from": "2025-06-01", "to": "2025-06-30", "by": "hotspot"},
}
# What the figures are made from.
_FETCH = """
SELECT device_id, hotspot_id, enter, exit, outer_from, outer_to, enter_seen, exit_seen,
  pass_through, open, spans
FROM visits WHERE known_to IS NULL
"""


async def measure(cluster: Postgres) -> dict[str, float]:
    """The time of each answer as a multiple of that of the bare fetch of the year's visits.

    Medians of rounds, in which all take turns; a million visits, 40 hot spots, 200 officers.
    """
    token = f"bkt_{secrets.token_urlsafe(32)}"
    database = await make(cluster, "bench_compliance")
    await year.fill(database)
    times: dict[str, list[float]] = {name: [] for name in ASKED}
    fetched: list[float] = []
    async with service(database, admin_token=token) as port:
        headers = {"authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{port}/api/v1"
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=600) as client:
            # Who has rows of everybody.
            made = await client.post("/tokens", json={"name": "analyst", "role": "analyst"})
            client.headers["authorization"] = f"Bearer {made.raise_for_status().json()['token']}"
            for _ in range(ROUNDS):
                fetched.append(await _fetch(database))
                for name, asked in ASKED.items():
                    times[name].append(await _ask(client, asked))
    await database.close()
    least = float(np.median(fetched))
    ratios = {f"{name} / fetching its visits": np.median(times[name]) / least for name in ASKED}
    return {"a million visits fetched by plain SQL, s": least} | {
        name: float(ratio) for name, ratio in ratios.items()
    }


async def _fetch(database: Database) -> float:
    async with database.read() as reader:
        await reader.exec_driver_sql("SELECT 1")
        raw = await driver_of(reader)
        start = perf_counter()
        rows = await raw.fetch(_FETCH, timeout=600)
        took_s = perf_counter() - start
    if len(rows) != year.VISITS:
        msg = f"{len(rows)} visits are stored of {year.VISITS}"
        raise RuntimeError(msg)
    return took_s


async def _ask(client: httpx.AsyncClient, asked: dict[str, str]) -> float:
    start = perf_counter()
    answer = await client.get("/compliance", params=asked)
    took_s = perf_counter() - start
    answer.raise_for_status()
    if not answer.json()["total"]["patrols_qualifying"]:
        msg = "no patrol was found"
        raise RuntimeError(msg)
    return took_s
