import datetime as dt

import httpx
import pytest
from afternoon import DAY, at, prepare, walk
from callers import Clock, TokenFor

from app.access.viewer import Role, Viewer
from app.api.now import Standings
from app.storage import answers, turns
from app.storage.engine import Database
from app.watching import WORK, Watcher


@pytest.fixture(autouse=True)
async def afternoon(database: Database, clock: Clock) -> None:
    await prepare(database)
    clock.now = at(0)


async def ask(client: httpx.AsyncClient, path: str = "/now", **more: object) -> dict:
    answer = await client.get(path, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_due_who_is_there_and_how_the_shift_will_end(
    supervisor: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    clock.now = at(300)
    await walk(database, at(300), 1, (100, 101, "out"), (101, 113, "h1"), (113, 121, "out"))
    await walk(database, at(300), 2, (289, 290, "far"), (290, 299.9, "h3"))
    answer = await ask(supervisor)
    Standings.model_validate(answer)
    assert (answer["as_at"], answer["method"]) == ("2026-01-15T20:00:00.000000Z", 1)
    [shift] = answer["shifts"]
    spots = shift.pop("hotspots")
    assert shift == {
        "plan": "late",
        "window": "late",
        "day": "2026-01-15",
        "start": "2026-01-15T15:00:00.000000Z",
        "end": "2026-01-15T23:00:00.000000Z",
        "cells": 3,
        "cells_covered": 1,
        "coverage": {"value": 1 / 3, "low": 1 / 3, "high": 2 / 3, "n": 3},
        "coverage_target": 0.9,
        "projected": 1.0,
        "at_risk": False,
        "observability": {"value": None, "n": 0},
        "measurable": None,
    }
    day = "/compliance?plan=late&from=2026-01-15&to=2026-01-15&by=total"
    assert (await ask(supervisor, day))["total"]["coverage"] == shift["coverage"]
    assert [(spot["hotspot"], spot["state"]) for spot in spots] == [
        ("h2", "overdue"),
        ("h3", "being_patrolled"),
        ("h1", "done"),
    ]
    overdue, patrolled, done = spots
    assert (overdue["required"], overdue["made"], overdue["owed"]) == (1, 0, 1)
    assert (overdue["minutes_owed"], overdue["inside"]) == (10, None)
    assert (overdue["minutes_since_visit"], overdue["minutes_since_patrol"]) == (None, None)
    inside = patrolled["inside"]
    assert (inside["officers"], inside["numbers"], inside["overstayed"]) == (1, ["2"], False)
    assert inside["seen"] == "2026-01-15T19:59:45.000000Z"
    assert inside["minutes"] == pytest.approx(9.9, abs=0.2)
    assert patrolled["minutes_owed"] == pytest.approx(10 - inside["minutes"])
    assert (patrolled["minutes_since_visit"], patrolled["minutes_since_patrol"]) == (0, None)
    assert done["owed"] == done["minutes_owed"] == 0
    assert done["minutes_since_visit"] == done["minutes_since_patrol"]
    assert done["minutes_since_patrol"] == pytest.approx(187, abs=0.2)


async def test_who_walks_away_is_inside_for_two_minutes_more_but_was_seen_before(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    """They may only have stepped out: what is shorter does not end a visit."""
    inside = {}
    for minute, leg in ((13, (2, 13, "h1")), (15, (13, 15, "out")), (15.5, (15, 15.5, "out"))):
        clock.now = at(minute)
        await walk(database, clock.now, 1, leg)
        [shift] = (await ask(admin))["shifts"]
        inside[minute] = next(
            spot["inside"] for spot in shift["hotspots"] if spot["hotspot"] == "h1"
        )
    assert inside[13]["seen"] == "2026-01-15T15:12:45.000000Z"
    assert inside[15]["seen"] < "2026-01-15T15:13:00"
    assert inside[15]["minutes"] == pytest.approx(10.9, abs=0.2)
    assert inside[15.5] is None


async def test_everybody_sees_how_many_are_there_and_who_as_far_as_they_may(
    admin: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    database: Database,
    clock: Clock,
    token_for: TokenFor,
) -> None:
    clock.now = at(20)
    for device in (1, 2):
        await walk(database, at(20), device, (2, 3, "out"), (3, 20, "h1"))

    async def seen(headers: dict[str, str]) -> tuple[int, list[str]]:
        [shift] = (await ask(stranger, headers=headers))["shifts"]
        [inside] = [spot["inside"] for spot in shift["hotspots"] if spot["inside"]]
        assert inside["overstayed"]
        return inside["officers"], inside["numbers"]

    many, pseudonyms = await seen(await token_for("analyst"))
    assert many == len(pseudonyms) == 2
    assert all(one.startswith("officer-") for one in pseudonyms)
    assert await seen(await token_for("supervisor", teams=["North"])) == (2, ["1"])
    assert await seen(await token_for("officer", officer="2")) == (2, ["2"])
    # An officer with two devices is one; a device that is nobody's may be somebody.
    held = (await ask(admin, "/assignments"))["items"]
    assert (await admin.delete(f"/assignments/{held[1]['id']}")).status_code == 204
    north_and_south = await token_for("supervisor", teams=["North", "South"])
    assert await seen(north_and_south) == (2, ["1"])
    more = {"device": "d2", "officer": "1", "start": "2026-01-15T10:00:00Z"}
    assert (await admin.post("/assignments", json=more)).status_code == 201
    assert await seen(north_and_south) == (1, ["1"])


async def test_there_is_nothing_outside_windows_and_an_unknown_plan_is_not_found(
    admin: httpx.AsyncClient, clock: Clock
) -> None:
    assert (await ask(admin, "/now?plan=late"))["shifts"][0]["cells"] == 3
    assert (await admin.get("/now?plan=early")).status_code == 404
    clock.now = at(-1)
    assert (await ask(admin))["shifts"] == (await ask(admin, "/now?plan=late"))["shifts"] == []
    clock.now = at(480)
    assert (await ask(admin))["shifts"] == []


async def test_an_answer_stands_beside_what_is_owed(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    officer = Viewer("officer", Role.OFFICER, officer_id=1)
    async with database.write() as writer:
        given = answers.Answer("late", "h2", DAY, "late", "a fight next door")
        await answers.put(writer, officer, given, 2, at(10))
    clock.now = at(61)
    [shift] = (await ask(admin))["shifts"]
    found = [(spot["hotspot"], spot["state"], spot["owed"]) for spot in shift["hotspots"]]
    assert found == [("h1", "overdue", 1), ("h3", "overdue", 1), ("h2", "answered", 1)]
    assert shift["coverage"]["value"] == 0


async def test_officers_are_told_of_their_own_patrols_and_of_places(
    stranger: httpx.AsyncClient, database: Database, clock: Clock, token_for: TokenFor
) -> None:
    clock.now = at(65)
    await walk(database, at(65), 1, (2, 3, "out"), (3, 20, "h1"))
    await walk(database, at(65), 2, (2, 3, "out"), (3, 19, "h1"))
    async with database.write() as writer:
        await turns.take(writer, WORK, "test", dt.timedelta(hours=1))
    assert await Watcher(database, clock.now_us).step("test") == 4
    own = await ask(stranger, "/events", headers=await token_for("officer", officer="2"))
    reached, *overdue = [one for one in own["items"] if one["plan"]]
    assert (reached["kind"], reached["device"]) == ("target_reached", "d2")
    assert (reached["officers"], reached["plan"]) == (["2"], "late")
    assert reached["data"]["minimum"] == 10
    assert reached["data"]["minutes"] == pytest.approx(17, abs=0.2)
    began = dt.datetime.fromisoformat(reached["time"]) - at(13)
    assert abs(began) < dt.timedelta(seconds=15)
    assert [(one["kind"], one["hotspot"], one["device"]) for one in overdue] == [
        ("hotspot_overdue", "h2", None),
        ("hotspot_overdue", "h3", None),
    ]
