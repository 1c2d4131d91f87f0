import asyncio
import datetime as dt
import json
from dataclasses import replace

import pytest
from afternoon import BEFORE, DAY, PLAN, at, prepare, walk
from callers import Clock

from app import watching
from app.access.viewer import Role, Viewer
from app.compliance.now import State, standing
from app.compliance.scene import record
from app.storage import answers, duty, events, now, plans, turns
from app.storage.engine import Database
from app.storage.events import Kind, Told, Wanted
from app.storage.pages import Slice
from app.survey import Surveyor
from app.watching import LOOK_BACK, WORK, Watcher, _parts

ANALYST = Viewer("analyst", Role.ANALYST)
HOLDER = "this process"
OF_PLANS = [Kind.TARGET_REACHED, Kind.LEFT_EARLY, Kind.HOTSPOT_OVERDUE, Kind.COVERAGE_AT_RISK]


@pytest.fixture(autouse=True)
async def afternoon(database: Database) -> None:
    await prepare(database)
    await take_turn(database)


async def take_turn(database: Database, holder: str = HOLDER) -> None:
    async with database.write() as writer:
        assert await turns.take(writer, WORK, holder, dt.timedelta(hours=1))


@pytest.fixture
def clock() -> Clock:
    return Clock(at(0))


async def told(database: Database) -> list[Told]:
    async with database.read() as reader:
        page = await events.page(reader, ANALYST, Wanted(kinds=OF_PLANS), Slice(100))
    return list(page.items)


def brief(event: Told) -> tuple[str, str | None, str | None, int, bool]:
    """The kind, the device, the hot spot, the minute after 15:00, and whether it was live."""
    minute = (event.time - at(0)) // dt.timedelta(minutes=1)
    return event.kind, event.device, event.hotspot, minute, event.live


async def test_an_afternoon_is_told_in_time_and_once_by_however_many_watch(
    database: Database, clock: Clock
) -> None:
    watchers = [Watcher(database, clock.now_us) for _ in range(2)]

    async def watch(minutes: float) -> int:
        clock.now = at(minutes)
        return sum(await asyncio.gather(*(watcher.step(HOLDER) for watcher in watchers)))

    async def hear(minutes: float, device: int, *legs: tuple[float, float, str]) -> int:
        await walk(database, at(minutes), device, *legs)
        return await watch(minutes)

    assert await hear(14.5, 1, (3, 5, "out"), (5, 14.5, "h1")) == 0
    assert await hear(16, 1, (14.5, 16, "h1")) == 1
    assert await watch(17) == 0
    assert await hear(40, 1, (16, 17, "h1"), (17, 40, "out")) == 0
    assert await hear(40, 2, (18, 20, "far"), (20, 26, "h3"), (26, 40, "far")) == 1
    # Hot spot 2 has had nobody; at 86 hot spot 3 has had nobody for an hour.
    assert [await watch(minutes) for minutes in (59, 60.5, 61, 87)] == [0, 1, 0, 1]
    # One of three after three of eight hours.
    assert [await watch(minutes) for minutes in (160, 180, 185)] == [0, 1, 0]
    # A radio had no coverage for a while.
    late = (50, 55, "far"), (55, 67, "h3"), (67, 75, "far")
    assert await hear(190, 2, *late) == 1
    found = await told(database)
    assert [brief(event) for event in found] == [
        ("target_reached", "d1", "h1", 14, True),
        ("left_early", "d2", "h3", 25, True),
        ("hotspot_overdue", None, "h2", 60, True),
        ("target_reached", "d2", "h3", 64, False),
        ("hotspot_overdue", None, "h3", 85, True),
        ("coverage_at_risk", None, None, 180, True),
    ]
    assert {event.plan for event in found} == {"late"}
    assert json.loads(found[-1].data or "") == {
        "window": "late",
        "day": "2026-01-15",
        "projected": 0.8889,
        "target": 0.9,
        "covered": 1,
        "cells": 3,
    }
    assert [carrier.number for carrier in found[1].carriers] == ["2"]


async def test_what_late_fixes_put_right_is_not_told_again(
    database: Database, clock: Clock
) -> None:
    watcher = Watcher(database, clock.now_us)
    clock.now = at(20)
    await walk(database, clock.now, 1, (3, 5, "out"), (6, 18, "h1"))
    assert await watcher.step(HOLDER) == 1
    # It was there a minute before; the next time it came back, and left early.
    await walk(database, clock.now, 1, (5, 6, "h1"), (18, 24, "out"))
    clock.now = at(40)
    assert await watcher.step(HOLDER) == 0
    await walk(database, clock.now, 1, (24, 30, "h1"), (30, 40, "out"))
    assert await watcher.step(HOLDER) == 1
    kinds = [event.kind for event in await told(database)]
    assert kinds == ["target_reached", "left_early"]


async def test_what_an_officer_answered_for_is_not_overdue(
    database: Database, clock: Clock
) -> None:
    officer = Viewer("officer", Role.OFFICER, officer_id=1)
    async with database.write() as writer:
        for number in (1, 2):
            answer = answers.Answer("late", f"h{number}", DAY, "late", "a fight next door")
            await answers.put(writer, officer, answer, number, at(10))
    clock.now = at(61)
    assert await Watcher(database, clock.now_us).step(HOLDER) == 1
    assert [brief(event)[2] for event in await told(database)] == ["h3"]


