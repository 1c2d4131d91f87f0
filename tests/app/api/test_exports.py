"""Tables that people take away: whole, in every format, and no more of people than one may see."""

import csv
import io
import json
import re
from itertools import product

import httpx
import openpyxl
import polars as pl
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor
from fastapi import FastAPI
from squares import collection, feature, square
from stored_visits import StoredVisit, store

from app.api import outgoing
from app.reports.formats import Format
from app.storage.engine import Database
from app.storage.schema import devices, fixes
from app.storage.types import from_us, to_us
from geofence.model import METHOD

HOUR = 60
OLD = {"valid_from": "2026-01-01"}
DAY = {"plan": "late", "from": "2026-01-15", "to": "2026-01-15"}
TIMES = {"from": "2026-01-15T00:00:00Z", "to": "2026-01-16T00:00:00Z"}
PLAN = {
    "name": "Late turns",
    "windows": [{"name": "late", "start": "08:00", "end": "16:00"}],
    "first_day": "2026-01-15",
}
ASKED = {
    "/visits": {},
    "/pings": TIMES,
    "/patrols": DAY,
    "/cells": DAY,
    "/place-days": DAY,
}
# What no database makes a difference to.
SQLITE_ALONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
async def day(admin: httpx.AsyncClient, database: Database, clock: Clock) -> None:
    """A radio with officer 1 (North) until 10:00, then with 2 (South); a phone with 3 (West)."""
    clock.set("2026-01-14T12:00:00Z")
    for number, team in (("1", "North"), ("2", "South"), ("3", "West")):
        await admin.post("/teams", json={"name": team})
        await admin.post("/officers", json={"number": number, "name": number, "team": team})
    for name, kind in (("radio", "radio"), ("=phone", "phone")):
        await admin.post("/devices", json={"name": name, "kind": kind})
    for device, officer, start, end in (
        ("radio", "1", "08:00", "10:00"),
        ("radio", "2", "10:00", None),
        ("=phone", "3", "08:00", None),
    ):
        times = {"start": f"2026-01-15T{start}:00Z", "end": end and f"2026-01-15T{end}:00Z"}
        await admin.post("/assignments", json={"device": device, "officer": officer, **times})
    spots = feature("HS1", **OLD), feature("HS2", square(-2.9), **OLD)
    assert (await admin.post("/hotspots", json=collection(*spots))).is_success
    assert (await admin.put("/plans/late", json=PLAN)).is_success
    await store(
        database,
        StoredVisit("radio", "HS1", 9 * HOUR, 9 * HOUR + 12),
        StoredVisit("radio", "HS2", 10 * HOUR, 10 * HOUR + 11.25),
        StoredVisit("=phone", "HS1", 11 * HOUR, 11 * HOUR + 1, open=True),
    )
    async with database.write() as writer:
        ids = {row.name: row.id for row in await writer.execute(sa.select(devices))}
        for name, minutes in (("radio", 540), ("radio", 630), ("=phone", 660)):
            time = from_us(to_us(StoredVisit("", "", 0, 0).at(minutes)))
            place = {"lon": -2.98, "lat": 53.4, "battery_pct": 40.0, "source": "pings"}
            row = {"device_id": ids[name], "time": time, "received": time, **place}
            await writer.execute(sa.insert(fixes).values(row))
    clock.set("2026-01-15T16:00:00Z")


