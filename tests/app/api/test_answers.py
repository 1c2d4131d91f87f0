import httpx
import pytest
from callers import Clock, TokenFor
from squares import collection, feature

PLAN = {
    "name": "Late turns",
    "hotspots": ["HS1", "HS2"],
    "windows": [
        {"name": "late", "start": "15:00", "end": "23:00"},
        {"name": "sunday", "weekdays": ["sun"], "start": "10:00", "end": "12:00"},
    ],
    "trial": {
        "days": [
            {"hotspot": spot, "day": f"2026-01-{day}", "treatment": treatment}
            for spot, day, treatment in (
                ("HS1", 15, True),
                ("HS2", 15, False),
                ("HS1", 16, True),
                ("HS1", 23, True),
            )
        ]
    },
    "first_day": "2026-01-15",
}
ANSWER = {
    "plan": "late",
    "hotspot": "HS1",
    "day": "2026-01-15",
    "window": "late",
    "answer": "could_not_attend",
    "reason": "in custody with a prisoner",
}


@pytest.fixture
async def officers(admin: httpx.AsyncClient, token_for: TokenFor) -> list[dict[str, str]]:
    """The tokens of two officers of two teams, who have a plan."""
    await admin.post("/hotspots", json=collection(feature("HS1"), feature("HS2")))
    assert (await admin.put("/plans/late", json=PLAN)).status_code == 200
    for number in ("1", "2"):
        await admin.post("/teams", json={"name": f"Team {number}"})
        body = {"number": number, "name": f"Officer {number}", "team": f"Team {number}"}
        await admin.post("/officers", json=body)
    return [await token_for("officer", officer=number) for number in ("1", "2")]


async def test_an_officer_answers_for_a_cell_and_takes_it_back(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, officers: list[dict[str, str]]
) -> None:
    made = await stranger.post("/answers", json=ANSWER, headers=officers[0])
    assert made.status_code == 201
    answer = made.json()
    assert answer == ANSWER | {
        "id": answer["id"],
        "officer": "1",
        "answered": "2026-01-15T12:00:00.000000Z",
    }
    again = await stranger.post("/answers", json=ANSWER, headers=officers[0])
    assert again.json() == answer
    path = f"/answers/{answer['id']}"
    assert (await stranger.delete(path, headers=officers[1])).status_code == 404
    assert (await admin.get("/answers", params={"plan": "late"})).json()["items"] == [answer]
    assert (await stranger.delete(path, headers=officers[0])).status_code == 204
    assert (await stranger.delete(path, headers=officers[0])).status_code == 404
    assert (await admin.get("/answers")).json()["items"] == []


async def test_whose_an_answer_is_and_why_is_shown_to_those_who_see_the_officer(
    admin: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    officers: list[dict[str, str]],
    token_for: TokenFor,
) -> None:
    await stranger.post("/answers", json=ANSWER, headers=officers[0])
    teams = [await token_for("supervisor", teams=[f"Team {number}"]) for number in (1, 2)]
    named = []
    for headers in (*officers, *teams):
        (shown,) = (await stranger.get("/answers", headers=headers)).json()["items"]
        assert shown["hotspot"] == "HS1"
        named.append((shown["officer"], shown["reason"]))
    assert named == [("1", ANSWER["reason"]), (None, None)] * 2
    for params, count in (
        ({"from": "2026-01-15", "to": "2026-01-15"}, 1),
        ({"from": "2026-01-16"}, 0),
        ({"to": "2026-01-14"}, 0),
        ({"plan": "other"}, 0),
    ):
        found = await admin.get("/answers", params=params)
        assert len(found.json()["items"]) == count
    wrong = {"from": "2026-01-16", "to": "2026-01-15"}
    assert (await admin.get("/answers", params=wrong)).status_code == 422


async def test_an_answer_for_no_cell_is_refused_by_field(
    stranger: httpx.AsyncClient, officers: list[dict[str, str]]
) -> None:
    for changes, where, said in (
        ({"plan": "early"}, "plan", "there is no plan 'early'"),
        ({"hotspot": "HS9"}, "hotspot", "the plan does not ask for 'HS9' in that window"),
        ({"hotspot": "HS2"}, "hotspot", "the plan does not ask for 'HS2' in that window"),
        ({"window": "sunday"}, "window", "no window 'sunday' on 2026-01-15"),
        ({"day": "2026-01-14"}, "day", "the plan asks for nothing on 2026-01-14"),
        ({"day": "2026-01-16"}, "day", "answers are taken on the operational day"),
        ({"answer": "attended"}, "body.answer", "could_not_attend"),
        ({"reason": ""}, "body.reason", "at least 1"),
    ):
        answer = await stranger.post("/answers", json=ANSWER | changes, headers=officers[0])
        assert answer.status_code == 422, changes
        assert [error["where"] for error in answer.json()["errors"]] == [where]
        assert said in answer.json()["detail"]


async def test_answers_are_taken_from_the_start_of_the_day_for_a_week(
    stranger: httpx.AsyncClient, officers: list[dict[str, str]], clock: Clock
) -> None:
    taken = []
    for moment in (
        "2026-01-16T05:59:59Z",  # the night before still is of the day before
        "2026-01-16T06:00:00Z",
        "2026-01-24T05:59:59Z",
        "2026-01-24T06:00:00Z",
    ):
        clock.set(moment)
        body = ANSWER | {"day": "2026-01-16"}
        answer = await stranger.post("/answers", json=body, headers=officers[0])
        taken.append(answer.status_code)
    assert taken == [422, 201, 201, 422]
