"""What is noted of plans that may not be what was meant."""

import datetime as dt
from dataclasses import replace

import pytest

from app.compliance.calendar import Calendar
from app.compliance.notes import notes
from app.compliance.plan import Plan, Window

FIRST = dt.date(2026, 1, 1)
THERE = {1: (FIRST, None)}
MON, TUE, SUN = 0, 1, 6


def plan(*windows: Window) -> Plan:
    return Plan("autumn", "Autumn", windows or (window("late", 15, 23),), FIRST)


def window(name: str, start: int, end: int, *days: int) -> Window:
    return Window(name, dt.time(start), dt.time(end), frozenset(days or range(7)))


def test_of_a_plan_with_nothing_odd_nothing_is_noted() -> None:
    assert notes(plan(), THERE) == []
    assert notes(replace(plan(), minimum_minutes=2), THERE) == []


def test_a_minimum_below_that_of_a_patrol_is_noted() -> None:
    [note] = notes(replace(plan(), minimum_minutes=1.5), THERE)
    assert note.startswith("minimum_minutes: a patrol is at least 2 minutes long")
    assert note.endswith("so that 1.5 asks for 2")


@pytest.mark.parametrize(
    ("windows", "named"),
    [
        ([window("a", 8, 12), window("b", 12, 16)], ""),
        ([window("a", 8, 13), window("b", 12, 16)], "a, b"),
        (
            [window("a", 8, 20), window("b", 9, 10), window("c", 19, 21), window("d", 21, 22)],
            "a, b, c",
        ),
        ([window("a", 8, 13, MON), window("b", 12, 16, TUE)], ""),
        # Into the next operational day, which begins at 06:00, and over the end of a week.
        ([window("night", 22, 8, MON), window("early", 7, 15, TUE)], "early, night"),
        ([window("night", 22, 7, MON), window("early", 7, 15, TUE)], ""),
        ([window("night", 22, 8, SUN), window("early", 7, 15, MON)], "early, night"),
        ([window("night", 22, 3, MON), window("small", 2, 4, MON)], "night, small"),
        ([window("night", 22, 3, MON), window("small", 2, 4, SUN)], ""),
    ],
)
def test_windows_that_overlap_are_noted(windows: list[Window], named: str) -> None:
    found = notes(plan(*windows), THERE)
    said = "they overlap, and a patrol counts for one of them only, for the one that holds most"
    assert found == ([f"windows {named}: {said} of it"] if named else [])


def test_a_day_that_begins_late_has_its_early_hours_at_its_end() -> None:
    """Until 10:00 it is still the day before: 8 to 9 on Mondays is on a Tuesday's morning."""
    windows = window("a", 8, 9, MON), window("b", 8, 9, TUE), window("c", 10, 11, TUE)
    late = replace(plan(*windows), calendar=Calendar(day_start=dt.time(10)))
    assert notes(late, THERE) == []
    assert notes(replace(plan(*windows), windows=(windows[0], window("d", 8, 9, MON))), THERE)


@pytest.mark.parametrize(
    ("lasts", "some"),
    [
        ((FIRST, None), True),
        ((dt.date(2026, 1, 31), None), True),
        ((dt.date(2026, 2, 1), None), False),
        ((dt.date(2025, 1, 1), FIRST), True),
        ((dt.date(2025, 1, 1), dt.date(2025, 12, 31)), False),
    ],
)
def test_a_plan_for_all_hot_spots_that_finds_none_is_noted(
    lasts: tuple[dt.date, dt.date | None], *, some: bool
) -> None:
    january = replace(plan(), last_day=dt.date(2026, 1, 31))
    nothing = ["no hot spot is valid on its days, so that nothing is asked for"]
    assert notes(january, {1: lasts}) == ([] if some else nothing)
    assert notes(january, {}) == nothing
