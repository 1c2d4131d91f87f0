import httpx
import pytest
from callers import Clock, TokenFor
from squares import collection, feature

TEXT = {"task": "Walk the precinct", "note": "Thefts from cars\n\tafter 17:00"}
PATH = "/hotspots/HS1/briefing"


@pytest.fixture
async def officer(admin: httpx.AsyncClient, token_for: TokenFor) -> dict[str, str]:
    """The token of the first of two officers, who have two hot spots."""
    await admin.post("/hotspots", json=collection(feature("HS1"), feature("HS2")))
    for number, team in (("1", "North"), ("2", "South")):
        await admin.post("/teams", json={"name": team})
        body = {"number": number, "name": f"Officer {number}", "team": team}
        await admin.post("/officers", json=body)
    return await token_for("officer", officer="1")


async def test_a_briefing_is_put_read_changed_and_ended(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, officer: dict[str, str], clock: Clock
) -> None:
    first = (await admin.put(PATH, json=TEXT)).json()
    assert first == {
        "id": first["id"],
        "hotspot": "HS1",
        **TEXT,
        "since": "2026-01-15T12:00:00.000000Z",
        "read": None,
    }
    assert (await stranger.get("/briefings", headers=officer)).json()["items"] == [first]
    clock.set("2026-01-15T15:00:00Z")
    read = await stranger.post(f"{PATH}/read", headers=officer)
    assert read.status_code == 201
    assert read.json() == first | {"read": "2026-01-15T15:00:00.000000Z"}
    clock.set("2026-01-15T16:00:00Z")
    await stranger.post(f"{PATH}/read", headers=officer)
    assert (await admin.put(PATH, json=TEXT)).json() == first
    assert (await stranger.get(PATH, headers=officer)).json() == read.json()
    changed = (await admin.put(PATH, json={"task": "Walk"})).json()
    assert (changed["note"], changed["since"]) == ("", "2026-01-15T16:00:00.000000Z")
    assert (await stranger.get("/briefings", headers=officer)).json()["items"] == [changed]
    stale = await stranger.post(f"{PATH}/read?id={first['id']}", headers=officer)
    assert stale.status_code == 409
    assert (await admin.delete(PATH)).status_code == 204
    for answer in (
        await admin.get(PATH),
        await admin.delete(PATH),
        await stranger.post(f"{PATH}/read", headers=officer),
        await admin.get(f"{PATH}/readers"),
    ):
        assert answer.status_code == 404
        assert answer.json()["detail"] == "this hot spot has no briefing"
    assert (await admin.get("/briefings")).json()["items"] == []


async def test_who_has_read_a_briefing_is_told_to_those_who_see_them(
    admin: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    officer: dict[str, str],
    token_for: TokenFor,
) -> None:
    await admin.put(PATH, json=TEXT)
    await stranger.post(f"{PATH}/read", headers=officer)
    read = {"officer": "1", "name": "Officer 1", "read": "2026-01-15T12:00:00.000000Z"}
    unread = {"officer": "2", "name": "Officer 2", "read": None}
    assert (await admin.get(f"{PATH}/readers")).json()["items"] == [read, unread]
    south = await token_for("supervisor", teams=["South"])
    seen = await stranger.get(f"{PATH}/readers", headers=south)
    assert seen.json()["items"] == [unread]


async def test_a_briefing_that_cannot_be_meant_is_refused(
    admin: httpx.AsyncClient, officer: dict[str, str]
) -> None:
    assert officer
    assert (await admin.put("/hotspots/HS9/briefing", json=TEXT)).status_code == 404
    for body in ({}, {"task": " "}, {"task": "Walk", "note": "a\x00b"}, {"task": "a\nb"}):
        assert (await admin.put(PATH, json=body)).status_code == 422
    assert (await admin.get("/briefings")).json()["items"] == []
