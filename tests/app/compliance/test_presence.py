"""Presence that goes on: found as far as it reaches, and counted for a month."""

import numpy as np
import pytest

from app.compliance.intervals import Intervals
from app.compliance.presence import LONGEST_US, counted, reach
from app.compliance.visits import VisitColumns
from geofence.model import HOUR_US

DAY = 24
LONGEST = LONGEST_US // HOUR_US


def visits(*given: tuple[int, int, int], passing: bool = False) -> VisitColumns:
    """Each at a hot spot from an hour to another, all of it sure."""
    hotspot, enter, exit_ = (np.array(column, np.int64) for column in zip(*given, strict=True))
    start_us, end_us = enter * HOUR_US, exit_ * HOUR_US
    ones = np.ones(len(given), np.bool_)
    return VisitColumns(
        device=np.arange(len(given)),
        hotspot=hotspot,
        enter_us=start_us,
        exit_us=end_us,
        outer_from_us=start_us - 1,
        outer_to_us=end_us + 1,
        enter_seen=ones,
        exit_seen=~ones,
        pass_through=ones & passing,
        open=~ones,
        sure=Intervals(np.arange(len(given)), start_us, end_us),
    )


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([(1, 0, 30), (1, 29, 70)], (0, 70)),
        ([(1, 0, 30), (1, 30, 50), (1, 50, 99), (2, 99, 120)], (0, 99)),
        ([(1, 0, 39), (2, 39, 41), (1, 61, 99)], (39, 60)),
        ([(1, 0, 40), (1, 60, 99)], (0, 99)),
        ([(1, 0, 10), (1, 70, 80)], (40, 60)),
    ],
    ids=["overlap", "touch, elsewhere", "not quite", "at the edges", "apart"],
)
def test_presence_reaches_as_far_as_visits_at_one_hot_spot_go_on_in_each_other(
    given: list[tuple[int, int, int]], found: tuple[int, int]
) -> None:
    hours = [time_us // HOUR_US for time_us in reach(visits(*given), 40 * HOUR_US, 60 * HOUR_US)]
    assert tuple(hours) == found


def test_pass_throughs_do_not_carry_presence_on() -> None:
    assert reach(visits((1, 0, 50), passing=True), HOUR_US, HOUR_US) == (HOUR_US, HOUR_US)


def test_what_comes_later_than_a_month_after_presence_began_does_not_count() -> None:
    first, over, after = (1, 0, 20 * DAY), (1, 20 * DAY, 40 * DAY), (1, 40 * DAY, 50 * DAY)
    elsewhere, again = (2, 30 * DAY, 33 * DAY), (1, 51 * DAY, 52 * DAY)
    found = counted(visits(first, over, after, elsewhere, again))
    stays = found.stays
    rows = zip(stays.group, stays.start_us // HOUR_US, stays.end_us // HOUR_US, strict=True)
    assert list(rows) == [first, (1, 20 * DAY, LONGEST), elsewhere, again]
    assert found.sure.end_us.tolist() == stays.end_us.tolist()
    assert found.exit_seen.tolist() == [False, True, False, False]


def test_visits_of_less_than_a_month_all_count() -> None:
    given = visits((1, 0, LONGEST), (2, 4, 5))
    assert counted(given) is given


@pytest.mark.parametrize("offset", range(0, 31, 5))
@pytest.mark.parametrize("length", [3, 9, 24])
def test_what_is_told_quickly_is_true(offset: int, length: int) -> None:
    """However a month of short stays lies, that presence outlasts what counts is seen."""
    starts = range(offset * DAY, offset * DAY + LONGEST + length, length)
    lasting = visits(*((7, start, start + length) for start in starts))
    until = (offset * DAY + LONGEST) * HOUR_US
    assert counted(lasting).exit_us.max() == until
    broken = visits(*((7, start, start + length) for start in starts if start % 11))
    whole = visits(*((7, s, s + length) for s in starts if s % 11), (8, 0, LONGEST + 1))
    np.testing.assert_array_equal(
        counted(broken).exit_us, counted(whole).exit_us[counted(whole).hotspot == 7]
    )
