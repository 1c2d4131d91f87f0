import csv
import io

import httpx
import pytest
from callers import Clock, TokenFor
from squares import collection, feature
from stored_visits import StoredVisit, store

from app.storage.engine import Database

HOUR = 60
COLUMNS = (
    "device,hotspot,enter,exit,dwell_s,inside_s,bridged_s,low_s,high_s,enter_seen,exit_seen,"
    "fixes,mean_speed_mps,pass_through,id,method,open,known_from"
)


@pytest.fixture(autouse=True)
async def day(admin: httpx.AsyncClient, database: Database, clock: Clock) -> None:
    """A radio with officer 1 (North) until 10:00, then with 2 (South); a phone with 3 (West)."""
    clock.set("2026-01-14T12:00:00Z")
    for number, team in (("1", "North"), ("2", "South"), ("3", "West")):
        await admin.post("/teams", json={"name": team})
        await admin.post("/officers", json={"number": number, "name": number, "team": team})
    for name, kind in (("radio", "radio"), ("phone", "phone")):
        await admin.post("/devices", json={"name": name, "kind": kind})
    for device, officer, start, end in (
        ("radio", "1", "08:00", "10:00"),
        ("radio", "2", "10:00", None),
        ("phone", "3", "08:00", None),
    ):
        times = {
            "start": f"2026-01-15T{start}:00Z",
            "end": end and f"2026-01-15T{end}:00Z",
        }
        await admin.post("/assignments", json={"device": device, "officer": officer, **times})
    await admin.post("/hotspots", json=collection(feature("HS1"), feature("HS2")))
    await store(
        database,
        StoredVisit("radio", "HS1", 9 * HOUR, 9 * HOUR + 12),
        StoredVisit("radio", "HS2", 10 * HOUR, 10 * HOUR + 11.25),
        StoredVisit("phone", "HS1", 11 * HOUR, 11 * HOUR + 1, open=True),
    )
    clock.set("2026-01-15T12:00:00Z")


async def starts(client: httpx.AsyncClient, path: str = "/visits", **more: dict) -> list[str]:
    answer = await client.get(path, **more)
    assert answer.status_code == 200, answer.text
    return [one["enter"][11:16] for one in answer.json()["items"]]


async def test_a_visit_has_the_columns_of_the_command_line_and_four_more(
    supervisor: httpx.AsyncClient,
) -> None:
    answer = (await supervisor.get("/visits", params={"hotspot": "HS2"})).json()
    (visit,) = answer["items"]
    assert list(visit) == COLUMNS.split(",")
    assert visit | {"id": 0} == {
        "device": "radio",
        "hotspot": "HS2",
        "enter": "2026-01-15T10:00:00.000000Z",
        "exit": "2026-01-15T10:11:15.000000Z",
        "dwell_s": 675.0,
        "inside_s": 675.0,
        "bridged_s": 0.0,
        "low_s": 615.0,
        "high_s": 735.0,
        "enter_seen": True,
        "exit_seen": True,
        "fixes": 12,
        "mean_speed_mps": 0.75,
        "pass_through": False,
        "id": 0,
        "method": 1,
        "open": False,
        "known_from": "2026-01-15T10:16:15.000000Z",
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["09:00", "10:00", "11:00"]),
        ("from=2026-01-15T10:00:00Z", ["10:00", "11:00"]),
        ("to=2026-01-15T10:00:00Z", ["09:00"]),
        ("from=2026-01-15T10:00:00%2B01:00&to=2026-01-15T10:00:00-01:00", ["09:00", "10:00"]),
        # A plus that nobody escaped.
        ("from=2026-01-15T11:00:00+01:00", ["10:00", "11:00"]),
        ("hotspot=HS1", ["09:00", "11:00"]),
        ("hotspot=HS9", []),
        ("device=radio", ["09:00", "10:00"]),
        ("officer=2", ["10:00"]),
        ("open=true", ["11:00"]),
        ("open=false&device=phone", []),
    ],
)
async def test_visits_are_found_by_time_place_and_person(
    supervisor: httpx.AsyncClient, query: str, found: list[str]
) -> None:
    assert await starts(supervisor, f"/visits?{query}") == found


