"""Auditors search the log, and officers see who looked at them."""

from dataclasses import replace

import httpx
import logged
import pytest
from callers import Clock, TokenFor

from app.access.audit import Act, Whose
from app.storage import audit
from app.storage.engine import Database

OFFICERS = {"1": "North", "2": "South"}


@pytest.fixture
async def staffed(admin: httpx.AsyncClient, database: Database, clock: Clock) -> None:
    """Officer 1 of North with radio-1 and 2 of South; and looks at each, and at everybody."""
    for number, team in OFFICERS.items():
        await admin.post("/teams", json={"name": team})
        await admin.post("/officers", json={"number": number, "name": "X", "team": team})
    await admin.post("/devices", json={"name": "radio-1", "kind": "radio"})
    carried = {"device": "radio-1", "officer": "1", "start": "2026-01-15T06:00:00Z"}
    assert (await admin.post("/assignments", json=carried)).status_code == 201
    one = frozenset({1})
    looks = {
        "at 1": Whose(officers=one),
        "at 2": Whose(officers=frozenset({2})),
        "at North": Whose(teams=one),
        "at South": Whose(teams=frozenset({2})),
        "at radio-1": Whose(devices=one),
        "at all": Whose(everybody=True),
    }
    async with database.write() as writer:
        entries = [replace(logged.LOOK, who=who, whose=whose) for who, whose in looks.items()]
        await audit.write(writer, entries, clock.now)


async def found(client: httpx.AsyncClient, headers: dict[str, str], query: str) -> list[str]:
    answer = await client.get(f"/audit?act=consultation&{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [one["who"] for one in answer.json()["items"]]


async def test_auditors_search_by_anything_and_that_is_logged(
    staffed: None, stranger: httpx.AsyncClient, token_for: TokenFor, database: Database
) -> None:
    auditor = await token_for("auditor")
    assert await found(stranger, auditor, "officer=1&who=AT") == ["at all", "at 1"]
    assert await found(stranger, auditor, "team=South&who=at") == ["at all", "at South"]
    assert await found(stranger, auditor, "device=radio-1&who=at%20") == ["at all", "at radio-1"]
    assert await found(stranger, auditor, "because=COMPLAINT&who=at%202") == ["at 2"]
    assert await found(stranger, auditor, "who=%25") == []
    assert await found(stranger, auditor, "what=audit&from=2026-01-16T00:00:00Z") == []
    own = await logged.rows(
        database, "SELECT rows FROM audit WHERE what = 'GET /audit' ORDER BY id"
    )
    assert own == [(2,), (2,), (2,), (1,), (0,), (0,)]
    pages, query = [], "/audit?act=consultation&who=at%20&limit=4"
    answer = (await stranger.get(query, headers=auditor)).json()
    pages += answer["items"]
    answer = (await stranger.get(f"{query}&cursor={answer['next']}", headers=auditor)).json()
    pages += answer["items"]
    assert len(pages) == 6
    assert [one["id"] for one in pages] == sorted((one["id"] for one in pages), reverse=True)
    table = await stranger.get(f"{query}&f=csv", headers=auditor)
    assert table.headers["content-type"].startswith("text/csv")
    assert len(table.text.splitlines()) == 5
    ((act,),) = await logged.rows(database, "SELECT act FROM audit ORDER BY id DESC LIMIT 1")
    assert act == Act.DISCLOSURE


async def test_officers_see_who_looked_at_them_and_of_nobody_else(
    staffed: None,
    admin: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    token_for: TokenFor,
    clock: Clock,
) -> None:
    first, second = [await token_for("officer", officer=number) for number in OFFICERS]

    async def seen(headers: dict[str, str], query: str = "") -> list[str]:
        answer = await stranger.get(f"/me/looks?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        assert all("officer" not in one["details"] and "origin" not in one for one in items)
        return [one["who"] for one in items if one["who"].startswith("at ")]

    assert await seen(first) == ["at all", "at radio-1", "at North", "at 1"]
    assert await seen(second) == ["at all", "at South", "at 2"]
    assert await seen(first, "to=2026-01-15T11:00:00Z") == []
    # A look at the old team, later, is none at who has left it; one of before still is.
    clock.set("2026-01-15T13:00:00+00:00")
    moved = {"name": "X", "team": "South"}
    assert (await admin.put("/officers/1", json=moved)).status_code == 200
    assert await seen(first) == ["at all", "at radio-1", "at North", "at 1"]
    assert (await stranger.get("/me/looks", headers=await token_for("auditor"))).status_code == 404
    assert (await stranger.get("/audit", headers=first)).status_code == 403
