"""Attacks on rows: another team's, a colleague's, a name, a position; by every way to ask."""

import itertools
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import two_teams
from callers import Clock, TokenFor
from fastapi import FastAPI, Request
from two_teams import DAY, MARK, TIMES, number, radio

from app.api.events import _text
from app.api.eventstream import follow
from app.api.naming import naming_of
from app.api.route import viewer_of
from app.live import Live
from app.storage.engine import Database

NORTH, SOUTH, WARDEN = (1, 2), (3, 4, 5), 6
NOBODY = "nobodys"
TEXTS = ("csv", "json", "geojson")
THEN = {"as_at": "2026-01-15T19:59:00Z"}


@pytest.fixture
def database_url(two_teams_url: str) -> str:
    """One kind: what is asked of each is the same, and other tests ask both."""
    return two_teams_url


@pytest.fixture
def clock() -> Clock:
    return Clock(two_teams.NOW)


@pytest.fixture
async def north(token_for: TokenFor) -> dict[str, str]:
    return await token_for("supervisor", teams=["North"])


@pytest.fixture
async def south(token_for: TokenFor) -> dict[str, str]:
    return await token_for("supervisor", teams=["South"])


async def text(client: httpx.AsyncClient, path: str, headers: dict[str, str], **asked: str) -> str:
    answer = await client.get(path, params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def items(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], **asked: str
) -> list[dict[str, Any]]:
    return list(json.loads(await text(client, path, headers, **asked))["items"])


def radios(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["device"] for row in rows]


def names_of(officers: Sequence[int]) -> list[str]:
    """As they would be found in an answer."""
    return [name for one in officers for name in (f'"{number(one)}"', radio(one))]


ASKED = [
    ("/visits", {}, "device"),
    ("/visits", {}, "officer"),
    ("/visits", THEN, "device"),
    *(("/visits", {"f": form}, "device") for form in TEXTS[::2]),
    *(("/visits", {"f": form} | THEN, "officer") for form in TEXTS[::2]),
    *(("/pings", TIMES | {"f": form}, "device") for form in TEXTS),
    *(("/pings", TIMES | {"f": form}, "officer") for form in TEXTS),
    ("/assignments", {}, "device"),
    ("/assignments", {}, "officer"),
    ("/observability", TIMES, "device"),
]


async def test_a_filter_finds_of_another_team_what_it_finds_of_nobody(
    stranger: httpx.AsyncClient, north: dict[str, str]
) -> None:
    for path, more, where in ASKED:
        others = [radio(3), radio(6)] if where == "device" else [number(3), number(6)]
        of_nobody = await text(stranger, path, north, **more, **{where: NOBODY})
        for other in others:
            found = await text(stranger, path, north, **more, **{where: other})
            assert found.replace(other, NOBODY) == of_nobody, (path, more, other)


async def test_no_list_names_anybody_of_another_team(
    stranger: httpx.AsyncClient, north: dict[str, str]
) -> None:
    lists = {
        "/visits": {},
        "/events": {},
        "/devices": {},
        "/officers": {},
        "/assignments": {},
        "/duty-times": {},
        "/abstractions": {},
        "/answers": {},
        "/observability": TIMES,
        "/pings": TIMES,
        "/hotspots/HS1/briefing/readers": {},
        "/compliance": DAY | {"plan": "late", "by": "officer"},
        "/now": {},
        "/briefing-pack": {"plan": "late", "team": "South"},
    }
    own = 0
    for path, asked in lists.items():
        found = await text(stranger, path, north, **asked)
        own += any(name in found for name in names_of(NORTH))
        assert not [name for name in names_of((*SOUTH, WARDEN)) if name in found], path
    assert own >= 8


async def test_another_teams_cursor_leads_to_ones_own_rows(
    stranger: httpx.AsyncClient, north: dict[str, str], south: dict[str, str]
) -> None:
    teams = ((north, NORTH), (south, SOUTH))
    for path, (mine, own), (theirs, _) in itertools.product(("/visits", "/events"), teams, teams):
        cursor = json.loads(await text(stranger, path, theirs, limit="1"))["next"]
        assert cursor is not None
        found = await items(stranger, path, mine, cursor=cursor)
        assert set(radios(found)) <= {radio(one) for one in own}


async def test_what_a_device_of_another_team_said_is_as_if_it_were_not_there(
    stranger: httpx.AsyncClient, north: dict[str, str]
) -> None:
    answers = [
        await stranger.get(f"/devices/{name}/events", headers=north)
        for name in (radio(3), NOBODY, radio(1))
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 200]
    assert answers[0].text.replace(radio(3), NOBODY) == answers[1].text


@pytest.fixture
async def live(application: FastAPI, database: Database) -> AsyncIterator[Live]:
    async with Live(database) as reading:
        application.state.live = reading
        yield reading


async def test_the_event_stream_tells_nothing_of_another_team_from_however_far_back(
    application: FastAPI, live: Live, north: dict[str, str]
) -> None:
    """`after` and `Last-Event-ID` are where it begins; whose events these were does not matter."""
    raw = [(name.lower().encode(), value.encode()) for name, value in north.items()]
    for position in (0, await live.last() - 5):
        request = Request({"type": "http", "app": application, "headers": raw})
        request.state.viewer = await viewer_of(request)
        await naming_of(request, request.state.viewer)
        lines = follow(request, _text, position, None, beat_s=0.2)
        told = "".join([await anext(lines) for _ in range(3)])
        await lines.aclose()
        assert radio(2) in told
        assert not [name for name in names_of((*SOUTH, WARDEN)) if name in told]


