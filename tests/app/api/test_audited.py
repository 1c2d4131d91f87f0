"""What is asked and changed over the API is in the audit log, or it does not happen."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import logged
import pytest
from callers import Clock, TokenFor, bearer
from fastapi import FastAPI

from app.auditing import Auditor
from app.storage.engine import Database

Answers = Mapping[str, Any]


async def entries(database: Database, where: str = "TRUE") -> list[dict[str, Any]]:
    """What the log says, without the setting up of the test, as dictionaries."""
    names = ("id", "act", "who", "role", "authority", "origin", "what", "details", "reason", "rows")
    query = f"SELECT {', '.join(names)} FROM audit WHERE {where} ORDER BY id"  # noqa: S608 -- ours
    found = [dict(zip(names, row, strict=True)) for row in await logged.rows(database, query)]
    for one in found:
        one["details"] = json.loads(one["details"])
        whose = f"SELECT kind, ref FROM audit_whose WHERE audit_id = {one['id']} ORDER BY kind, ref"  # noqa: S608
        one["whose"] = await logged.rows(database, whose)
    return found


@pytest.fixture
async def staffed(admin: httpx.AsyncClient) -> None:
    """Officers 1 of North, 2 of South, each with a radio, since noon."""
    for number, team in (("1", "North"), ("2", "South")):
        await admin.post("/teams", json={"name": team})
        await admin.post("/officers", json={"number": number, "name": "X", "team": team})
        await admin.post("/devices", json={"name": f"radio-{number}", "kind": "radio"})
        carried = {"device": f"radio-{number}", "officer": number, "start": "2026-01-15T12:00:00Z"}
        assert (await admin.post("/assignments", json=carried)).status_code == 201


@pytest.fixture
async def north(
    staffed: None, application: FastAPI, token_for: TokenFor
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of North's supervisor."""
    transport = httpx.ASGITransport(
        application, client=("192.0.2.7", 1), raise_app_exceptions=False
    )
    headers = await token_for("supervisor", teams=["North"])
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/api/v1", headers=headers
    ) as client:
        yield client


async def test_a_look_is_in_the_log_with_who_what_whose_whence_and_why(
    north: httpx.AsyncClient, database: Database
) -> None:
    asked = {"officer": "1", "from": "2026-01-15T00:00:00Z", "limit": 7, "unheard": "of"}
    headers = {"X-Reason": "complaint 12, %C3%9Cbergabe"}
    assert (await north.get("/visits", params=asked, headers=headers)).status_code == 200
    (look,) = await entries(database, "act = 'consultation'")
    assert look | {"id": 0, "authority": ""} == {
        "id": 0,
        "act": "consultation",
        "who": "supervisor",
        "role": "supervisor",
        "authority": "",
        "origin": "192.0.2.7",
        "what": "GET /visits",
        "details": {"from": "2026-01-15T00:00:00Z"},
        "reason": "complaint 12, Übergabe",
        "rows": None,
        "whose": [("officer", 1)],
    }


ASKED = [
    ("/visits", "consultation", [("team", 1)]),
    ("/visits?device=radio-1", "consultation", [("device", 1)]),
    ("/visits?f=csv", "disclosure", [("team", 1)]),
    ("/visits?f=csv&study=s", "combination", [("team", 1)]),
    ("/devices/radio-1/events", "consultation", [("device", 1)]),
    ("/assignments?reason=why", "consultation", [("team", 1)]),
    ("/now", "consultation", [("team", 1)]),
    ("/answers", "consultation", [("team", 1)]),
    # What is not there, and what is not theirs: the same answer, and the same entry.
    ("/devices/radio-2/events", "consultation", [("device", 2)]),
    ("/devices/nothing/events", "consultation", []),
]


async def test_what_is_asked_says_what_kind_of_look_it_is_and_at_whose_data(
    north: httpx.AsyncClient, database: Database
) -> None:
    for path, act, whose in ASKED:
        answer = await north.get(path)
        assert answer.status_code in {200, 404}, answer.text
        look = (await entries(database))[-1]
        assert (path, look["act"], look["whose"]) == (path, act, whose)
        assert look["reason"] == ("why" if "reason" in path else None)
    assert len(await entries(database, "who = 'supervisor'")) == len(ASKED)


async def test_what_is_about_nobody_is_not_logged(
    north: httpx.AsyncClient, database: Database
) -> None:
    for path in ("/hotspots", "/plans", "/teams"):
        assert (await north.get(path)).status_code == 200
    assert await entries(database, "who = 'supervisor'") == []


