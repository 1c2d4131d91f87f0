import httpx
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor

from app.storage.engine import Database
from app.storage.schema import assignments


@pytest.fixture
async def staff(admin: httpx.AsyncClient) -> None:
    """Two teams of one officer each, and one officer of none; a radio."""
    for team in ("North", "South"):
        assert (await admin.post("/teams", json={"name": team})).status_code == 201
    for number, team in (("1", "North"), ("2", "South"), ("3", None)):
        body = {"number": number, "name": f"Officer {number}", "team": team}
        assert (await admin.post("/officers", json=body)).status_code == 201
    body = {"name": "radio-1", "kind": "radio"}
    assert (await admin.post("/devices", json=body)).status_code == 201


def assignment(officer: str, start: str, end: str | None) -> dict[str, str | None]:
    day = "2026-01-15T"
    return {
        "device": "radio-1",
        "officer": officer,
        "start": f"{day}{start}:00Z",
        "end": end and f"{day}{end}:00Z",
    }


@pytest.mark.usefixtures("staff")
async def test_people_come_back_as_they_were_given(admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/teams")).json() == {
        "items": [{"name": "North"}, {"name": "South"}],
        "next": None,
    }
    assert (await admin.get("/officers")).json()["items"][0] == {
        "number": "1",
        "name": "Officer 1",
        "team": "North",
        "organisation": "police",
    }


@pytest.mark.usefixtures("staff")
async def test_lists_come_in_parts(admin: httpx.AsyncClient) -> None:
    first = (await admin.get("/officers", params={"limit": 2})).json()
    assert [one["number"] for one in first["items"]] == ["1", "2"]
    rest = (await admin.get("/officers", params={"limit": 2, "cursor": first["next"]})).json()
    assert [one["number"] for one in rest["items"]] == ["3"]
    assert rest["next"] is None


@pytest.mark.usefixtures("staff")
async def test_a_supervisor_sees_their_own_teams_only(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    await admin.post("/assignments", json=assignment("1", "08:00", "10:00"))
    await admin.post("/assignments", json=assignment("2", "10:00", "12:00"))
    supervisor = await token_for("supervisor", teams=["South"])

    async def seen(path: str, field: str) -> list[str]:
        answer = await stranger.get(path, headers=supervisor)
        return [one[field] for one in answer.json()["items"]]

    # Figures are of all teams.
    assert await seen("/teams", "name") == ["North", "South"]
    assert await seen("/officers", "number") == ["2"]
    assert await seen("/assignments", "officer") == ["2"]
    assert await seen("/assignments?officer=1", "officer") == []


@pytest.mark.usefixtures("staff")
async def test_one_device_is_with_one_officer_at_a_time(admin: httpx.AsyncClient) -> None:
    answers = [
        await admin.post("/assignments", json=assignment(*given))
        for given in (
            ("1", "08:00", "10:00"),
            ("2", "10:00", "12:00"),  # touches, which is no overlap
            ("2", "07:00", "08:01"),
            ("2", "09:00", None),
            ("2", "13:00", None),
            ("1", "20:00", "21:00"),  # is with officer 2 for good
        )
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 409, 409, 201, 409]
    said = "device 'radio-1' is with officer '1' from 2026-01-15T08:00:00Z to 2026-01-15T10:00:00Z"
    assert answers[2].json()["detail"] == said
    assert answers[2].json()["errors"] == [{"where": "start", "what": said}]
    assert answers[5].json()["detail"].endswith("from 2026-01-15T13:00:00Z on")
    listed = (await admin.get("/assignments", params={"device": "radio-1"})).json()["items"]
    assert [one["officer"] for one in listed] == ["1", "2", "2"]


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/teams", {"name": "North"}, 409, "there is a team 'North' already"),
        ("/teams", {"name": "  "}, 422, "body.name: "),
        ("/teams", {"name": "a\x00b"}, 422, "body.name: "),
        ("/teams", {"name": "West", "colour": "red"}, 422, "body.colour: "),
        ("/officers", {"number": "1", "name": "Again"}, 409, "there is an officer '1' already"),
        ("/officers", {"number": "9", "name": "N", "team": "East"}, 422, "no team 'East'"),
        ("/officers", {"name": "N"}, 422, "body.number: Field required"),
        ("/assignments", assignment("9", "08:00", None), 422, "there is no officer '9'"),
        (
            "/assignments",
            assignment("1", "08:00", None) | {"device": "radio-9"},
            404,
            "there is no device 'radio-9'",
        ),
        ("/assignments", assignment("1", "08:00", "08:00"), 422, "end: it is not after start"),
        (
            "/assignments",
            assignment("1", "08:00", None) | {"start": "2026-01-15T08:00:00"},
            422,
            "body.start: Input should have timezone info",
        ),
        (
            "/assignments",
            assignment("1", "08:00", None) | {"start": 1768464000},
            422,
            "body.start: give it as text",
        ),
        (
            "/assignments",
            assignment("1", "08:00", None) | {"start": "0001-01-01T00:00:00+14:00"},
            422,
            "body.start: give a day from",
        ),
    ],
)
async def test_what_cannot_be_stored_is_refused_and_said_why(
    admin: httpx.AsyncClient, path: str, body: dict[str, object], status: int, said: str
) -> None:
    answer = await admin.post(path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert said in problem["detail"]
    assert problem["status"] == status


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "the body is not JSON: "),
        (b"[]", 422, "body: "),
        (b"", 422, "body: Field required"),
        (rb'{"name": "\ud800"}', 422, "body.name: "),
        (b'"' + b"x" * (16 * 1024 * 1024) + b'"', 413, "larger than 16777216 bytes"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    admin: httpx.AsyncClient, body: bytes, status: int, said: str
) -> None:
    answer = await admin.post("/teams", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/teams?limit=0", 422),
        ("/teams?limit=1001", 422),
        ("/teams?cursor=x", 422),
        ("/teams?cursor=1.2.3", 422),
        ("/teams?cursor=99999999999999999999", 422),
        ("/nothing", 404),
    ],
)
async def test_every_error_is_a_problem(admin: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await admin.get(path)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_method_that_is_not_there_says_which_are(admin: httpx.AsyncClient) -> None:
    answer = await admin.patch("/teams", json={})
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]


