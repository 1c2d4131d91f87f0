"""Who breaks the glass sees somebody for a while, and those whom it concerns are told."""

import asyncio
import datetime as dt
import json

import httpx
import pytest
from callers import Clock, TokenFor
from fastapi import FastAPI

GIVEN = {"reason": "does not answer the radio", "officers": ["1"], "minutes": 30}


@pytest.fixture
async def world(admin: httpx.AsyncClient) -> None:
    for number, team in (("1", "Centre"), ("2", "North")):
        await admin.post("/teams", json={"name": team})
        officer = {"number": number, "name": f"PC {number}", "team": team}
        assert (await admin.post("/officers", json=officer)).status_code == 201


async def test_a_supervisor_sees_another_teams_officer_until_it_is_put_back(
    world: None, stranger: httpx.AsyncClient, token_for: TokenFor, clock: Clock
) -> None:
    north = await token_for("supervisor", teams=["North"])

    async def seen() -> list[str]:
        answer = await stranger.get("/officers", headers=north)
        return [one["number"] for one in answer.json()["items"]]

    assert await seen() == ["2"]
    broken = await stranger.post("/break-glass", json=GIVEN, headers=north)
    assert broken.status_code == 201
    assert await seen() == ["1", "2"]
    path = f"/break-glass/{broken.json()['id']}"
    me = (await stranger.get("/me", headers=north)).json()
    assert me["broken_glass"] == broken.json()["id"]
    another = await token_for("supervisor", teams=["North"])
    assert (await stranger.delete(path, headers=another)).status_code == 404
    assert (await stranger.delete(path, headers=north)).status_code == 204
    assert await seen() == ["2"]
    await stranger.post("/break-glass", json=GIVEN, headers=north)
    clock.now += dt.timedelta(minutes=30)
    assert await seen() == ["2"]


async def test_those_whom_it_concerns_are_told_and_the_log_says_why(
    world: None,
    admin: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    token_for: TokenFor,
) -> None:
    assert (await admin.post("/break-glass", json=GIVEN)).status_code == 201
    told = {}
    for name, token in {
        "themself": await token_for("officer", officer="1"),
        "theirs": await token_for("supervisor", teams=["Centre"]),
        "another": await token_for("officer", officer="2"),
        "another's": await token_for("supervisor", teams=["North"]),
        "analyst": await token_for("analyst"),
    }.items():
        found = (await stranger.get("/events?kind=glass_broken", headers=token)).json()["items"]
        told[name] = [(one["officers"], one["detail"]) for one in found]
    words = "first administrator, administrator: does not answer the radio"
    assert told["themself"] == told["theirs"] == [(["1"], words)]
    assert told["another"] == told["another's"] == []
    assert told["analyst"] != told["themself"]
    assert told["analyst"][0][1] is None
    auditor = await token_for("auditor")
    log = (await stranger.get("/audit", headers=auditor)).json()["items"]
    entry = next(one for one in log if one["what"] == "POST /break-glass")
    assert (entry["act"], entry["reason"]) == ("access", GIVEN["reason"])
    assert "1" in json.dumps(entry["details"])


async def test_a_number_that_nobody_has_is_taken_like_any_other(
    world: None, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    north = await token_for("supervisor", teams=["North"])
    shapes = []
    for number in ("1", "none"):
        answer = await stranger.post(
            "/break-glass", json=GIVEN | {"officers": [number]}, headers=north
        )
        shapes.append((answer.status_code, answer.json() | {"id": 0}))
    assert shapes[0] == shapes[1]
    listed = (await stranger.get("/break-glass", headers=north)).json()["items"]
    assert {frozenset(one) for one in listed} == {frozenset(shapes[0][1])}


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "because"},
        {"minutes": 61},
        {"officers": []},
        {"officers": ["1"] * 51},
    ],
)
async def test_it_takes_a_reason_and_has_an_end(
    wrong: dict[str, object], admin: httpx.AsyncClient
) -> None:
    assert (await admin.post("/break-glass", json=GIVEN | wrong)).status_code == 422


async def test_who_has_no_right_to_cannot(stranger: httpx.AsyncClient, token_for: TokenFor) -> None:
    for role in ("analyst", "auditor"):
        answer = await stranger.post("/break-glass", json=GIVEN, headers=await token_for(role))
        assert answer.status_code == 403


async def test_a_token_is_for_its_scopes_alone_and_for_a_year_at_most(
    application: FastAPI, admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    narrow = await token_for("administrator", scopes=["read_hotspots"])
    assert (await stranger.get("/hotspots", headers=narrow)).status_code == 200
    assert (await stranger.get("/tokens", headers=narrow)).status_code == 403
    listed = (await admin.get("/tokens")).json()["items"][-1]
    assert listed["scopes"] == ["read_hotspots"]
    assert listed["expires"] == "2027-01-15T12:00:00.000000Z"
    asked = {"name": "n", "role": "auditor"}
    for more in ({"scopes": ["read_visits"]}, {"expires": "2027-01-15T12:00:01Z"}):
        assert (await admin.post("/tokens", json=asked | more)).status_code == 422


@pytest.mark.parametrize(
    "broken",
    [{"officers": ["nobody"]}, {"officers": [], "payloads": True}],
    ids=["typo", "payloads"],
)
async def test_of_nobody_nobody_is_told(
    broken: dict[str, object],
    world: None,
    admin: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    token_for: TokenFor,
) -> None:
    assert (await admin.post("/break-glass", json=GIVEN | broken)).status_code == 201
    for role, more in (
        ("officer", {"officer": "2"}),
        ("supervisor", {"teams": ["North"]}),
        ("analyst", {}),
    ):
        told = await stranger.get("/events", headers=await token_for(role, **more))
        assert told.json()["items"] == []
    log = (await stranger.get("/audit", headers=await token_for("auditor"))).json()["items"]
    assert GIVEN["reason"] in [one["reason"] for one in log]


async def test_what_is_looked_at_through_it_is_logged_with_it(
    world: None, admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    await admin.get("/visits")
    broken = (await admin.post("/break-glass", json=GIVEN)).json()["id"]
    await admin.get("/visits")
    log = (await stranger.get("/audit", headers=await token_for("auditor"))).json()["items"]
    looks = [one for one in log if one["what"] == "GET /visits" and one["act"] == "consultation"]
    assert [one["details"].get("glass") for one in looks] == [str(broken)]


async def test_of_glass_broken_at_the_same_time_one_is_left(
    world: None, admin: httpx.AsyncClient
) -> None:
    answers = await asyncio.gather(*(admin.post("/break-glass", json=GIVEN) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    listed = (await admin.get("/break-glass")).json()["items"]
    assert len([one for one in listed if one["until"] > one["broken"]]) == 1
    now = (await admin.get("/me")).json()["broken_glass"]
    assert (await admin.delete(f"/break-glass/{now}")).status_code == 204
    assert (await admin.get("/me")).json()["broken_glass"] is None


async def test_no_glass_gives_a_token_what_it_is_not_for(
    world: None, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    scopes = ["break_glass", "read_visits"]
    narrow = await token_for("supervisor", teams=["North"], scopes=scopes)
    assert (await stranger.post("/break-glass", json=GIVEN, headers=narrow)).status_code == 201
    assert (await stranger.get("/events", headers=narrow)).status_code == 200
    assert (await stranger.get("/officers", headers=narrow)).status_code == 403
