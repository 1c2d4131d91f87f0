import datetime as dt

import pytest

from app.reports.wording import counted, date, hours, lapse, percent, span


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "not known"), (0.85, "85 %"), (0.896, "89.6 %"), (0.9996, "100 %"), (0.9994, "99.9 %")],
)
def test_shares_are_told_to_a_tenth(value: float | None, told: str) -> None:
    assert percent(value).replace("\u00a0", " ") == told


def test_a_range_of_one_is_one() -> None:
    assert span(0.5, 0.75).replace("\u00a0", " ") == "50 to 75 %"
    assert span(0.5, 0.50001).replace("\u00a0", " ") == "50 %"
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
