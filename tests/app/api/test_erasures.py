import datetime as dt

import httpx
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor

from app.retention import Periods, Retention
from app.storage import guarding
from app.storage.engine import Database

DUTY = {"officer": "PC1", "start": "2026-01-15T14:00:00Z", "end": "2026-01-15T22:00:00Z"}
HELD = {"device": "phone-1", "officer": "PC1", "start": "2026-01-15T14:00:00Z"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind: what is erased, the tests of `app.erasing` try on both."""
    return sqlite_url


async def person(admin: httpx.AsyncClient) -> None:
    await admin.post("/teams", json={"name": "Centre"})
    officer = {"number": "PC1", "name": "Jo", "team": "Centre"}
    for path, body in (
        ("/officers", officer),
        ("/devices", {"name": "phone-1", "kind": "phone"}),
        ("/duty-times", DUTY),
        ("/assignments", HELD),
    ):
        assert (await admin.post(path, json=body)).is_success, path


async def test_a_person_is_erased_with_a_report_after_a_dry_run(
    admin: httpx.AsyncClient, database: Database
) -> None:
    await person(admin)
    wanted = {"officer": "PC1", "reason": "request 17"}
    tried = (await admin.post("/erasures?dry_run=true", json=wanted)).json()
    assert tried["done"] is False
    assert tried["rows"] == {"assignments": 1, "duty_times": 1, "officer_posts": 1}
    assert (await admin.get("/officers")).json()["items"][0]["number"] == "PC1"
    report = (await admin.post("/erasures", json=wanted)).json()
    assert report == tried | {"done": True}
    [left] = (await admin.get("/officers")).json()["items"]
    assert (left["number"], left["name"], left["team"]) == ("erased-1", "erased", None)
    again = await admin.post("/erasures", json=wanted)
    assert again.status_code == 404
    [noted] = (await admin.get("/erasures")).json()["items"]
    assert (noted["kind"], noted["rows"]) == ("person", tried["rows"])
    a = guarding.audit.c
    query = sa.select(a.act, a.reason, a.details).where(a.what == "POST /erasures").order_by(a.id)
    async with database.read() as reader:
        logged = [tuple(row) for row in await reader.execute(query)]
    assert [row[:2] for row in logged[:2]] == [
        ("consultation", "request 17"),
        ("erasure", "request 17"),
    ]
    assert not any("PC1" in row[2] for row in logged[:2])


async def test_only_who_may_erase_does_and_for_a_reason(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    await person(admin)
    supervisor = await token_for("supervisor", teams=["Centre"])
    refused = await stranger.post("/erasures", json={}, headers=supervisor)
    assert refused.status_code == 403
    for body in ({"officer": "PC1"}, {"officer": "PC1", "reason": " "}):
        assert (await admin.post("/erasures", json=body)).status_code == 422
    turned = {
        "officer": "PC1",
        "reason": "x",
        "from": "2026-01-02T00:00Z",
        "to": "2026-01-01T00:00Z",
    }
    assert (await admin.post("/erasures", json=turned)).status_code == 422
    # Who counts the visits of a second learns who was there then.
    second = turned | {"to": "2026-01-02T00:00:01Z"}
    answer = await admin.post("/erasures?dry_run=true", json=second)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "to")
    assert (await admin.get("/erasures")).json()["items"] == []


async def test_when_the_periods_were_last_kept_to_is_told(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    assert (await admin.get("/chores")).json()["items"] == []
    await Retention(database, clock.now_us, Periods(fixes=31)).keep()
    [chore] = (await admin.get("/chores")).json()["items"]
    assert chore["name"] == "retention"
    assert chore["done"] == chore["begun"]
    before = (clock.now - dt.timedelta(days=31)).date()
    assert chore["said"] == f"fixes before {before}: 0 gone"


async def test_officers_are_told_what_is_stored_of_them(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    await person(admin)
    token = await token_for("officer", officer="PC1")
    mine = (await stranger.get("/me/data", headers=token)).json()
    assert (mine["number"], mine["name"]) == ("PC1", "Jo")
    counted = {"assignments": 1, "duty_times": 1, "officer_posts": 1, "tokens": 1}
    assert mine["rows"] == counted
    assert [time["from"] for time in mine["duty_times"]] == ["2026-01-15T14:00:00.000000Z"]
    assert [time["device"] for time in mine["devices"]] == ["phone-1"]
    supervisors = await token_for("supervisor", teams=["Centre"])
    assert (await stranger.get("/me/data", headers=supervisors)).status_code == 404
    assert (await admin.get("/me/data")).status_code == 403