async def table(
    client: httpx.AsyncClient, path: str, headers: dict[str, str] | None = None, **more: str
) -> list[dict[str, str]]:
    answer = await client.get(path, params=ASKED[path] | {"f": "csv"} | more, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_a_visit_says_who_had_the_device_when_it_began(supervisor: httpx.AsyncClient) -> None:
    found = await table(supervisor, "/visits")
    assert [(row["device"], row["officer"], row["team"]) for row in found] == [
        ("radio", "1", "North"),
        ("radio", "2", "South"),
        ("'=phone", "3", "West"),
    ]
    listed = (await supervisor.get("/visits")).json()["items"]
    assert [row["enter"] for row in found] == [visit["enter"] for visit in listed]
    assert [float(row["high_s"]) for row in found] == [visit["high_s"] for visit in listed]


@SQLITE_ALONE
async def test_a_table_is_the_same_in_every_format(supervisor: httpx.AsyncClient) -> None:
    for path, form in product(ASKED, Format):
        if (path, form) == ("/visits", Format.JSON):
            continue
        rows = await table(supervisor, path)
        names, count = list(rows[0]), len(rows)
        answer = await supervisor.get(path, params=ASKED[path] | {"f": form})
        assert answer.status_code == 200
        name = f'attachment; filename="{path[1:]}.{form}"'
        assert answer.headers["content-disposition"] == name
        match form:
            case Format.JSON:
                read = answer.json()
                found = [list(row) for row in read["items"]]
                assert read["parameters"]["made"] == "2026-01-15T16:00:00Z"
            case Format.GEOJSON:
                features = json.loads(answer.text)["features"]
                found = [list(one["properties"]) for one in features]
                assert {one["geometry"]["type"] for one in features} <= {"Polygon", "Point"}
            case Format.PARQUET:
                frame = pl.read_parquet(answer.content)
                found = [frame.columns] * len(frame)
            case Format.XLSX:
                sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
                head, *below = sheet.iter_rows(values_only=True)
                found = [[str(title).removesuffix(" (UTC)") for title in head]] * len(below)
            case Format.CSV:
                found = [list(row) for row in rows]
        assert found == [names] * count, (path, form)


async def test_pings_are_positions_with_who_had_the_device(supervisor: httpx.AsyncClient) -> None:
    assert [(row["device"], row["officer"]) for row in await table(supervisor, "/pings")] == [
        ("radio", "1"),
        ("radio", "2"),
        ("'=phone", "3"),
    ]
    (row,) = await table(supervisor, "/pings", officer="2")
    assert (row["time"], row["lat"]) == ("2026-01-15T10:30:00.000000Z", "53.4")
    assert (row["battery_pct"], row["speed_mps"], row["source"]) == ("40.0", "", "pings")


async def test_each_role_takes_away_what_it_sees_and_no_more(
    stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    for role, more, officers in (
        ("officer", {"officer": "1"}, ["1"]),
        ("officer", {"officer": "2"}, ["2"]),
        ("supervisor", {"teams": ["South"]}, ["2"]),
        ("supervisor", {"teams": ["North", "South"]}, ["1", "2"]),
    ):
        headers = await token_for(role, **more)
        for path in ("/visits", "/pings"):
            found = await table(stranger, path, headers=headers)
            assert [row["officer"] for row in found] == officers, path
            assert {row["device"] for row in found} == {"radio"}


async def test_an_analyst_takes_pseudonyms_away_and_no_pings(
    stranger: httpx.AsyncClient, database: Database, token_for: TokenFor
) -> None:
    # When nobody had the phone.
    await store(database, StoredVisit("=phone", "HS1", 7 * HOUR, 7 * HOUR + 5))
    headers = await token_for("analyst")
    found = await table(stranger, "/visits", headers=headers)
    assert all(re.fullmatch("device-[0-9a-f]{12}", row["device"]) for row in found)
    assert [bool(re.fullmatch("officer-[0-9a-f]{12}", row["officer"])) for row in found] == [
        False,
        True,
        True,
        True,
    ]
    # By a number that is the same for all, each one's pseudonyms could be joined.
    assert {row["id"] for row in found} == {""}
    assert found[1]["device"] == found[2]["device"] != found[3]["device"] == found[0]["device"]
    # Each is a team of their own, by which they would be known.
    assert [row["team"] for row in found] == [""] * 4
    assert (await stranger.get("/pings", params=TIMES, headers=headers)).status_code == 403
    for name, value in (("device", "radio"), ("officer", "1")):
        params = {"f": "csv", name: value}
        answer = await stranger.get("/visits", params=params, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["where"] == name


async def test_pseudonyms_are_the_same_in_all_tables_of_a_study_and_else_in_none(
    supervisor: httpx.AsyncClient, token_for: TokenFor
) -> None:
    analyst = await token_for("analyst")

    async def names(path: str, headers: dict[str, str] | None = None, **more: str) -> set[str]:
        return {row["device"] for row in await table(supervisor, path, headers, **more)}

    alone = [await names("/visits", pseudonyms="true") for _ in range(2)]
    assert not alone[0] & alone[1]
    study = await names("/visits", study="merseyside")
    assert study == await names("/pings", study="merseyside")
    assert study == await names("/visits", analyst, study="merseyside")
    assert not study & await names("/visits", study="another")


async def test_a_span_with_nothing_in_it_is_a_heading(supervisor: httpx.AsyncClient) -> None:
    days = {"from": "2026-01-02", "to": "2026-01-03"}
    times = {name: f"{day}T00:00:00Z" for name, day in days.items()}
    for path in ("/visits", "/pings", "/patrols"):
        empty = times if path in {"/visits", "/pings"} else days
        whole = await table(supervisor, path)
        answer = await supervisor.get(path, params=ASKED[path] | empty | {"f": "csv"})
        assert answer.status_code == 200
        assert answer.text == ",".join(whole[0]) + "\r\n"


@SQLITE_ALONE
async def test_what_is_true_of_a_table_is_said_of_it_and_no_more(
    supervisor: httpx.AsyncClient,
) -> None:
    async def said(path: str, **more: str) -> tuple[str | None, str | None]:
        answer = await supervisor.get(path, params=ASKED[path] | {"f": "geojson"} | more)
        parameters = answer.json()["parameters"]
        return parameters.get("method"), parameters.get("note")

    standing = "visits that are still open count as they stand"
    ungrown = "hot spots are drawn without their buffers"
    assert await said("/pings") == (None, None)
    assert await said("/cells", f="json") == (str(METHOD), standing)
    assert await said("/visits") == (str(METHOD), f"{standing}; {ungrown}")
    assert await said("/visits", as_at="2026-01-15T10:00:00Z") == (str(METHOD), ungrown)


async def test_a_table_is_as_it_was_known(supervisor: httpx.AsyncClient) -> None:
    before = await table(supervisor, "/visits", as_at="2026-01-15T10:00:00Z")
    assert [row["enter"][11:16] for row in before] == ["09:00"]


@SQLITE_ALONE
async def test_what_cannot_be_had_is_said_in_a_sentence(supervisor: httpx.AsyncClient) -> None:
    for path, params, status, said in (
        ("/cells", {"plan": "none"}, 404, "there is no plan 'none'"),
        ("/patrols", {"to": "2026-01-14"}, 422, "from: it is after to"),
        ("/pings", {"to": "2026-01-14T00:00:00Z"}, 422, "from: it is after to"),
        ("/cells", {"f": "pdf"}, 422, "query.f"),
        ("/compliance", {"f": "geojson"}, 422, "nothing that a map could show"),
    ):
        answer = await supervisor.get(path, params=ASKED.get(path, DAY) | {"f": "csv"} | params)
        assert answer.status_code == status, answer.text
        assert said in answer.json()["detail"]


@SQLITE_ALONE
async def test_who_is_to_come_back_later_is_told_so(
    application: FastAPI, supervisor: httpx.AsyncClient
) -> None:
    application.state.tables_made = outgoing.MOST_MADE
    answer = await supervisor.get("/visits?f=csv")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "already" in answer.json()["detail"]
    application.state.tables_made = 0
    for path in ("/visits?f=csv", "/cells?plan=none&from=2026-01-15&to=2026-01-15"):
        await supervisor.get(path)
    assert (application.state.tables_made, application.state.tables_kept) == (0, 0)


@SQLITE_ALONE
async def test_figures_are_a_table_in_other_formats_too(supervisor: httpx.AsyncClient) -> None:
    params = DAY | {"by": "day"}
    answer = await supervisor.get("/compliance", params=params | {"f": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    head, first, total = book["Compliance"].iter_rows(values_only=True)
    cells = head.index("cells")
    assert (first[0], total[0]) == ("2026-01-15", "total")
    assert first[cells] == total[cells] == 2
    assert ("plan", "late") in list(book["Parameters"].iter_rows(values_only=True))
    answer = await supervisor.get("/compliance", params=params | {"f": "parquet"})
    frame = pl.read_parquet(answer.content)
    assert frame.schema["coverage"] == pl.Float64
    assert frame["cells"].to_list() == [2, 2]
    planned = await supervisor.get("/plans/late/cells", params=DAY | {"f": "parquet"})
    assert pl.read_parquet(planned.content)["required"].to_list() == [1, 1]
