"""Compliance by all that it can be asked by, with all that stands beside it."""

import csv
import datetime as dt
import io

import httpx
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor
from fastapi import FastAPI
from squares import collection, feature, square
from stored_visits import StoredVisit, store

from app.storage.engine import Database
from app.storage.schema import device_hours, device_states, devices

LATE = 15 * 60
THURSDAY = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
PLAN = {
    "name": "Late turns",
    "windows": [{"name": "late", "start": "15:00", "end": "23:00"}],
    "first_day": "2026-01-15",
    "hotspots": ["HS1", "HS2", "HS3"],
    "trial": {
        "days": [
            {"hotspot": "HS1", "day": "2026-01-15", "treatment": True},
            {"hotspot": "HS2", "day": "2026-01-15", "treatment": True},
            {"hotspot": "HS3", "day": "2026-01-15", "treatment": False},
        ]
    },
}
DAY = {"plan": "late", "from": "2026-01-15", "to": "2026-01-15"}


@pytest.fixture(autouse=True)
async def shift(admin: httpx.AsyncClient, database: Database, clock: Clock) -> None:
    """A trial's day: an officer and a warden, on duty from 15:00 to 19:00 with a device each."""
    clock.set("2026-01-14T12:00:00Z")
    spots = (feature(f"HS{n}", square(lon=-3 + n / 100), name=f"Spot {n}") for n in range(1, 4))
    await admin.post("/hotspots", json=collection(*spots))
    answer = await admin.put("/plans/late", json=PLAN)
    assert answer.status_code == 200, answer.text
    await admin.post("/teams", json={"name": "A"})
    people = ({"team": "A"}, {"organisation": "Council"})
    devices_of = (("radio-1", "radio"), ("phone-1", "phone"))
    for number, more, (device, kind) in zip(("1", "2"), people, devices_of, strict=True):
        await admin.post("/officers", json={"number": number, "name": f"Name {number}"} | more)
        await admin.post("/devices", json={"name": device, "kind": kind})
        times = {"start": "2026-01-15T15:00:00Z", "end": "2026-01-15T19:00:00Z"}
        await admin.post("/assignments", json={"device": device, "officer": number, **times})
        await admin.post("/duty-times", json={"officer": number, **times})
    await store(
        database,
        StoredVisit("radio-1", "HS1", LATE + 10, LATE + 22),
        StoredVisit("phone-1", "HS1", LATE + 20, LATE + 25),
        StoredVisit("phone-1", "HS3", LATE + 60, LATE + 73),  # contaminates the control
        StoredVisit("radio-1", "HS2", LATE - 60, LATE - 40),  # before the window: background
    )
    clock.set("2026-01-16T12:00:00Z")


