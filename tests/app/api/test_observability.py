import asyncio
import datetime as dt

import httpx
import pytest
import sqlalchemy as sa
from callers import Clock, TokenFor
from fastapi import FastAPI
from planted import Planted, plant

from app.storage.engine import Database

SPAN = {"from": "2026-01-15T06:00:00Z", "to": "2026-01-15T12:00:00Z"}


async def _ask(client: httpx.AsyncClient, **more: object) -> dict:
    answer = await client.get("/observability", params=SPAN | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_device_has_its_figures_and_its_gaps_are_explained(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    # An hour of a fix each 15 s, twenty minutes of it switched off.
    gap = {"gap_s": (2400, 1200), "said": [(2390, "power_off"), (1210, "power_on")]}
    await plant(database, [Planted("one", **gap), Planted("never", hours=0)], clock.now)
    one, never = (await _ask(admin))["items"]
    assert (one["device"], one["profile"], one["expected_interval_s"]) == ("one", "phone", 15.0)
    assert one["fixes"] == 240 - 79
    assert one["first"] == "2026-01-15T10:59:59.000000Z"
    assert (one["interval_s"], one["interval_90_s"], one["interval_by_time_s"]) == (15, 15, 15)
    assert (one["tracked_s"], one["observed_s"]) == (3585, 2385)
    assert one["observability"] == pytest.approx(2385 / 3585)
    assert one["measurable"] is False
    assert one["gaps"] == [
        {
            "start": "2026-01-15T11:19:59.000000Z",
            "end": "2026-01-15T11:39:59.000000Z",
            "length_s": 1200.0,
            "why": "it was switched off",
        }
    ]
    assert (one["accuracy_m"], one["accuracy_90_m"], one["accuracy_unknown"]) == (8, 8, 0)
    assert one["clock"] == {"error_s": 1.0, "spread_s": 0.0, "half_s": 1.0, "wrong": None}
    assert (never["fixes"], never["observability"], never["gaps"]) == (0, None, [])
    assert never["heard"] is None


async def test_the_list_comes_in_parts_and_can_be_of_one(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    names = [f"d{i}" for i in range(3)]
    await plant(database, [Planted(name, hours=0.1) for name in names], clock.now)
    first = await _ask(admin, limit=2)
    rest = await _ask(admin, limit=2, cursor=first["next"])
    assert [one["device"] for one in first["items"] + rest["items"]] == names
    assert rest["next"] is None
    assert [one["device"] for one in (await _ask(admin, device="d1"))["items"]] == ["d1"]
    assert (await _ask(admin, device="d9"))["items"] == []


@pytest.mark.parametrize("path", ["/devices", "/observability"])
async def test_pseudonyms_do_not_come_in_the_order_of_enrolment(
    *,
    path: str,
    stranger: httpx.AsyncClient,
    token_for: TokenFor,
    database: Database,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await plant(database, [Planted(f"d{i}", hours=0.1) for i in range(5)], clock.now)
    monkeypatch.setattr("app.api.observability.MOST_FIXES", 25)  # each device has 24
    analyst, name = await token_for("analyst"), "name" if path == "/devices" else "device"
    found, asked = [], SPAN | {"limit": 3}
    for _ in range(3):
        answer = (await stranger.get(path, params=asked, headers=analyst)).json()
        found += [one[name] for one in answer["items"]]
        asked = asked | {"cursor": answer["next"]}
        if answer["next"] is None:
            break
    assert len(found) == 5
    assert found == sorted(found)


async def test_a_part_ends_early_once_much_has_been_read(
    admin: httpx.AsyncClient,
    database: Database,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await plant(database, [Planted(f"d{i}", hours=0.1) for i in range(3)], clock.now)
    monkeypatch.setattr("app.api.observability.MOST_FIXES", 25)  # each device has 24
    first = await _ask(admin)
    rest = await _ask(admin, cursor=first["next"])
    shown = [[one["device"] for one in part["items"]] for part in (first, rest)]
    assert shown == [["d0", "d1"], ["d2"]]
    assert rest["next"] is None


async def test_a_second_request_waits_for_the_first_and_holds_no_connection(
    admin: httpx.AsyncClient, application: FastAPI, database: Database, clock: Clock
) -> None:
    await plant(database, [Planted("one", hours=0.1)], clock.now)
    await _ask(admin)
    async with application.state.observing:
        second = asyncio.create_task(_ask(admin))
        done, _ = await asyncio.wait([second], timeout=0.3)
        assert not done
        assert database.engine.pool.checkedout() == 0
    assert len((await second)["items"]) == 1


async def test_each_devices_fixes_are_read_by_a_connection_of_their_own(
    admin: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    await plant(database, [Planted(f"d{i}", hours=0.1) for i in range(3)], clock.now)
    await _ask(admin)  # which makes the secret of pseudonyms
    taken: list[object] = []
    sa.event.listen(database.engine.sync_engine, "checkout", lambda *at: taken.append(at))
    await _ask(admin)
    assert len(taken) == 1 + 1 + 1 + 3  # who asks, which devices, each of them, the log


async def test_a_supervisor_sees_the_devices_that_the_team_has(
    stranger: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    database: Database,
    clock: Clock,
    token_for: TokenFor,
) -> None:
    planted = [Planted("theirs", hours=0.1), Planted("nobodys", hours=0.1, carried=False)]
    await plant(database, planted, clock.now)
    await admin.post("/teams", json={"name": "B"})
    seen = {}
    for team in ("A", "B"):
        headers = await token_for("supervisor", teams=[team])
        answer = await stranger.get("/observability", params=SPAN, headers=headers)
        seen[team] = [one["device"] for one in answer.json()["items"]]
    assert seen == {"A": ["theirs"], "B": []}


@pytest.mark.parametrize(
    "span",
    [
        {"from": SPAN["from"], "to": SPAN["from"]},
        {"from": SPAN["from"], "to": "2026-02-15T06:00:01Z"},
        {"from": SPAN["from"]},
    ],
)
async def test_a_span_that_is_none_or_too_long_is_refused(
    admin: httpx.AsyncClient, span: dict[str, str]
) -> None:
    assert (await admin.get("/observability", params=span)).status_code == 422


def test_the_clock_of_these_tests_is_at_the_end_of_their_span(clock: Clock) -> None:
    assert clock.now == dt.datetime.fromisoformat(SPAN["to"])