async def test_an_officer_who_changed_team_is_seen_by_the_new_one_only(
    stranger: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    north: dict[str, str],
    south: dict[str, str],
) -> None:
    moved = {"name": f"{MARK} Name 3", "team": "North"}
    assert (await admin.put(f"/officers/{number(3)}", json=moved)).status_code == 200
    for path, asked in (("/visits", {}), ("/visits", THEN), ("/events", {})):
        assert radio(3) in radios(await items(stranger, path, north, **asked))
        assert radio(3) not in radios(await items(stranger, path, south, **asked))
    assert "phone" not in await text(stranger, "/visits", south, f="csv", officer=number(3))


async def test_a_corrected_assignment_takes_a_visit_from_who_never_had_the_device(
    stranger: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    north: dict[str, str],
    south: dict[str, str],
) -> None:
    (held,) = (await admin.get("/assignments", params={"device": radio(1)})).json()["items"]
    assert (await admin.delete(f"/assignments/{held['id']}")).status_code == 204
    given = {"device": radio(1), "officer": number(4), **two_teams.SHIFT}
    assert (await admin.post("/assignments", json=given)).status_code == 201
    for path in ("/visits", "/events"):
        assert radio(1) not in radios(await items(stranger, path, north))
        assert radio(1) in radios(await items(stranger, path, south))
    answer = await stranger.get(f"/devices/{radio(1)}/events", headers=north)
    assert answer.status_code == 404


async def test_an_officer_gets_nothing_of_a_colleagues(
    stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    me = await token_for("officer", officer=number(1))
    for path, more, where in ASKED:
        if path in {"/assignments", "/observability"}:
            assert (await stranger.get(path, params=more, headers=me)).status_code == 403
            continue
        other = radio(2) if where == "device" else number(2)
        found = await text(stranger, path, me, **more, **{where: other})
        of_nobody = await text(stranger, path, me, **more, **{where: NOBODY})
        assert found.replace(other, NOBODY) == of_nobody, (path, more)
    assert set(radios(await items(stranger, "/visits", me))) == {radio(1)}
    rows = json.loads(await text(stranger, "/compliance", me, plan="late", by="officer", **DAY))[
        "rows"
    ]
    assert [row["officer"] for row in rows] == [number(1)]


async def test_an_analyst_follows_a_pseudonym_and_learns_no_name(
    stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    mine, others = await token_for("analyst"), await token_for("analyst")
    devices = radios(await items(stranger, "/visits", mine))
    assert len(set(devices)) == 6
    assert {row["name"] for row in await items(stranger, "/devices", mine)} > set(devices)
    for name in devices:
        (visit,) = await items(stranger, "/visits", mine, device=name)
        assert (visit["device"], visit["id"]) == (name, None)
        assert await items(stranger, "/visits", others, device=name) == []
        answer = await stranger.get(f"/devices/{name}/events", headers=mine)
        assert answer.status_code == 200
    officer = next(row["officers"][0] for row in await items(stranger, "/events", mine))
    assert len(await items(stranger, "/visits", mine, officer=officer)) == 1
    # A name tells nothing, whether it is one or not.
    for where, name in itertools.product(("device", "officer"), (radio(1), number(1), NOBODY)):
        answer = await stranger.get("/visits", params={where: name}, headers=mine)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["where"] == where
    said = [
        await stranger.get(f"/devices/{name}/events", headers=mine) for name in (radio(1), NOBODY)
    ]
    assert said[0].status_code == 404
    assert said[0].text.replace(radio(1), NOBODY) == said[1].text


async def test_an_administrator_gets_no_position(admin: httpx.AsyncClient) -> None:
    refused = {
        "/visits": {},
        "/events": {},
        "/pings": TIMES,
        f"/devices/{radio(1)}/events": {},
        "/quarantine/1": {},
        "/compliance": DAY | {"plan": "late", "by": "officer"},
    }
    for path, asked in refused.items():
        for form in ({}, {"f": "csv"}, {"f": "stream"}):
            answer = await admin.get(path, params=asked | form)
            if answer.status_code != 422:  # no such form
                assert answer.status_code == 403, path
            assert "51.5" not in answer.text
    listed = await admin.get("/quarantine")
    assert listed.json()["items"][0]["text"] is None
    assert "51.5" not in listed.text
    assert '"numbers":["' not in (await admin.get("/now")).text


async def test_rows_of_teams_say_that_some_are_folded_and_why(
    stranger: httpx.AsyncClient, application: FastAPI, token_for: TokenFor, north: dict[str, str]
) -> None:
    application.state.least_officers = 3
    asked = DAY | {"plan": "late", "by": "team"}
    answer = json.loads(await text(stranger, "/compliance", await token_for("analyst"), **asked))
    # North are two, and the warden one: of these three nothing is told apart.
    assert [row["team"] for row in answer["rows"]] == [None, "South"]
    assert answer["folded"].startswith("1 team is counted in the row of none")
    assert [row["officer_minutes"] for row in answer["rows"]] == [36, 36]
    # Who knows North leaves but the warden to tell from the total: South joins them.
    answer = json.loads(await text(stranger, "/compliance", north, **asked))
    assert [row["team"] for row in answer["rows"]] == [None, "North"]