@pytest.mark.parametrize(
    ("viewer", "found"),
    [
        ({"role": "officer", "officer": "1"}, ["09:00"]),
        ({"role": "officer", "officer": "2"}, ["10:00"]),
        ({"role": "supervisor", "teams": ["South"]}, ["10:00"]),
        ({"role": "supervisor", "teams": ["North", "South"]}, ["09:00", "10:00"]),
        ({"role": "analyst"}, ["07:00", "09:00", "10:00", "11:00"]),
    ],
)
async def test_each_role_sees_what_it_needs_and_no_more(
    stranger: httpx.AsyncClient,
    database: Database,
    token_for: TokenFor,
    viewer: dict,
    found: list[str],
) -> None:
    # When nobody had the phone.
    await store(database, StoredVisit("phone", "HS2", 7 * HOUR, 7 * HOUR + 5))
    headers = await token_for(**viewer)
    assert await starts(stranger, headers=headers) == found
    # Asking for somebody else's adds nothing; an analyst knows nobody's number.
    if viewer["role"] != "analyst":
        others = await starts(stranger, "/visits?officer=1", headers=headers)
        assert others == [start for start in found if start == "09:00"]


async def test_parts_of_a_list_follow_each_other_without_gap_or_overlap(
    supervisor: httpx.AsyncClient, database: Database
) -> None:
    same_time = [(device, spot) for device in ("radio", "phone") for spot in ("HS1", "HS2")]
    await store(database, *(StoredVisit(device, spot, 630, 640) for device, spot in same_time))
    whole = [one["id"] for one in (await supervisor.get("/visits")).json()["items"]]
    parts, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = (await supervisor.get("/visits", params=params)).json()
        parts += [one["id"] for one in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert parts == whole
    assert len(whole) == 7


@pytest.mark.parametrize("how", [{"params": {"f": "csv"}}, {"headers": {"Accept": "text/csv"}}])
async def test_visits_come_as_csv_too(supervisor: httpx.AsyncClient, how: dict) -> None:
    answer = await supervisor.get("/visits", **how)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[0] == COLUMNS.replace(",id,", ",officer,team,id,")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["dwell_s"] for row in rows] == ["720.0", "675.0", "60.0"]
    assert (rows[0]["pass_through"], rows[2]["open"]) == ("false", "true")
    assert rows[0]["enter"] == "2026-01-15T09:00:00.000000Z"


async def test_visits_are_shown_as_they_were_known(
    supervisor: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    old = StoredVisit("phone", "HS2", 480, 490, known_from=500, known_to=520)
    new = StoredVisit("phone", "HS2", 480, 493, known_from=520)
    await store(database, old, new)

    async def dwell(**params: str) -> list[float]:
        found = (await supervisor.get("/visits", params={"hotspot": "HS2", **params})).json()[
            "items"
        ]
        return [one["dwell_s"] / 60 for one in found if one["device"] == "phone"]

    assert await dwell() == [13]
    assert await dwell(as_at="2026-01-15T08:19:59Z") == []
    assert await dwell(as_at="2026-01-15T08:20:00Z") == [10]
    assert await dwell(as_at="2026-01-15T08:39:59Z") == [10]
    assert await dwell(as_at="2026-01-15T08:40:00Z") == [13]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("from=2026-01-15T10:00:00", "query.from"),
        ("from=2026-01-15", "query.from"),
        ("from=1768464000", "query.from"),
        ("to=9999-12-31T23:59:59Z", "query.to"),
        ("from=2026-01-15T10:00:01Z&to=2026-01-15T10:00:00Z", "from"),
        ("as_at=2026-01-15T12:00:01Z", "as_at"),
        ("f=xml", "query.f"),
        ("open=perhaps", "query.open"),
        ("hotspot=a%00b", "query.hotspot"),
        ("cursor=9223372036854775807.1", "cursor"),
        ("cursor=7", "cursor"),
        ("f=csv&limit=2", "limit"),
        ("f=parquet&cursor=1.1", "cursor"),
        ("f=csv&from=2026-01-15T10:00:01Z&to=2026-01-15T10:00:00Z", "from"),
        ("f=csv&study=s&device=radio", "device"),
    ],
)
async def test_a_question_that_cannot_be_meant_is_refused_by_field(
    supervisor: httpx.AsyncClient, query: str, where: str
) -> None:
    answer = await supervisor.get(f"/visits?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["where"] == where