async def test_no_look_without_the_log(north: httpx.AsyncClient, database: Database) -> None:
    await logged.execute(database, "ALTER TABLE audit RENAME TO elsewhere")
    for path in ("/visits", "/visits?f=csv", "/officers"):
        assert (await north.get(path)).status_code == 503
    assert (await north.get("/hotspots")).status_code == 200


async def test_where_a_reason_is_required_nobody_looks_without_one(
    north: httpx.AsyncClient, application: FastAPI, database: Database, clock: Clock
) -> None:
    application.state.auditor = Auditor(database, clock.now_us, reason_required=True)
    answer = await north.get("/visits", headers={"X-Reason": " "})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "header.X-Reason")
    assert (await north.get("/hotspots")).status_code == 200
    assert (await north.get("/visits?reason=complaint%2012")).status_code == 200
    (look,) = await entries(database, "act = 'consultation'")
    assert look["reason"] == "complaint 12"


async def test_who_is_turned_away_is_in_the_log_so_often_a_minute(
    north: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    application: FastAPI,
    database: Database,
) -> None:
    assert (await north.get("/tokens")).status_code == 403
    assert (await stranger.get("/visits")).status_code == 401  # shows nothing at all
    for _ in range(15):
        answer = await stranger.get("/visits", headers=bearer("bkt_guessed"))
        assert answer.status_code == 401
    found = await entries(database, "act = 'access'")
    assert [one["who"] for one in found] == ["supervisor", *["a stranger"] * 10]
    assert {one["what"] for one in found} == {"GET /tokens", "GET /visits"}
    assert "guessed" not in json.dumps(found)
    assert application.state.auditor.unlogged() == {"127.0.0.1": 5}


async def test_who_asks_by_a_pseudonym_looks_at_whom_it_stands_for(
    north: httpx.AsyncClient, token_for: TokenFor, database: Database
) -> None:
    analyst = await token_for("analyst")
    listed = (await north.get("/devices", headers=analyst)).json()["items"]
    assert len(listed) == 2
    looked = set()
    for one in listed:
        for path in (f"/visits?device={one['name']}", f"/devices/{one['name']}/events"):
            assert (await north.get(path, headers=analyst)).status_code == 200
            look = (await entries(database))[-1]
            assert one["name"] in look["details"].values()
            looked.add((path.partition("?")[0][:8], *look["whose"]))
    assert looked == {(path, ("device", id_)) for path in ("/visits", "/devices") for id_ in (1, 2)}


async def test_who_was_erased_is_named_nowhere_in_the_log(
    north: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    token_for: TokenFor,
    database: Database,
) -> None:
    person = {"number": "PC77", "name": "Jo Farthing", "team": "North"}
    assert (await admin.post("/officers", json=person)).status_code == 201
    assert (await admin.post("/devices", json={"name": "r", "kind": "radio"})).status_code == 201
    carried = {"device": "r", "officer": "PC77", "start": "2026-01-15T12:00:00Z"}
    assert (await admin.post("/assignments", json=carried)).status_code == 201
    assert (await north.get("/visits?officer=PC77")).status_code == 200
    glass = {"reason": "officer in danger", "officers": ["PC77", "1"], "minutes": 5}
    assert (await north.post("/break-glass", json=glass)).status_code == 201
    seen = await stranger.get("/me/looks", headers=await token_for("officer", officer="1"))
    assert "POST /break-glass" in seen.text
    assert "PC77" not in seen.text
    dry = await admin.post("/erasures?dry_run=true", json={"officer": "PC77", "reason": "r"})
    assert dry.status_code == 200, dry.text
    assert (await entries(database))[-1]["act"] == "consultation"
    erased = await admin.post("/erasures", json={"officer": "PC77", "reason": "request 17"})
    assert erased.status_code == 200, erased.text
    found = await entries(database)
    assert (found[-1]["act"], found[-1]["whose"]) == ("erasure", [("officer", 3)])
    assert not any(word in json.dumps(found) for word in ("PC77", "Farthing"))
    audit = await stranger.get("/audit?officer=erased-3", headers=await token_for("auditor"))
    named = [one["officers"] for one in audit.json()["items"] if one["officers"]]
    assert named == [["erased-3"], ["erased-3"], ["1", "erased-3"], *[["erased-3"]] * 3]
