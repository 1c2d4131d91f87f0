import datetime as dt
from typing import Any

import pytest

from app.compliance.plan import (
    EVERY_DAY,
    DrawnTrial,
    ListedTrial,
    Plan,
    PlanError,
    Window,
)

LATE = Window("late", dt.time(15), dt.time(23))
BY_WEIGHT = Window("late", dt.time(15), dt.time(23), by_weight=True)
MANY = tuple(Window(f"w{number}", dt.time(15), dt.time(23)) for number in range(101))
JANUARY = dt.date(2026, 1, 1), dt.date(2026, 1, 31)
SECOND = 1_000_000


def plan(**changes: object) -> Plan:
    given: dict[str, Any] = {
        "key": "autumn",
        "name": "Autumn",
        "windows": (LATE,),
        "first_day": dt.date(2026, 1, 1),
    }
    return Plan(**{**given, **changes})


def named(**changes: object) -> dict[str, object]:
    """Of two hot spots by name."""
    return {"hotspots": frozenset({1, 2}), "keys": {1: "HS1", 2: "HS2"}, **changes}


def listed(*place_days: tuple[int, int]) -> ListedTrial:
    """Hot spots, each under treatment on the so manieth of January."""
    first = JANUARY[0].toordinal() - 1
    return ListedTrial(
        {(spot, dt.date.fromordinal(first + number)): True for spot, number in place_days}
    )


def utc(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp()) * SECOND


def window(start: str, end: str, weekdays: frozenset[int] = EVERY_DAY, patrols: int = 1) -> Window:
    times = dt.time.fromisoformat(start), dt.time.fromisoformat(end)
    return Window("w", *times, weekdays, patrols)


@pytest.mark.parametrize(
    ("start", "end", "day", "expected"),
    [
        ("15:00", "23:00", "2026-01-15", ("2026-01-15T15:00Z", "2026-01-15T23:00Z")),
        # Across midnight.
        ("22:00", "02:00", "2026-01-15", ("2026-01-15T22:00Z", "2026-01-16T02:00Z")),
        ("22:00", "00:00", "2026-01-15", ("2026-01-15T22:00Z", "2026-01-16T00:00Z")),
        # Starting before the day does: the night that the day ends with.
        ("02:00", "05:00", "2026-01-15", ("2026-01-16T02:00Z", "2026-01-16T05:00Z")),
        ("05:00", "07:00", "2026-01-15", ("2026-01-16T05:00Z", "2026-01-16T07:00Z")),
        ("06:00", "14:00", "2026-01-15", ("2026-01-15T06:00Z", "2026-01-15T14:00Z")),
        # The night of 28 March 2026 lacks the hour from 01:00; that of 24 October has it twice.
        ("22:00", "03:00", "2026-03-28", ("2026-03-28T22:00Z", "2026-03-29T02:00Z")),
        ("22:00", "03:00", "2026-10-24", ("2026-10-24T21:00Z", "2026-10-25T03:00Z")),
        ("01:30", "03:30", "2026-03-28", ("2026-03-29T01:30Z", "2026-03-29T02:30Z")),
    ],
)
def test_a_window_is_in_the_operational_day_in_which_it_starts(
    start: str, end: str, day: str, expected: tuple[str, str]
) -> None:
    asked = window(start, end)
    times = plan(windows=(asked,)).times_of(asked, dt.date.fromisoformat(day))
    assert times == (utc(expected[0]), utc(expected[1]))


def test_a_window_in_the_hour_that_a_spring_night_lacks_is_not_asked_for() -> None:
    asked = window("01:00", "02:00")
    assert plan(windows=(asked,)).times_of(asked, dt.date(2026, 3, 28)) is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("01:30", "02:15", ("2026-03-29T01:00Z", "2026-03-29T01:15Z")),
        ("01:59", "02:01", ("2026-03-29T01:00Z", "2026-03-29T01:01Z")),
    ],
)
def test_a_window_that_begins_in_that_hour_is_clipped_to_what_there_is_of_it(
    start: str, end: str, expected: tuple[str, str]
) -> None:
    asked = window(start, end)
    times = plan(windows=(asked,)).times_of(asked, dt.date(2026, 3, 28))
    assert times == (utc(expected[0]), utc(expected[1]))