async def test_what_became_of_yesterday_is_stored_and_nobody_told(
    database: Database, clock: Clock
) -> None:
    clock.now = at(20 * 60)
    watcher = Watcher(database, clock.now_us)
    assert await watcher.step(HOLDER) == 4
    assert {brief(event)[::4] for event in await told(database)} == {
        ("hotspot_overdue", False),
        ("coverage_at_risk", False),
    }
    clock.now = at(20 * 60 + 2)
    assert await watcher.step(HOLDER) == 0


async def test_a_plan_that_is_over_is_not_watched(database: Database, clock: Clock) -> None:
    async with database.write() as writer:
        await plans.put(writer, replace(PLAN, last_day=DAY), BEFORE)
    clock.now = at(4 * 24 * 60)
    assert await Watcher(database, clock.now_us).step(HOLDER) == 0
    assert await told(database) == []


async def on_duty(database: Database) -> None:
    """Both officers, all through the window."""
    async with database.write() as writer:
        times = [duty.DutyTime(number, at(0), at(480)) for number in ("1", "2")]
        await duty.create(writer, times, BEFORE)


async def stand(database: Database, moment: dt.datetime) -> tuple[float | None, bool | None, str]:
    """The observability of the window, whether it is measurable, and the first hot spot's state."""
    async with database.read() as reader:
        [scene] = await now.scenes(reader, ANALYST, moment, moment)
    [slot] = standing(scene, record(scene))
    return slot.observability.value, slot.measurable, slot.hotspots[0].state


async def test_an_hour_that_nobody_has_surveyed_yet_is_no_evidence(
    database: Database, clock: Clock
) -> None:
    await on_duty(database)
    for device in (1, 2):
        await walk(database, at(70), device, (0, 70, "out"))
    clock.now = at(70)
    assert await stand(database, clock.now) == (None, None, "overdue")
    assert await Watcher(database, clock.now_us).step(HOLDER) == 3
    await Surveyor(database, clock.now_us).catch_up()
    assert await stand(database, clock.now) == (1.0, True, "overdue")
    # Then nothing comes for two hours, and that is known.
    clock.now = at(190)
    await Surveyor(database, clock.now_us).catch_up()
    assert await stand(database, clock.now) == (
        pytest.approx(70 / 180, abs=0.01),
        False,
        State.NOT_MEASURABLE,
    )


async def test_what_is_overdue_is_told_though_it_becomes_known_late(
    database: Database, clock: Clock
) -> None:
    await on_duty(database)
    clock.now = at(135)
    watcher = Watcher(database, clock.now_us)
    # Nothing was heard of anybody for an hour: it may have been done.
    assert await watcher.step(HOLDER) == 0
    for device in (1, 2):
        await walk(database, at(140), device, (0, 120, "out"))
    clock.now = at(140)
    await Surveyor(database, clock.now_us).catch_up()
    assert await watcher.step(HOLDER) == 4
    found = [brief(event) for event in await told(database)]
    assert found == [
        *(("hotspot_overdue", None, f"h{number}", 60, True) for number in (1, 2, 3)),
        ("coverage_at_risk", None, None, 140, True),
    ]


async def test_what_was_overdue_in_a_window_that_is_over_is_history(
    database: Database, clock: Clock
) -> None:
    await walk(database, at(480), 1, (421, 423, "out"), (423, 425, "h1"))
    clock.now = at(485)
    assert await Watcher(database, clock.now_us).step(HOLDER) == 4
    assert {event.live for event in await told(database)} == {False}


async def test_who_hung_and_lost_the_turn_tells_nothing(database: Database, clock: Clock) -> None:
    clock.now = at(20)
    hung, other = (Watcher(database, clock.now_us) for _ in range(2))
    await walk(database, at(20), 1, (5, 20, "h1"))
    news = await hung._look(at(5), clock.now)
    async with database.write() as writer:
        await turns.release(writer, WORK, HOLDER)
    await take_turn(database, "another")
    # By late fixes the patrol began sooner: it is known by another key.
    await walk(database, at(20), 1, (2, 5, "h1"))
    assert await other.step("another") == 1
    assert await hung._tell(HOLDER, news, clock.now) == 0
    assert len(await told(database)) == 1


async def test_what_is_history_is_told_first_a_part_at_a_time(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MANY", 2)
    # Yesterday's windows, and today's early one that is on.
    early = replace(PLAN.windows[0], name="early", start=dt.time(7), end=dt.time(14))
    async with database.write() as writer:
        await plans.put(writer, replace(PLAN, windows=(*PLAN.windows, early)), BEFORE)
    clock.now = at(20 * 60)
    watcher = Watcher(database, clock.now_us)
    parts = _parts(await watcher._look(clock.now - LOOK_BACK, clock.now))
    assert [[one.live for one in part] for part in parts] == [[False] * 2] * 4 + [[True] * 4]
    assert await watcher.step(HOLDER) == 12
    found = sorted(await told(database), key=lambda event: event.id)
    assert [event.live for event in found] == [False] * 8 + [True] * 4
