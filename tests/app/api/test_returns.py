import csv
import io
from pathlib import Path

import httpx
import pypdfium2
import pytest
from callers import Clock, TokenFor
from fastapi import FastAPI
from squares import collection, feature, square
from stored_visits import StoredVisit, store

from app.storage.engine import Database

LATE = 15 * 60
PLAN = {
    "name": "Late turns",
    "windows": [{"name": "late", "start": "15:00", "end": "23:00"}],
    "first_day": "2026-01-14",
}
ASKED = {"plan": "late", "month": "2026-01"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """It reads what compliance reads, which is tried on each kind of database."""
    return sqlite_url


@pytest.fixture(autouse=True)
async def month(admin: httpx.AsyncClient, database: Database, clock: Clock) -> None:
    """A hot spot patrolled by two of the police and two wardens, once together."""
    clock.set("2026-01-12T12:00:00Z")
    await admin.post("/hotspots", json=collection(feature("HS1", square(), name="=cmd()")))
    assert (await admin.put("/plans/late", json=PLAN)).is_success
    for number, organisation in (
        ("1", "police"),
        ("2", "police"),
        ("3", "-wardens"),
        ("4", "-wardens"),
    ):
        who = {"number": number, "name": "x", "organisation": organisation}
        assert (await admin.post("/officers", json=who)).is_success
        await admin.post("/devices", json={"name": f"radio-{number}", "kind": "radio"})
        held = {"device": f"radio-{number}", "officer": number, "start": "2026-01-14T12:00:00Z"}
        await admin.post("/assignments", json=held)
    await store(
        database,
        StoredVisit("radio-1", "HS1", LATE + 10, LATE + 22),
        StoredVisit("radio-3", "HS1", LATE + 10, LATE + 40),
        StoredVisit("radio-2", "HS1", LATE + 24 * 60, LATE + 24 * 60 + 18),
    )
    clock.set("2026-02-02T12:00:00Z")


async def asked(client: httpx.AsyncClient, **more: str) -> httpx.Response:
    answer = await client.get("/returns", params=ASKED | more)
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_return_has_the_figures_of_compliance_by_organisation(
    admin: httpx.AsyncClient,
) -> None:
    answer = await asked(admin)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "monthly_return-2026-01.csv" in answer.headers["content-disposition"]
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(answer.text)) if row}
    assert rows["Return"] == ["Late turns", "2026-01"]
    assert rows["Counted"] == ["2026-01-01", "2026-01-31"]
    days = {"plan": "late", "from": "2026-01-01", "to": "2026-01-31", "by": "organisation"}
    figures = (await admin.get("/compliance", params=days)).json()
    for row in figures["rows"]:
        name = {"-wardens": "'-wardens"}.get(row["organisation"], row["organisation"])
        shown = [float(cell) for cell in rows[name]]
        assert shown == [
            pytest.approx(row["person_hours"], abs=0.005),
            row["officer_minutes"],
            row["patrols"],
            row["patrols_qualifying"],
            row["patrol_minutes"],
        ]
    assert len(figures["rows"]) == 2
    assert rows["Total"] == ["1.0", "60.0", "2", "2", "48.0"]
    assert rows["Cells"] == [str(figures["total"]["cells"])]
    assert rows["Observed % of time on duty"] == ["not known"]
    assert rows["Definition"][0].startswith("Person-hours are the time that officers spent")


async def test_an_organisation_is_listed_and_nobody_only_with_patrols(
    admin: httpx.AsyncClient, database: Database
) -> None:
    await admin.post("/devices", json={"name": "spare", "kind": "radio"})
    # Outside the window it is of no patrol that counts here.
    await store(database, StoredVisit("spare", "HS1", LATE - 200, LATE - 180))
    assert "unassigned" not in (await asked(admin)).text
    await store(database, StoredVisit("spare", "HS1", LATE + 200, LATE + 220))
    assert "unassigned,0.0,0.0,1,1,20.0" in (await asked(admin)).text


async def test_a_month_of_which_nothing_was_recorded_says_so(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    clock.set("2026-03-02T12:00:00Z")
    text = (await asked(admin, month="2026-02")).text
    assert "Nothing was recorded on these days: whether anybody patrolled is not known." in text
    assert "Nothing was recorded" not in (await asked(admin)).text


async def test_a_return_says_what_it_leaves_open(admin: httpx.AsyncClient, clock: Clock) -> None:
    # No service runs here that would do what the hot spots ask for.
    assert "Settled,no" in (await asked(admin)).text
    clock.set("2026-01-20T12:00:00Z")
    text = (await asked(admin)).text
    assert "Counted,2026-01-01,2026-01-20" in text
    assert "counted up to Tuesday 20 January 2026, and is not over" in text
    answer = await admin.get("/returns", params=ASKED | {"month": "2026-02"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "month: 2026-02 has not begun"


async def test_a_return_can_be_asked_for_as_it_stood(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    then = {"as_at": "2026-01-16T12:00:00Z"}
    first = (await asked(admin, **then)).text
    assert "Total,0.7,42.0,1,1,30.0" in first
    made = first.splitlines()
    clock.set("2026-02-03T12:00:00Z")
    assert (await asked(admin, **then)).text.splitlines() == made


async def test_templates_are_those_shipped_and_those_of_the_folder(
    admin: httpx.AsyncClient, application: FastAPI, tmp_path: Path
) -> None:
    pdf = await asked(admin, template="monthly_return.typ")
    assert pdf.headers["content-type"] == "application/pdf"
    text = pypdfium2.PdfDocument(pdf.content)[0].get_textpage().get_text_bounded()
    assert "-wardens" in text
    (tmp_path / "ours.html").write_text("{% for one in hotspots %}<p>{{ one.name }}{% endfor %}")
    (tmp_path / "bad.txt").write_text("\n{{ hours }}")
    answer = await admin.get("/returns", params=ASKED | {"template": "ours.html"})
    assert answer.status_code == 404
    assert "there are monthly_return.csv, monthly_return.typ" in answer.json()["detail"]
    application.state.templates = tmp_path
    page = await asked(admin, template="ours.html")
    assert page.text == "<p>=cmd()"
    assert page.headers["content-security-policy"] == "sandbox"
    answer = await admin.get("/returns", params=ASKED | {"template": "bad.txt"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("bad.txt, line 2: there is no field hours")
    secret = tmp_path / "folder"
    application.state.templates = secret
    for name in ("../bad.txt", str(tmp_path / "bad.txt")):
        answer = await admin.get("/returns", params=ASKED | {"template": name})
        assert answer.status_code == 404, name


async def test_no_row_tells_of_one_officer_whom_one_does_not_see(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    headers = await token_for("officer", officer="1")
    answer = await stranger.get("/returns", params=ASKED, headers=headers)
    # Of the police one sees oneself, so that the row would be the other's.
    rows = [row[0] for row in csv.reader(io.StringIO(answer.text)) if row]
    assert "police" not in rows
    assert "unassigned" in rows


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "1970-01", "2199-12", "9999-12", "x"])
async def test_what_is_no_month_is_refused(admin: httpx.AsyncClient, month: str) -> None:
    answer = await admin.get("/returns", params=ASKED | {"month": month})
    assert answer.status_code == 422
    assert "month" in answer.json()["detail"]
