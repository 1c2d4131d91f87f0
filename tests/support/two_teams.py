"""A world of two teams and a warden for tests of who sees what: every name in it begins with zq."""

import datetime as dt
from collections.abc import Mapping

import httpx
from callers import ADMIN, Clock, bearer
from squares import collection, feature, square
from stored_visits import StoredVisit, store

from app.access.viewer import Role
from app.auditing import Auditor
from app.bootstrap import ensure_administrator
from app.main import create_app
from app.settings import Settings
from app.storage import events, quarantine
from app.storage.engine import Database
from app.storage.events import Event
from app.storage.types import to_us
from ingest.message import Broken

MARK = "zq"
NOW = dt.datetime(2026, 1, 15, 20, tzinfo=dt.UTC)
BEFORE = dt.datetime(2026, 1, 14, 12, tzinfo=dt.UTC)
LATE = 15 * 60
SHIFT = {"start": "2026-01-15T15:00:00Z", "end": "2026-01-15T23:00:00Z"}
DAY = {"from": "2026-01-15", "to": "2026-01-15"}
TIMES = {"from": "2026-01-15T00:00:00Z", "to": "2026-01-16T00:00:00Z"}
PLAN = {
    "name": "Late turns",
    "windows": [{"name": "late", "start": "15:00", "end": "23:00"}],
    "first_day": "2026-01-15",
    "hotspots": ["HS1", "HS2"],
}
# Team North has officers 1 and 2, South 3 to 5, the warden 6 none; each their radio.
TEAMS = {1: "North", 2: "North", 3: "South", 4: "South", 5: "South", 6: None}
# What a role's token says beside it.
MORE: Mapping[Role, Mapping[str, object]] = {
    Role.OFFICER: {"officer": f"{MARK}1"},
    Role.SUPERVISOR: {"teams": ["North"]},
}


def number(officer: int) -> str:
    return f"{MARK}{officer}"


def radio(officer: int) -> str:
    return f"{MARK}-radio-{officer}"


async def _ask(caller: httpx.AsyncClient, method: str, path: str, body: object) -> None:
    answer = await caller.request(method, path, json=body)
    assert answer.is_success, (path, answer.text)


async def _post(caller: httpx.AsyncClient, path: str, body: object) -> None:
    await _ask(caller, "POST", path, body)


async def make(url: str) -> None:
    """Makes the world in a migrated, empty database, by an API whose service does not run."""
    clock, database = Clock(BEFORE), Database(url)
    await ensure_administrator(database, ADMIN, clock.now)
    app = create_app(Settings(database=url), clock.now_us)
    app.state.database = database
    app.state.auditor = Auditor(database, clock.now_us)
    app.state.now_us = clock.now_us
    app.state.body_timeout_s = 30.0
    base = {"base_url": "http://test/api/v1", "headers": bearer(ADMIN)}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), **base) as admin:
        await _settle(admin, database)
    await database.close()


async def _settle(admin: httpx.AsyncClient, database: Database) -> None:
    spots = (feature(f"HS{n}", square(lon=-3 + n / 100), name=f"Spot {n}") for n in (1, 2))
    await _ask(admin, "POST", "/hotspots", collection(*spots))
    await _ask(admin, "PUT", "/plans/late", PLAN)
    for team in ("North", "South"):
        await _post(admin, "/teams", {"name": team})
    for officer, team in TEAMS.items():
        name = f"{MARK} Name {officer}"
        body = {"number": number(officer), "name": name, "team": team}
        await _post(admin, "/officers", {key: value for key, value in body.items() if value})
        address = {"kind": "owntracks", "address": f"{MARK}{officer}/phone"}
        body = {"name": radio(officer), "kind": "radio", "addresses": [address]}
        await _post(admin, "/devices", body)
        held = {"device": radio(officer), "officer": number(officer), **SHIFT}
        await _post(admin, "/assignments", held)
        await _post(admin, "/duty-times", {"officer": number(officer), **SHIFT})
    gateway = {"name": f"{MARK}-gate", "kind": "gateway", "speaks_for": [radio(1), radio(3)]}
    await _post(admin, "/devices", gateway)
    away = {"officer": number(3), "reason": f"{MARK} leave", **SHIFT}
    await _post(admin, "/abstractions", away)
    await _ask(admin, "PUT", "/hotspots/HS1/briefing", {"task": "Walk."})
    await _happen(database)


async def _happen(database: Database) -> None:
    """Each is at the first hot spot for 12 minutes, one after the other, the last one until now."""
    begun = [LATE + 50 * officer for officer in TEAMS]
    times = zip(TEAMS, begun, strict=True)
    await store(database, *(StoredVisit(radio(n), "HS1", at, at + 12) for n, at in times))
    told = [
        Event("emergency", NOW - dt.timedelta(minutes=n), device_id=n, detail=f"{MARK} help")
        for n in TEAMS
    ]
    async with database.write() as writer:
        payload = f'{{"lat": 51.5, "who": "{MARK}"}}'.encode()
        broken = Broken(payload, "pings", to_us(NOW), radio(1), f"lat: {MARK + '51.5'!r} is none")
        await quarantine.keep(writer, broken)
        await events.write(writer, told, NOW)


async def answer_for(officer: httpx.AsyncClient) -> None:
    """Has an officer say why they could not attend."""
    said = {"plan": "late", "hotspot": "HS2", "day": "2026-01-15", "window": "late"}
    await _post(officer, "/answers", said | {"reason": f"{MARK} in custody"})
