"""Duty times, abstractions, and which slots they excuse; minutes from the first slot's start."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from compliance_rows import MINUTE, Row, ints, rows, us

from app.compliance.cells import Slots
from app.compliance.duty import NOBODY, Abstractions, DutyTimes, Officers
from app.compliance.intervals import sums
from app.compliance.roster import excused, roster, taken_by_reason_us, taken_us

# Officers 1 and 2 are of team 10, officer 3 of team 20, officer 4 of none.
OFFICERS = Officers(ints([1, 2, 3, 4]), ints([10, 10, 20, NOBODY]), ints([0] * 4), ("Police",))
EVERYBODY = (NOBODY, NOBODY)


def slots(*teams: int) -> Slots:
    """Two of an hour each, an hour apart; of some teams, or of everybody."""
    made = rows(Row(1, 0, 60), Row(1, 120, 180)).slots
    return replace(made, staffs=(frozenset(teams) or None,))


def duty(*times: tuple[int, float, float]) -> DutyTimes:
    officer, start, end = zip(*times, strict=True) if times else ((), (), ())
    return DutyTimes(ints(officer), us(list(start)), us(list(end)))


def away(*times: tuple[tuple[int, int], float, float, str]) -> Abstractions:
    reasons = tuple(sorted({reason for *_, reason in times}))
    return Abstractions(
        ints(who[0] for who, *_ in times),
        ints(who[1] for who, *_ in times),
        us([start for _, start, _, _ in times]),
        us([end for _, _, end, _ in times]),
        ints(reasons.index(reason) for *_, reason in times),
        reasons,
    )


def minutes(column: np.ndarray) -> list[float]:
    return (column / MINUTE).tolist()


def by_slot(found: Slots, rostered: DutyTimes, taken: Abstractions) -> Sequence[list[float]]:
    listed = roster(rostered, OFFICERS, found)
    return [
        minutes(sums(listed.slot, column, len(found)))
        for column in (listed.times.length_us, taken_us(listed, taken, OFFICERS))
    ]


def verdicts(found: Slots, rostered: DutyTimes, taken: Abstractions) -> list[bool]:
    listed = roster(rostered, OFFICERS, found)
    columns = listed.times.length_us, taken_us(listed, taken, OFFICERS)
    sums_us = (sums(listed.slot, column, len(found)) for column in columns)
    return excused(found, *sums_us, taken).tolist()


def test_duty_in_slots_counts_once_an_officer() -> None:
    times = duty((1, -30, 30), (1, 20, 40), (2, 50, 130), (3, 90, 110))
    assert by_slot(slots(), times, away())[0] == [40 + 10, 10]


def test_only_the_plan_s_teams_are_rostered() -> None:
    times = duty((1, 0, 60), (3, 0, 60), (4, 0, 60))
    assert by_slot(slots(), times, away())[0] == [180, 0]
    assert by_slot(slots(10), times, away())[0] == [60, 0]
    assert by_slot(slots(10, 20), times, away())[0] == [120, 0]


@pytest.mark.parametrize(
    ("taken", "minutes_taken"),
    [
        (away(((1, NOBODY), 0, 30, "court")), 30),
        (away(((1, NOBODY), 0, 30, "court"), ((1, NOBODY), 20, 40, "court")), 40),
        (away(((NOBODY, 10), 0, 30, "match")), 60),
        (away(((NOBODY, 10), 0, 30, "match"), ((1, NOBODY), 20, 40, "court")), 40 + 30),
        (away((EVERYBODY, 0, 30, "storm")), 90),
        (away(((4, NOBODY), 0, 30, "court")), 0),
    ],
)
def test_abstractions_take_what_they_share_with_duty(
    taken: Abstractions, minutes_taken: float
) -> None:
    times = duty((1, 0, 60), (2, 0, 60), (3, 0, 60))
    assert by_slot(slots(), times, taken)[1] == [minutes_taken, 0]


def test_each_reason_has_its_hours_of_its_own() -> None:
    listed = roster(duty((1, 0, 60), (2, 0, 60)), OFFICERS, slots())
    taken = away(
        ((NOBODY, 10), 0, 30, "match"),
        ((1, NOBODY), 10, 25, "match"),
        ((1, NOBODY), 20, 40, "court"),
        (EVERYBODY, 70, 90, "storm"),
    )
    found = taken_by_reason_us(listed, taken, OFFICERS)
    assert {reason: us_ / MINUTE for reason, us_ in found.items()} == {"court": 20, "match": 60}


def test_a_slot_is_excused_if_half_of_its_rostered_time_was_taken() -> None:
    times = duty((1, 0, 60), (2, 0, 60), (1, 120, 180))
    assert verdicts(slots(), times, away(((1, NOBODY), 0, 60, "court"))) == [True, False]
    assert verdicts(slots(), times, away(((1, NOBODY), 0, 59.9, "court"))) == [False, False]


def test_half_to_the_microsecond_is_enough() -> None:
    times = duty((1, 0, 60), (2, 0, 60))
    half = away(((1, NOBODY), 0, 60, "court"))
    less = replace(half, end_us=half.end_us - 1)
    assert verdicts(slots(), times, half)[0]
    assert not verdicts(slots(), times, less)[0]
    storm = away((EVERYBODY, 0, 30, "storm"))
    assert verdicts(slots(), duty(), storm)[0]
    assert not verdicts(slots(), duty(), replace(storm, end_us=storm.end_us - 1))[0]


def test_where_no_duty_is_known_all_must_have_been_away_for_half_of_it() -> None:
    assert verdicts(slots(), duty(), away((EVERYBODY, 30, 149, "storm"))) == [True, False]
    assert verdicts(slots(), duty(), away((EVERYBODY, 30, 150, "storm"))) == [True, True]
    assert verdicts(slots(), duty(), away(((NOBODY, 10), 0, 60, "match"))) == [False, False]
    assert verdicts(slots(10), duty(), away(((NOBODY, 10), 0, 60, "match"))) == [True, False]
    each = away(((NOBODY, 10), 0, 40, "match"), ((NOBODY, 20), 10, 60, "match"))
    assert verdicts(slots(10, 20), duty(), each) == [True, False]
    apart = away(((NOBODY, 10), 0, 30, "match"), ((NOBODY, 20), 30, 60, "match"))
    assert verdicts(slots(10, 20), duty(), apart) == [False, False]


def test_one_officer_s_abstraction_is_nobody_else_s() -> None:
    assert verdicts(slots(), duty(), away(((1, NOBODY), 0, 60, "court"))) == [False, False]
