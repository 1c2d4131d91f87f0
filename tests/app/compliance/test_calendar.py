import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.compliance.calendar import DAY, Calendar, zone

SECOND = 1_000_000
LONDON = Calendar()


def utc(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("date", "local", "expected"),
    [
        ("2026-01-15", "06:00", "2026-01-15T06:00Z"),
        ("2026-07-15", "06:00", "2026-07-15T05:00Z"),
        # On 2026-03-29 01:00 to 02:00 is left out: times in it move forward by that hour.
        ("2026-03-29", "00:59", "2026-03-29T00:59Z"),
        ("2026-03-29", "01:00", "2026-03-29T01:00Z"),
        ("2026-03-29", "01:30", "2026-03-29T01:30Z"),
        ("2026-03-29", "02:00", "2026-03-29T01:00Z"),
        # On 2026-10-25 01:00 to 02:00 comes twice: the first is meant.
        ("2026-10-25", "00:59", "2026-10-24T23:59Z"),
        ("2026-10-25", "01:30", "2026-10-25T00:30Z"),
        ("2026-10-25", "02:00", "2026-10-25T02:00Z"),
    ],
)
def test_a_local_time_is_the_moment_that_the_clock_on_the_wall_means(
    date: str, local: str, expected: str
) -> None:
    moment = LONDON.at(dt.date.fromisoformat(date), dt.time.fromisoformat(local))
    assert moment == utc(expected)


@pytest.mark.parametrize(
    ("time", "day"),
    [
        ("2026-01-15T05:59:59Z", "2026-01-14"),
        ("2026-01-15T06:00:00Z", "2026-01-15"),
        ("2026-01-15T23:59:59Z", "2026-01-15"),
        ("2026-01-16T02:00:00Z", "2026-01-15"),
        ("2026-07-15T04:59:59Z", "2026-07-14"),
        ("2026-07-15T05:00:00Z", "2026-07-15"),
        ("2026-03-29T04:59:59Z", "2026-03-28"),
        ("2026-03-29T05:00:00Z", "2026-03-29"),
        ("2026-10-25T05:59:59Z", "2026-10-24"),
        ("2026-10-25T06:00:00Z", "2026-10-25"),
    ],
)
def test_a_night_belongs_to_the_day_before(time: str, day: str) -> None:
    assert LONDON.day_of(utc(time)) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 23), ("2026-10-24", 25), ("2026-06-01", 24)]
)
def test_the_days_of_clock_changes_are_an_hour_shorter_and_longer(day: str, hours: int) -> None:
    date = dt.date.fromisoformat(day)
    assert LONDON.start_of(date + DAY) - LONDON.start_of(date) == hours * 3600 * SECOND


@given(
    st.dates(dt.date(1990, 1, 1), dt.date(2037, 12, 31)),
    st.times().map(lambda time: time.replace(microsecond=0)),
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_each_moment_lies_in_exactly_the_day_that_starts_before_it(
    day: dt.date, day_start: dt.time, name: str
) -> None:
    calendar = Calendar(ZoneInfo(name), day_start)
    start, end = calendar.start_of(day), calendar.start_of(day + DAY)
    assert start < end
    assert calendar.day_of(start) == day
    assert calendar.day_of(end - 1) == day


@pytest.mark.parametrize("name", ["Europe/Lodnon", "", "../etc/passwd", "Europe", "a\0b"])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone is called"):
        zone(name)