def test_weekdays_are_those_of_operational_days() -> None:
    friday_night = window("02:00", "05:00", weekdays=frozenset({4}))
    asked = plan(windows=(friday_night,))
    assert asked.times_of(friday_night, dt.date(2026, 1, 15)) is None
    # Friday 16 January's small hours are Saturday's on the wall.
    assert asked.times_of(friday_night, dt.date(2026, 1, 16)) == (
        utc("2026-01-17T02:00Z"),
        utc("2026-01-17T05:00Z"),
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"windows": ()}, "windows"),
        ({"windows": (LATE, LATE)}, "windows"),
        ({"windows": MANY}, "windows"),
        ({"minimum_minutes": 0}, "minimum_minutes"),
        ({"minimum_minutes": float("nan")}, "minimum_minutes"),
        ({"minimum_minutes": 20}, "maximum_minutes"),
        ({"maximum_minutes": float("inf")}, "maximum_minutes"),
        ({"maximum_minutes": 1_441}, "maximum_minutes"),
        ({"coverage_target": 0}, "coverage_target"),
        ({"coverage_target": 90}, "coverage_target"),
        ({"last_day": dt.date(2025, 12, 31)}, "last_day"),
        ({"hotspots": frozenset()}, "hotspots"),
        ({"teams": frozenset()}, "teams"),
        ({"least_observability": -0.1}, "least_observability"),
        ({"overdue_minutes": float("inf")}, "overdue_minutes"),
        ({"overdue_minutes": 10_081}, "overdue_minutes"),
        (named(weights={1: 0}), "weights"),
        (named(weights={1: float("inf")}), "weights"),
        (named(weights={1: 1.1e12}), "weights"),
        (named(weights={1: float("nan")}), "weights"),
        (named(weights={3: 2.0}), "weights"),
        ({"weights": {1: 2.0}}, "weights"),
        ({"windows": (BY_WEIGHT,)}, "windows[late]"),
        ({"trial": DrawnTrial(7, 1)}, "trial"),
        (named(trial=DrawnTrial(7, 1), keys={1: "HS1"}), "trial"),
        (named(trial=DrawnTrial(7, 0)), "trial.treated"),
        (named(trial=DrawnTrial(7, 3)), "trial.treated"),
        (named(trial=DrawnTrial(2**63, 1)), "trial.seed"),
        (named(trial=DrawnTrial(-(2**63) - 1, 1)), "trial.seed"),
        (named(trial=ListedTrial({})), "trial.days"),
        ({"trial": listed(*((spot, 1) for spot in range(100_001)))}, "trial.days"),
        (named(trial=listed((1, 1), (3, 2))), "trial.days[1]"),
        (named(trial=listed((1, 31), (1, 32)), last_day=JANUARY[-1]), "trial.days[1]"),
        (named(trial=listed((1, 0))), "trial.days[0]"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_by_field(
    changes: dict[str, Any], where: str
) -> None:
    with pytest.raises(PlanError) as caught:
        plan(**changes)
    assert caught.value.where == where
    assert str(caught.value).startswith(f"{where}: ")


@pytest.mark.parametrize(
    ("start", "end", "more"),
    [
        ("15:00", "15:00", {}),
        ("15:00", "16:00", {"weekdays": frozenset()}),
        ("15:00", "16:00", {"weekdays": frozenset({7})}),
        ("15:00", "16:00", {"patrols": 0}),
        ("15:00", "16:00", {"patrols": 1_001}),
    ],
)
def test_a_window_that_cannot_be_meant_is_refused_by_name(
    start: str, end: str, more: dict[str, Any]
) -> None:
    with pytest.raises(PlanError, match=r"^windows\[w\]: "):
        window(start, end, **more)


@pytest.mark.parametrize(
    "changes",
    [
        named(weights={1: 0.5, 2: 3}, windows=(BY_WEIGHT,)),
        named(trial=DrawnTrial(-(2**63), 2)),
        named(trial=listed((1, 1), (2, 31)), last_day=JANUARY[-1]),
        {"trial": listed((9, 1))},
        {"least_observability": 0},
    ],
)
def test_a_plan_that_can_be_meant_is_taken(changes: dict[str, Any]) -> None:
    assert plan(**changes).key == "autumn"
