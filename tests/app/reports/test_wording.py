import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.wording import counted, date, goal, hours, lapse, percent, span

TARGETS = st.one_of(
    st.integers(1, 1000).map(lambda target: target / 1000), st.floats(1e-6, 1, allow_nan=False)
)
FINEST = 1e-13  # shares closer to each other are the same to whoever reads them


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "not known"), (0.85, "85 %"), (0.896, "89.6 %"), (0.9996, "99.96 %"), (1, "100 %")],
)
def test_shares_are_told_to_a_tenth(value: float | None, told: str) -> None:
    assert percent(value).replace("\u00a0", " ") == told


@pytest.mark.parametrize(
    ("covered", "cells", "target", "told"),
    [
        (1881, 2100, 0.9, "89.6 %"),
        (2249, 2500, 0.9, "89.96 %"),
        (2251, 2500, 0.9, "90.04 %"),
        (2250, 2500, 0.9, "90 %"),
        (2499, 2500, 0.9, "99.96 %"),
        (1, 2500, 0.9, "0.04 %"),
        (8724, 10000, 0.8725, "87.2 %"),
        (8726, 10000, 0.8725, "87.3 %"),
        (87251, 100000, 0.8725, "87.3 %"),
    ],
)
def test_a_share_never_reads_as_the_target_that_it_is_not(
    covered: int, cells: int, target: float, told: str
) -> None:
    assert percent(covered / cells, target).replace("\u00a0", " ") == told


@given(parts=st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_all_is_all_and_none_is_none(parts: tuple[int, int]) -> None:
    done, whole = parts
    told = read(percent(done / whole))
    assert (told == 100, told == 0) == (done == whole, done == 0)


@given(
    whole=st.integers(1, 100_000),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    target=TARGETS,
)
def test_what_is_read_stands_to_the_target_as_what_is(
    whole: int, shares: tuple[float, float], target: float
) -> None:
    low, high = sorted(round(share * whole) / whole for share in shares)
    told, aim = [read(percent(share, target)) for share in (low, high)], read(goal(target))
    if abs(low - target) > FINEST:
        assert (told[0] > aim, told[0] < aim) == (low > target, low < target)
    assert told == sorted(told)
    both = span(low, high, target, to="and")
    assert (" and " in both) == (told[0] != told[1])


def read(told: str) -> float:
    return float(told.removesuffix("\u00a0%"))


def test_a_range_of_one_is_one() -> None:
    assert span(0.5, 0.75).replace("\u00a0", " ") == "50 to 75 %"
    assert span(0.5, 0.50001).replace("\u00a0", " ") == "50 %"
    assert span(0.5, 0.50001, 0.5).replace("\u00a0", " ") == "50 to 50.001 %"
    assert span(None, None) == "not known"


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (0, "0 min"),
        (59.4, "59 min"),
        (59.6, "1 h 0 min"),
        (190, "3 h 10 min"),
        (1440, "1 day 0 h"),
        (3 * 1440 - 1, "2 days 23 h"),
    ],
)
def test_stretches_of_time_are_told_as_one_says_them(minutes: float, told: str) -> None:
    assert lapse(minutes).replace("\u00a0", " ") == told


def test_one_is_not_many() -> None:
    assert (counted(1, "cell"), counted(1234, "cell")) == ("1 cell", "1,234 cells")
    assert (hours(1.0), hours(0.5), hours(6.04)) == ("1 hour", "0.5 hours", "6 hours")
    assert date(dt.date(2026, 11, 2)) == "Monday 2 November 2026"