async def compliance(
    client: httpx.AsyncClient, headers: dict[str, str] | None = None, **params: str
) -> dict:
    answer = await client.get("/compliance", params=DAY | params, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def observed(database: Database, device: str, *minutes: int) -> None:
    """Says how many minutes of each hour from 15:00 on a device was observed."""
    async with database.write() as writer:
        id_ = await writer.scalar(sa.select(devices.c.id).where(devices.c.name == device))
        for hour, count in enumerate(minutes):
            at = THURSDAY + dt.timedelta(hours=15 + hour)
            row = {"device_id": id_, "hour": at, "observed": (1 << count) - 1, "fixes": count}
            await writer.execute(sa.insert(device_hours).values(**row, known_from=at))


async def test_a_trial_s_readings_stand_side_by_side(
    admin: httpx.AsyncClient, database: Database
) -> None:
    for device in ("radio-1", "phone-1"):
        await observed(database, device, 60, 60, 60, 60)
    total = (await compliance(admin, by="total"))["total"]
    assert total["coverage"] == {"value": 0.5, "low": 0.5, "high": 0.5, "n": 2}
    assert total["as_treated"]["value"] == 2 / 3
    assert total["as_assigned"]["value"] == 1 / 3
    assert total["control"] == {
        "cells": 1,
        "contaminated": {"value": 1, "low": 1, "high": 1, "n": 1},
        "patrols": 1,
        "patrol_minutes": 13,
        "background_minutes": 0,
    }
    assert total["background"] == {"minutes": 20, "per_day": 10, "n": 2}
    # The patrol ended at 15:25, the operational day at 06:00.
    since = 14 * 60 + 35
    assert total["recency"] == {"mean_minutes": since, "longest_minutes": since, "n": 1, "none": 1}
    assert total["predictability"] == {"value": 1, "n": 1, "modal_time": "15:10"}
    assert (total["days"], total["measurable"]) == (1, True)
    # Surveyed, and never just outside.
    assert (total["nearby_minutes"], total["strictness"]) == (0, 1)


async def test_rows_say_what_they_are_of(
    application: FastAPI,
    stranger: httpx.AsyncClient,
    supervisor: httpx.AsyncClient,
    token_for: TokenFor,
) -> None:
    application.state.least_officers = 1
    expected = {
        "shift": [{"day": "2026-01-15", "window": "late", "cells": 2}],
        "week": [{"week": "2026-01-12", "against_target": None, "change": None}],
        "month": [{"month": "2026-01"}],
        # Of no team: what nobody had, and the warden's 5 minutes at the first hot spot.
        "team": [{"team": None, "patrol_minutes": 5}, {"team": "A", "patrol_minutes": 12}],
        "organisation": [
            {"organisation": None, "patrols": 0},
            {"organisation": "Council", "officer_minutes": 5},
            {"organisation": "police", "officer_minutes": 12},
        ],
        "source": [{"source": "phone", "patrols": 1}, {"source": "radio", "cells_covered": 1}],
    }
    analyst = await token_for("analyst")
    for by, rows in expected.items():
        answer = await compliance(stranger, analyst, by=by)
        both = zip(answer["rows"], rows, strict=True)
        assert [{name: row[name] for name in wanted} for row, wanted in both] == rows
    (row,) = (await compliance(supervisor, by="officer"))["rows"]
    assert (row["officer"], row["name"], row["patrols"]) == ("1", "Name 1", 1)


async def test_officers_rows_are_only_of_those_whom_one_sees(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    for role, more, seen, teams in (
        ("officer", {"officer": "2"}, ["2"], [None]),  # the other is a team by himself
        ("supervisor", {"teams": ["A"]}, ["1"], [None, "A"]),
        ("analyst", {}, ["officer", "officer"], [None]),
    ):
        headers = await token_for(role, **more)
        answer = await stranger.get("/compliance", params=DAY | {"by": "officer"}, headers=headers)
        assert [row["officer"].partition("-")[0] for row in answer.json()["rows"]] == seen
        assert answer.json()["total"]["patrols"] == 1
        answer = await stranger.get("/compliance", params=DAY | {"by": "team"}, headers=headers)
        assert [row["team"] for row in answer.json()["rows"]] == teams


async def test_days_of_which_hours_are_still_to_be_surveyed_say_so(
    admin: httpx.AsyncClient, database: Database
) -> None:
    async def told(first: str, last: str) -> bool:
        return bool((await compliance(admin, **{"from": first, "to": last}))["surveying"])

    assert not await told("2026-01-15", "2026-01-15")
    async with database.write() as writer:
        noted = sa.update(device_states).values(unsurveyed=THURSDAY + dt.timedelta(hours=16))
        assert (await writer.execute(noted)).rowcount
    assert await told("2026-01-15", "2026-01-15")
    assert await told("2026-01-16", "2026-01-16")
    assert not await told("2026-01-14", "2026-01-14")
    assert not await told("2026-01-17", "2026-01-17")  # of which nothing can be judged yet


@pytest.mark.parametrize(
    ("by", "viewer", "rows"),
    [
        ("team", {"role": "analyst"}, [None]),
        ("team", {"role": "supervisor", "teams": ["A"]}, [None, "A"]),
        ("team", {"role": "officer", "officer": "2"}, [None]),
        ("organisation", {"role": "supervisor", "teams": ["A"]}, [None, "police"]),
        ("organisation", {"role": "officer", "officer": "2"}, [None, "Council"]),
    ],
)
async def test_no_row_is_of_one_officer_whom_one_does_not_see(
    stranger: httpx.AsyncClient,
    token_for: TokenFor,
    by: str,
    viewer: dict,
    rows: list,
) -> None:
    headers = await token_for(**viewer)
    answer = (await stranger.get("/compliance", params=DAY | {"by": by}, headers=headers)).json()
    assert [row[by] for row in answer["rows"]] == rows
    minutes = sum(row["officer_minutes"] for row in answer["rows"])
    assert minutes == answer["total"]["officer_minutes"] == 17


async def test_an_officer_who_changes_team_stays_where_they_were_as_at_a_moment_before(
    application: FastAPI,
    admin: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    token_for: TokenFor,
) -> None:
    application.state.least_officers = 1
    analyst = await token_for("analyst")
    then = {"as_at": "2026-01-16T11:59:59Z", "by": "team"}
    before = await compliance(stranger, analyst, **then)
    changed = await admin.put("/officers/1", json={"name": "Name 1", "organisation": "Council"})
    assert changed.status_code == 200, changed.text
    assert await compliance(stranger, analyst, **then) == before
    assert [row["team"] for row in before["rows"]] == [None, "A"]
    after = await compliance(stranger, analyst, by="team")
    assert [row["team"] for row in after["rows"]] == [None]


async def test_what_was_hardly_observed_is_not_measurable(
    admin: httpx.AsyncClient, database: Database
) -> None:
    """Both were on duty for 4 hours: of 480 minutes 240 were observed, then 384."""
    await observed(database, "radio-1", 60, 60, 60, 60)
    before = (await compliance(admin))["total"]
    assert before["observability"] == {"value": 0.5, "n": 480}
    assert before["measurable"] is False
    assert before["coverage"] == {"value": None, "low": 0.5, "high": 1, "n": 2}
    assert before["cells_unmeasurable"] == 1
    await observed(database, "phone-1", 60, 60, 24, 0)
    after = await compliance(admin, by="source")
    assert after["total"]["measurable"] is True
    assert after["total"]["coverage"]["value"] == 0.5
    assert [row["observability"]["value"] for row in after["rows"]] == [0.6, 1]


async def test_abstractions_and_answers_stand_beside_the_figure(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, token_for: TokenFor
) -> None:
    times = {"start": "2026-01-15T16:00:00Z", "end": "2026-01-15T20:00:00Z"}
    taken = await admin.post("/abstractions", json={"team": "A", "reason": "bonfire", **times})
    assert taken.status_code == 201, taken.text
    headers = await token_for("officer", officer="1")
    said = {"plan": "late", "hotspot": "HS2", "day": "2026-01-15", "window": "late"}
    await stranger.post("/answers", json=said | {"reason": "bonfire"}, headers=headers)
    answer = await compliance(admin, by="total")
    # Three of the team's four hours on duty, of eight of both officers': less than half.
    assert answer["abstractions"] == [{"reason": "bonfire", "hours": 3}]
    assert (answer["total"]["abstracted_hours"], answer["total"]["cells_excused"]) == (3, 0)
    assert answer["total"]["cells_answered"] == 1
    await admin.post("/abstractions", json={"officer": "2", "reason": "court", **times})
    answer = await compliance(admin, by="total")
    assert answer["total"]["cells_excused"] == 1
    assert answer["total"]["excused"]["n"] == 1
    assert answer["total"]["coverage"]["n"] == 2
    earlier = await compliance(admin, by="total", as_at="2026-01-16T11:00:00Z")
    assert earlier["abstractions"] == []


async def test_all_of_it_comes_as_a_table(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/compliance", params=DAY | {"f": "csv", "by": "week"})
    row, total = csv.DictReader(io.StringIO(answer.text))
    assert (row["week"], total["week"]) == ("2026-01-12", "total")
    assert (row["against_target"], total["against_target"]) == ("", "")
    expected = {
        "as_treated_n": "3",
        "observability_n": "480",
        "background_minutes": "20.0",
        "background_per_day": "10.0",
        "recency_none": "1",
        "predictability": "1.0",
        "control_contaminated": "1.0",  # for sure, however little was observed
        "control_contaminated_high": "1.0",
        "control_patrol_minutes": "13.0",
        "nearby_minutes": "",
    }
    assert {name: row[name] for name in expected} == expected
    assert {name: total[name] for name in expected} == expected