@pytest.mark.usefixtures("staff")
async def test_an_assignment_is_ended_corrected_and_taken_back(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    made = (await admin.post("/assignments", json=assignment("1", "08:00", None))).json()
    next_one = assignment("2", "10:00", None)
    assert (await admin.post("/assignments", json=next_one)).status_code == 409
    clock.set("2026-01-15T13:00:00Z")
    times = {"start": "2026-01-15T08:00:00Z", "end": "2026-01-15T10:00:00Z"}
    ended = (await admin.put(f"/assignments/{made['id']}", json=times)).json()
    assert ended["end"] == "2026-01-15T10:00:00.000000Z"
    assert (await admin.put(f"/assignments/{ended['id']}", json=times)).json() == ended
    second = (await admin.post("/assignments", json=next_one)).json()
    overlapping = await admin.put(f"/assignments/{ended['id']}", json=times | {"end": None})
    assert overlapping.status_code == 409
    assert (await admin.delete(f"/assignments/{second['id']}")).status_code == 204
    listed = (await admin.get("/assignments")).json()["items"]
    assert listed == [ended]
    async with database.read() as reader:
        rows = (await reader.execute(sa.select(assignments).order_by(assignments.c.id))).all()
    assert [(row.end is None, row.known_to is None) for row in rows] == [
        (True, False),
        (False, True),
        (True, False),
    ]
    assert rows[0].known_to == rows[1].known_from == clock.now


@pytest.mark.usefixtures("staff")
async def test_an_assignment_that_is_not_held_true_cannot_be_changed(
    admin: httpx.AsyncClient,
) -> None:
    made = (await admin.post("/assignments", json=assignment("1", "08:00", None))).json()
    times = {"start": "2026-01-15T08:00:00Z", "end": "2026-01-15T08:00:00Z"}
    assert (await admin.put(f"/assignments/{made['id']}", json=times)).status_code == 422
    assert (await admin.delete(f"/assignments/{made['id']}")).status_code == 204
    assert (await admin.delete(f"/assignments/{made['id']}")).status_code == 404
    times["end"] = "2026-01-15T09:00:00Z"
    assert (await admin.put(f"/assignments/{made['id']}", json=times)).status_code == 404


@pytest.mark.usefixtures("staff")
async def test_an_officer_changes_teams(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    supervisor = await token_for("supervisor", teams=["South"])
    body = {"name": "Officer 1", "team": "South"}
    changed = await admin.put("/officers/1", json=body)
    assert changed.json() == {"number": "1", "organisation": "police", **body}
    seen = (await stranger.get("/officers", headers=supervisor)).json()["items"]
    assert [one["number"] for one in seen] == ["1", "2"]
    assert (await admin.put("/officers/9", json=body)).status_code == 404
    assert (await admin.put("/officers/1", json=body | {"team": "East"})).status_code == 422


@pytest.mark.usefixtures("staff")
async def test_a_supervisor_sees_the_devices_that_their_officers_now_carry(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor, clock: Clock
) -> None:
    await admin.post("/devices", json={"name": "phone-1", "kind": "phone"})
    await admin.post("/assignments", json=assignment("1", "08:00", "12:30"))
    await admin.post("/assignments", json=assignment("2", "12:30", None))

    async def seen(team: str) -> list[str]:
        headers = await token_for("supervisor", teams=[team])
        answer = await stranger.get("/devices", headers=headers)
        return [one["name"] for one in answer.json()["items"]]

    assert (await seen("North"), await seen("South")) == (["radio-1"], [])
    clock.set("2026-01-15T12:30:00Z")
    assert (await seen("North"), await seen("South")) == ([], ["radio-1"])
