from collections.abc import Sequence
from dataclasses import replace

import pytest
from scenes import LATE, PLAN, Stay, scene, us

from app.compliance.happenings import AlreadyTold, Happening, Key, happenings
from app.compliance.now import standing
from app.compliance.plan import Plan
from app.compliance.scene import Scene, record

# Nothing of it is ever overdue or at risk.
EASY = replace(PLAN, overdue_minutes=1000, coverage_target=0.01)


def holds(given: Scene, *told: Key) -> list[Happening]:
    done = record(given)
    return list(happenings(given, done, standing(given, done), AlreadyTold(told)))


def only(now: float, *stays: Stay, plan: Plan = EASY, told: Sequence[Key] = ()) -> list[Happening]:
    """What holds besides a window at risk of it all being missed."""
    found = holds(scene(now, *stays, plan=plan), *told)
    return [one for one in found if one.key.kind != "coverage_at_risk"]


def test_each_device_of_a_patrol_is_told_when_it_has_lasted_the_minimum() -> None:
    crew = Stay(1, 1, 5, 15.5, open=True), Stay(2, 1, 6, 15.5, open=True)
    # One that left before, and one that came after.
    others = Stay(3, 1, 5, 9), Stay(4, 1, 15.25, 17.5)
    [reached] = only(17, *crew, *others)
    assert reached.key == Key("target_reached", 1, "", us(5))
    assert (reached.time_us, reached.devices) == (us(15), (1, 2))
    assert reached.data == {"minutes": 12.5, "minimum": 10.0}
    assert only(15, Stay(1, 1, 5, 14.75, open=True)) == []


def test_who_surely_left_before_the_minimum_is_told() -> None:
    [early] = only(30, Stay(1, 1, 5, 13), Stay(2, 1, 6, 11))
    assert early.key == Key("left_early", 1, "", us(5))
    assert (early.time_us, early.devices) == (us(13), (1,))
    assert early.data == {"minutes": 8.0, "minimum": 10.0}


@pytest.mark.parametrize(
    ("stay", "why"),
    [
        (Stay(1, 1, 5, 13, open=True), "still there"),
        (Stay(1, 1, 5, 14.5), "at most 10.5 minutes"),
        (Stay(1, 1, 5, 13, exit_seen=False), "nobody saw it end"),
        (Stay(1, 1, 5, 6.5), "a pass-through"),
        (Stay(1, 1, -30, -22), "before the window"),
        (Stay(1, 9, 5, 13), "no hot spot of the plan"),
    ],
)
def test_nobody_is_told_of_a_patrol_that_was_not_surely_too_short(stay: Stay, why: str) -> None:
    assert only(30, stay) == [], why


def test_a_hot_spot_is_overdue_from_when_it_became_so() -> None:
    plan = replace(PLAN, coverage_target=0.01, hotspots=frozenset({1}))
    [*_, overdue] = only(100, Stay(1, 1, -6, 2), Stay(1, 1, 30, 34), plan=plan)
    assert overdue.key == Key("hotspot_overdue", 1, "late", us(34))
    assert (overdue.time_us, overdue.devices) == (us(94), ())
    assert overdue.data == {"window": "late", "day": "2026-01-15", "minutes": 60.0, "owed": 1}


def test_a_window_at_risk_is_told_with_what_it_comes_to() -> None:
    plan = replace(PLAN, overdue_minutes=1000)
    reached, risk = holds(scene(240, Stay(1, 1, 10, 20.5), plan=plan))
    assert reached.key.kind == "target_reached"
    assert risk.key == Key("coverage_at_risk", 0, "late", us(0))
    assert risk.time_us == us(240)
    assert risk.data == {
        "window": "late",
        "day": "2026-01-15",
        "projected": 0.5,
        "target": 0.9,
        "covered": 1,
        "cells": 4,
    }
    # Of one that is over, as it ended.
    assert [one.time_us for one in holds(scene(490, plan=plan, back=15))] == [us(480)]


def test_what_late_data_move_is_not_told_again_and_what_follows_it_is() -> None:
    def early(enter: float, *told: Key) -> list[Happening]:
        return only(30, Stay(1, 1, enter, 12), told=told)

    [found] = early(5)
    for moved in (3.1, 4, 5, 6.9):
        [key] = [one.key for one in early(moved)]
        assert early(5, key) == []
    assert early(5, replace(found.key, hotspot=2)) == [found]
    # Another device came half a minute after the first, which stayed for the least that counts.
    crew = Stay(1, 1, 5, 7), Stay(2, 1, 7.5, 14)
    first, second = only(30, *crew)
    assert only(30, *crew, told=[first.key]) == [second]
    assert only(30, *crew, told=[second.key]) == [first]


def test_of_whom_it_was_told_that_they_were_long_enough_it_is_not_told_that_they_were_not() -> None:
    # One device at two hot spots that overlap: the time is the one's where it stays for longer.
    reached = only(15, Stay(1, 1, 3, 14, open=True), Stay(1, 2, 8, 14.5, open=True))
    keys = [one.key for one in reached]
    assert keys == [Key("target_reached", 1, "", us(3))]
    stays = Stay(1, 1, 3, 14), Stay(1, 2, 8, 30)
    told = Key("target_reached", 2, "", us(8))
    assert [one.key.kind for one in only(31, *stays, told=[told])] == ["left_early"]
    assert only(31, *stays, told=[told, *keys]) == []
    # The next time they came is another patrol.
    again = Stay(1, 1, 40, 45)
    assert [one.key.time_us for one in only(50, *stays, again, told=[told, *keys])] == [us(40)]


def test_a_wait_is_told_once_and_the_wait_after_the_next_visit_again() -> None:
    plan = replace(PLAN, coverage_target=0.01, hotspots=frozenset({1}))

    def overdue(now: float, *stays: Stay, told: Sequence[Key] = ()) -> list[Happening]:
        found = only(now, *stays, plan=plan, told=told)
        return [one for one in found if one.key.kind == "hotspot_overdue"]

    visit, moved = Stay(1, 1, 80, 85), Stay(1, 1, 80, 86)
    [first] = overdue(70)
    assert overdue(75, told=[first.key]) == []
    [again] = overdue(150, visit, told=[first.key])
    assert overdue(150, moved, told=[first.key, again.key]) == []
    # Both windows are overdue that ask for it: each by its own beginning.
    evening = replace(LATE, name="evening", start=LATE.start.replace(hour=17))
    two = only(185, plan=replace(plan, windows=(LATE, evening)))
    begun = [(one.key.window, one.key.time_us) for one in two]
    assert begun == [("late", us(0)), ("evening", us(120))]


def test_a_window_at_risk_is_told_once() -> None:
    plan = replace(PLAN, overdue_minutes=1000)
    [risk] = holds(scene(240, plan=plan))
    assert holds(scene(300, plan=plan), risk.key) == []
    assert len(holds(scene(300, plan=plan), replace(risk.key, window="early"))) == 1
