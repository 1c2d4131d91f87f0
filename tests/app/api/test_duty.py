import httpx
import pytest
from callers import Clock, TokenFor

HALLOWEEN = {
    "officer": None,
    "team": None,
    "start": "2026-01-15T17:00:00.000000Z",
    "end": "2026-01-16T00:00:00.000000Z",
    "reason": "Halloween",
}


@pytest.fixture(autouse=True)
async def staff(admin: httpx.AsyncClient) -> None:
    """Two teams of one officer each."""
    for number, team in (("1", "North"), ("2", "South")):
        await admin.post("/teams", json={"name": team})
        body = {"number": number, "name": f"Officer {number}", "team": team}
        assert (await admin.post("/officers", json=body)).status_code == 201


def duty(officer: str, start: str, end: str) -> dict[str, str]:
    day = "2026-01-15T"
    return {"officer": officer, "start": f"{day}{start}:00Z", "end": f"{day}{end}:00Z"}


async def test_duty_times_are_given_one_or_many_and_taken_back(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    one = (await admin.post("/duty-times", json=duty("1", "06:00", "14:00"))).json()["items"]
    many = [duty("1", "06:00", "14:00"), duty("2", "14:00", "22:00")]
    answer = await admin.post("/duty-times", json=many)
    assert answer.status_code == 201
    same, late = answer.json()["items"]
    assert one == [same]
    assert late == {
        "id": late["id"],
        "officer": "2",
        "start": "2026-01-15T14:00:00.000000Z",
        "end": "2026-01-15T22:00:00.000000Z",
    }
    clock.set("2026-01-16T00:00:00Z")
    assert (await admin.delete(f"/duty-times/{same['id']}")).status_code == 204
    assert (await admin.delete(f"/duty-times/{same['id']}")).status_code == 404
    assert (await admin.get("/duty-times")).json()["items"] == [late]


async def test_duty_times_are_found_by_officer_and_time_of_those_whom_one_sees(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    south = await token_for("supervisor", teams=["South"])
    given = [duty("1", "06:00", "14:00"), duty("2", "06:00", "14:00"), duty("2", "14:00", "22:00")]
    await admin.post("/duty-times", json=given)

    async def found(headers: dict[str, str], **params: str) -> list[str]:
        answer = await stranger.get("/duty-times", params=params, headers=headers)
        return [f"{one['officer']} {one['start'][11:13]}" for one in answer.json()["items"]]

    everybody = dict(admin.headers)
    assert await found(everybody, officer="2") == ["2 06", "2 14"]
    assert await found(everybody, **{"from": "2026-01-15T14:00:00Z"}) == ["2 14"]
    assert await found(everybody, to="2026-01-15T14:00:00Z") == ["1 06", "2 06"]
    assert await found(south) == ["2 06", "2 14"]
    assert await found(south, officer="1") == []
    wrong = {"from": "2026-01-15T14:00:00Z", "to": "2026-01-15T13:00:00Z"}
    assert (await admin.get("/duty-times", params=wrong)).status_code == 422


async def test_of_a_list_with_faults_none_is_stored_and_all_are_named(
    admin: httpx.AsyncClient,
) -> None:
    given = [duty("1", "06:00", "14:00"), duty("9", "06:00", "14:00"), duty("2", "14:00", "06:00")]
    answer = await admin.post("/duty-times", json=given)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"where": "1.officer", "what": "there is no officer '9'"},
        {"where": "2.end", "what": "it is not after start"},
    ]
    unread = await admin.post("/duty-times", json=[given[0], given[1] | {"start": "yesterday"}])
    assert [error["where"] for error in unread.json()["errors"]] == ["body.1.start"]
    assert (await admin.post("/duty-times", json=[])).status_code == 422
    assert (await admin.get("/duty-times")).json()["items"] == []


async def test_abstractions_are_of_an_officer_a_team_or_everybody(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    given = [
        HALLOWEEN,
        HALLOWEEN | {"officer": "1", "reason": "court"},
        HALLOWEEN | {"team": "South", "reason": "roads policing"},
    ]
    made = (await admin.post("/abstractions", json=given)).json()["items"]
    assert made == [{"id": one["id"], **words} for one, words in zip(made, given, strict=True)]
    assert (await admin.post("/abstractions", json=HALLOWEEN)).json()["items"] == made[:1]
    south = await token_for("supervisor", teams=["South"])
    seen = (await stranger.get("/abstractions", headers=south)).json()["items"]
    assert seen == [made[0], made[2]]
    after = {"from": "2026-01-16T00:00:00Z"}
    assert (await admin.get("/abstractions", params=after)).json()["items"] == []
    assert (await admin.delete(f"/abstractions/{made[1]['id']}")).status_code == 204
    assert (await admin.delete(f"/abstractions/{made[1]['id']}")).status_code == 404
    assert (await admin.get("/abstractions")).json()["items"] == [made[0], made[2]]


async def test_an_abstraction_that_cannot_be_meant_is_refused_by_field(
    admin: httpx.AsyncClient,
) -> None:
    for changes, where, said in (
        ({"end": "2026-01-15T16:59:59Z"}, "0.end", "not after start"),
        ({"end": HALLOWEEN["start"]}, "0.end", "not after start"),
        ({"officer": "9"}, "0.officer", "there is no officer '9'"),
        ({"team": "West"}, "0.team", "there is no team 'West'"),
        ({"officer": "1", "team": "South"}, "0.team", "name an officer, or a team, or neither"),
        ({"reason": " "}, "body.0.reason", "at least 1"),
        ({"start": "2026-01-15T17:00:00"}, "body.0.start", "timezone"),
    ):
        answer = await admin.post("/abstractions", json=HALLOWEEN | changes)
        assert answer.status_code == 422, changes
        assert [error["where"] for error in answer.json()["errors"]] == [where]
        assert said in answer.json()["detail"]
    assert (await admin.get("/abstractions")).json()["items"] == []
