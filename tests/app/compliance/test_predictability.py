import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from compliance_rows import Visit, account_of, by_hotspot, cells, everything
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.calendar import Calendar
from app.compliance.predictability import Predictability, clock_us

DAY = 1440


def arrivals(*minutes: float, spot: int = 1) -> list[Visit]:
    return [Visit(1, spot, at, at + 11) for at in minutes]


def found(*done: Visit) -> Predictability:
    always = cells((1, -DAY, 10 * DAY, 1), (2, -DAY, 10 * DAY, 1))
    return account_of(always, *done).figures(everything(always))[0].predictability


def test_the_modal_time_has_the_most_arrivals_within_15_minutes() -> None:
    at_ten = [600, DAY + 610, 2 * DAY + 615, 3 * DAY + 616]
    assert found(*arrivals(*at_ten)) == Predictability(1, 4, "10:10")
    assert found(*arrivals(600, DAY + 615, 2 * DAY + 630.1)) == Predictability(2 / 3, 3, "10:00")


def test_of_equal_ones_the_earliest_of_the_operational_day_is_modal() -> None:
    assert found(*arrivals(600, 60, DAY + 300)) == Predictability(1 / 3, 3, "01:00")


def test_the_clock_goes_round_at_midnight() -> None:
    assert found(*arrivals(DAY - 5, 2 * DAY + 5)) == Predictability(1, 2, "00:05")


def test_hot_spots_have_modal_times_of_their_own() -> None:
    both = (*arrivals(60, DAY + 61), *arrivals(600, DAY + 900, 3 * DAY + 601, spot=2))
    assert found(*both) == Predictability((2 + 2) / 5, 5, None)
    always = cells((1, 0, 10 * DAY, 1), (2, 0, 10 * DAY, 1))
    by_spot = account_of(always, *both).figures(by_hotspot(always))
    assert [one.predictability for one in by_spot] == [
        Predictability(1, 2, "01:00"),
        Predictability(2 / 3, 3, "10:00"),
    ]


def test_without_arrivals_there_is_none() -> None:
    assert found(Visit(1, 1, 0, 9)) == Predictability(None, 0, None)


@pytest.mark.parametrize(
    ("moment", "since_six"),
    [
        ("2026-03-29T00:59:00Z", dt.timedelta(hours=18, minutes=59)),
        ("2026-03-29T01:00:00Z", dt.timedelta(hours=20)),  # 02:00 was left out
        ("2026-10-25T00:30:00Z", dt.timedelta(hours=19, minutes=30)),
        ("2026-10-25T01:30:00Z", dt.timedelta(hours=19, minutes=30)),  # 01:30 came twice
        ("2026-07-01T05:00:00Z", dt.timedelta(0)),
        ("2026-07-01T04:59:59Z", dt.timedelta(hours=23, minutes=59, seconds=59)),
    ],
)
def test_the_clock_is_the_wall_s_also_when_it_is_changed(
    moment: str, since_six: dt.timedelta
) -> None:
    time_us = round(dt.datetime.fromisoformat(moment).timestamp()) * 1_000_000
    london = Calendar(ZoneInfo("Europe/London"), dt.time(6))
    found_us = clock_us(np.array([time_us]), london)
    assert found_us.tolist() == [since_six // dt.timedelta(microseconds=1)]


@given(st.lists(st.integers(0, 5 * DAY), max_size=12))
def test_it_is_what_counting_each_arrival_s_neighbours_gives(minutes: list[int]) -> None:
    # A quarter of an hour from one to the next is enough to be no visit's length.
    starts = sorted({minute // 15 * 15 for minute in minutes})
    clock = [start % DAY for start in starts]
    near = [
        sum(min((one - other) % DAY, (other - one) % DAY) <= 15 for other in clock) for one in clock
    ]
    share = max(near) / len(near) if near else None
    assert found(*arrivals(*map(float, starts))).value == share
