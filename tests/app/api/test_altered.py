"""Whatever changes anything over the API leaves one entry in the log, in the same transaction."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import logged
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor
from fastapi import FastAPI
from squares import collection, feature

from app.storage import quarantine
from app.storage.engine import Database
from app.storage.guarding import accounts, sessions
from app.storage.schema import metadata
from ingest.message import Broken

LATE: Final = {"start": "2026-01-15T14:00:00Z", "end": "2026-01-15T22:00:00Z"}
EARLY: Final = {"start": "2026-01-14T12:00:00Z", "end": "2026-01-14T13:00:00Z"}
PLAN: Final = {
    "name": "P",
    "hotspots": ["HS1"],
    "windows": [{"name": "day", "start": "06:00", "end": "23:00", "patrols": 1}],
    "minimum_minutes": 10,
    "maximum_minutes": 15,
    "coverage_target": 0.9,
    "first_day": "2026-01-01",
    "last_day": "2026-12-31",
}
UNABLE: Final = {"plan": "p", "hotspot": "HS1", "day": "2026-01-15", "window": "day"}
HOOK: Final = {"name": "H", "url": "http://10.0.0.9/x"}
ERASED: Final = {"officer": "2", "reason": "as they asked", "from": "2020-01-01T00:00:00Z"}
ACTS: Final = {"erasures": "erasure", "break-glass": "access"}
# Whose secrets and words are in no entry.
NEVER: Final = ("bkt_", "bkd_", "whsec_", "10.0.0.9", "53.4", "with a prisoner")


@dataclass(frozen=True)
class Change:
    """One request that changes something, and whose data the log says that is."""

    route: str
    path: str
    body: object = None
    whose: tuple[tuple[str, int], ...] = ()
    by: str = "admin"


CHANGES: Final = [
    Change("POST /hotspots", "/hotspots", collection(feature("HS1"))),
    Change("PUT /plans/{key}", "/plans/p", PLAN),
    Change("PUT /hotspots/{key}/briefing", "/hotspots/HS1/briefing", {"task": "talk"}),
    Change(
        "POST /hotspots/{key}/briefing/read",
        "/hotspots/HS1/briefing/read",
        whose=(("officer", 1),),
        by="officer",
    ),
    Change("DELETE /hotspots/{key}/briefing", "/hotspots/HS1/briefing"),
    Change(
        "POST /answers",
        "/answers",
        UNABLE | {"answer": "could_not_attend", "reason": "with a prisoner"},
        (("officer", 1),),
        "officer",
    ),
    Change("DELETE /answers/{answer_id}", "/answers/1", None, (("officer", 1),), "officer"),
    Change("POST /import", "/import?table=teams", "Team\nEast\n"),
    Change("POST /teams", "/teams", {"name": "West"}, (("team", 4),)),
    Change(
        "POST /officers",
        "/officers",
        {"number": "3", "name": "Y", "team": "North"},
        (("officer", 3), ("team", 1)),
    ),
    Change(
        "PUT /officers/{number}",
        "/officers/1",
        {"name": "Z", "team": "North"},
        (("officer", 1), ("team", 1)),
    ),
    Change(
        "POST /assignments",
        "/assignments",
        EARLY | {"device": "radio-2", "officer": "1"},
        (("device", 2), ("officer", 1)),
    ),
    Change(
        "PUT /assignments/{assignment_id}",
        "/assignments/1",
        {"start": "2026-01-15T11:00:00Z", "end": None},
        (("device", 1), ("officer", 1)),
    ),
    Change(
        "DELETE /assignments/{assignment_id}",
        "/assignments/2",
        None,
        (("device", 2), ("officer", 2)),
    ),
    Change(
        "POST /duty-times",
        "/duty-times",
        [{"officer": number, **LATE} for number in ("1", "2")],
        (("officer", 1), ("officer", 2)),
    ),
    Change("DELETE /duty-times/{duty_time_id}", "/duty-times/1", None, (("officer", 1),)),
    Change(
        "POST /abstractions",
        "/abstractions",
        {"team": "North", "reason": "with a prisoner", **LATE},
        (("team", 1),),
    ),
    Change("DELETE /abstractions/{abstraction_id}", "/abstractions/1", None, (("team", 1),)),
    Change("PUT /profiles/{name}", "/profiles/slow", {"interval_s": 60}),
    Change("POST /devices", "/devices", {"name": "radio-3", "kind": "radio"}, (("device", 3),)),
    Change(
        "PUT /devices/{name}",
        "/devices/radio-3",
        {"kind": "radio", "profile": None},
        (("device", 3),),
    ),
    Change("POST /devices/enrol", "/devices/enrol", "name,kind\nradio-4,radio\n"),
    Change("POST /devices/{name}/keys", "/devices/radio-3/keys", None, (("device", 3),)),
    Change(
        "DELETE /devices/{name}/keys/{key_id}", "/devices/radio-3/keys/3", None, (("device", 3),)
    ),
    Change("DELETE /devices/{name}/keys", "/devices/radio-3/keys", None, (("device", 3),)),
    Change("PUT /devices/{name}/lock", "/devices/radio-3/lock", None, (("device", 3),)),
    Change("DELETE /devices/{name}/lock", "/devices/radio-3/lock", None, (("device", 3),)),
    Change("DELETE /quarantine/{message_id}", "/quarantine/1"),
    Change("POST /tokens", "/tokens", {"name": "T", "role": "analyst"}),
    Change("DELETE /tokens/{token_id}", "/tokens/2"),
    Change("POST /webhooks", "/webhooks", HOOK),
    Change("DELETE /webhooks/{webhook_id}", "/webhooks/1"),
    Change("DELETE /sessions/{session_id}", "/sessions/1"),
    Change("PUT /accounts/{account_id}", "/accounts/1", {"role": "analyst"}),
    Change(
        "POST /break-glass",
        "/break-glass",
        {"reason": "missing from home", "officers": ["1"]},
        (("officer", 1),),
    ),
    Change("DELETE /break-glass/{glass_id}", "/break-glass/1"),
    Change("POST /erasures", "/erasures", ERASED, (("officer", 2),)),
    Change("DELETE /hotspots/{key}", "/hotspots/HS1?from=2026-02-01"),
]


class Callers:
    """Clients by the role they have."""

    def __init__(self, **clients: httpx.AsyncClient) -> None:
        self._clients = clients

    async def change(self, change: Change) -> httpx.Response:
        """Asks for a change."""
        method = change.route.partition(" ")[0]
        given: dict[str, Any] = {"json": change.body} if change.body is not None else {}
        if isinstance(change.body, str):
            given = {"content": change.body, "headers": {"Content-Type": "text/csv"}}
        return await self._clients[change.by].request(method, change.path, **given)


@pytest.fixture
async def callers(
    application: FastAPI,
    admin: httpx.AsyncClient,
    token_for: TokenFor,
    database: Database,
    clock: Clock,
) -> AsyncIterator[Callers]:
    """Officers 1 of North and 2 of South, each with a radio; and officer 1 calls as well."""
    for number, team in (("1", "North"), ("2", "South")):
        await admin.post("/teams", json={"name": team})
        await admin.post("/officers", json={"number": number, "name": "X", "team": team})
        await admin.post("/devices", json={"name": f"radio-{number}", "kind": "radio"})
        carried = {"device": f"radio-{number}", "officer": number, "start": "2026-01-15T12:00:00Z"}
        await admin.post("/assignments", json=carried)
    async with database.write() as writer:
        await quarantine.keep(writer, Broken(b"{", "pings", clock.now_us(), "radio-1", "not JSON"))
        at = {"created": clock.now, "seen": clock.now}
        who = {"issuer": "https://login.example", "subject": "1", "name": "S"}
        await writer.execute(sa.insert(accounts).values(**who, **at))
        until = {"expires": clock.now + dt.timedelta(hours=1)}
        session = {"account_id": 1, "secret_hash": b"1", "role": "analyst"}
        await writer.execute(sa.insert(sessions).values(**session, **at, **until))
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://test/api/v1",
        headers=await token_for("officer", officer="1"),
    ) as officer:
        yield Callers(admin=admin, officer=officer)


def unsafe(application: FastAPI) -> set[str]:
    """All routes that are not for reading."""
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in application.openapi()["paths"].items()
        for method in operations
        if method != "get" and path.startswith("/api/v1")
    }


async def count(database: Database) -> int:
    """Entries in the log."""
    ((found,),) = await logged.rows(database, "SELECT count(*) FROM audit")
    return int(str(found))


async def test_each_change_leaves_one_entry_and_a_refused_one_leaves_none(
    callers: Callers, application: FastAPI, database: Database
) -> None:
    assert {change.route for change in CHANGES} == unsafe(application)
    for change in CHANGES:
        before = await count(database)
        answer = await callers.change(change)
        assert answer.is_success, (change, answer.text)
        assert await count(database) == before + 1, change
        ((id_, act, what, details),) = await logged.rows(
            database, "SELECT id, act, what, details FROM audit ORDER BY id DESC LIMIT 1"
        )
        assert act == ACTS.get(change.path.split("/")[1], "alteration")
        assert what == change.route
        whose = f"SELECT kind, ref FROM audit_whose WHERE audit_id = {id_} ORDER BY kind, ref"  # noqa: S608 -- its own
        assert tuple(await logged.rows(database, whose)) == change.whose, change
        assert isinstance(json.loads(str(details)), dict)
        assert not any(word in str(details) for word in NEVER), details
        await refused(callers, change)
        assert await count(database) == before + 1, change


async def refused(callers: Callers, change: Change) -> None:
    """The same of what is not there, or by a body that nobody can read."""
    head, _, last = change.path.partition("?")[0].strip("/").partition("/")
    there = "{" in change.route
    path = f"/{head}/{'999999' if '_id}' in change.route else 'nobody'}" if there else change.path
    if there and "/" in last:
        path += f"/{last.partition('/')[2]}"
    body = change.body if there and "PUT /p" not in change.route else [{"what": "?"}]
    bad = Change(change.route, path, body, by=change.by)
    answer = await callers.change(bad)
    assert answer.is_client_error, (bad, answer.text)


async def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, but for the log's own and the service's, which are nobody's doing."""
    ours = {"secrets", "audit", "audit_whose", "audit_seals", "audit_expiry"}
    names = sorted({table.name for table in metadata.sorted_tables} - ours)
    return {
        name: sorted(await logged.rows(database, f"SELECT * FROM {name}"), key=str)  # noqa: S608 -- ours
        for name in names
    }


async def test_what_the_log_cannot_take_is_not_done(callers: Callers, database: Database) -> None:
    for change in CHANGES[:3]:
        assert (await callers.change(change)).is_success
    await logged.execute(database, "ALTER TABLE audit RENAME TO gone")
    before = await everything(database)
    stopped = set()
    for change in CHANGES:
        answer = await callers.change(change)
        assert not answer.is_success, change
        if answer.status_code == 503:
            stopped.add(change.route)
    assert await everything(database) == before
    # The others need what one of these would have made.
    assert stopped >= {
        *("POST /teams", "POST /officers", "PUT /officers/{number}", "POST /import"),
        *("POST /assignments", "DELETE /assignments/{assignment_id}", "POST /duty-times"),
        *("POST /abstractions", "POST /devices", "POST /devices/enrol", "PUT /profiles/{name}"),
        *("POST /tokens", "DELETE /tokens/{token_id}", "POST /webhooks", "POST /break-glass"),
        *("PUT /accounts/{account_id}", "DELETE /sessions/{session_id}", "POST /erasures"),
        *("POST /hotspots", "PUT /hotspots/{key}/briefing", "DELETE /quarantine/{message_id}"),
    }
