import datetime as dt
import re

import pytest
from sheets import moment

from app.compliance.calendar import Calendar
from app.importing.times import day, minute_of_day, time_of_day, when

LONDON = Calendar()
HALLOWEEN = dt.date(2026, 10, 31)


def us(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    "cell",
    [
        moment("2026-10-31"),
        HALLOWEEN,
        "2026-10-31",
        "31/10/2026",
        "31-10-2026",
        "31.10.2026",
        "31 Oct 2026",
        "31-October-2026",
        "Sat 31 Oct 2026",
        "Saturday, 31/10/2026",
    ],
)
def test_a_day_is_read_as_people_write_it(cell: str | dt.date) -> None:
    assert day(cell) == HALLOWEEN


def test_a_day_is_read_day_first() -> None:
    assert day("01/02/2026") == dt.date(2026, 2, 1)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("10/31/2026", "no month 31. This column looks month first"),
        ("31/10/26", "a year of four digits"),
        ("31 Oct 26", "a year of four digits"),
        ("31/02/2026", "no day of the calendar"),
        ("32/13/2026", "no day of the calendar"),
        ("2026-31-10", "no day of the calendar"),
        ("soon", "give a date, such as 31/01/2026 (day first)"),
        ("31/10/0206", "not within 1970-01-03 to 2199-12-28"),
        (46326, "format the cell as a date"),
        (moment("2026-10-31 06:00"), "has a time of day"),
        (dt.time(6), "format the cell as a date"),
    ],
)
def test_what_is_no_day_is_told(cell: object, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        day(cell)  # type: ignore[arg-type]  # any cell there may be


@pytest.mark.parametrize(
    "cell",
    [
        dt.time(18, 30),
        dt.timedelta(hours=18, minutes=30),
        18.5 / 24,
        1830,
        1830.0,
        "18:30",
        "18.30",
        "18:30:00",
        "1830",
        "6:30pm",
        "6.30 PM",
    ],
)
def test_a_time_of_day_is_read_as_people_and_spreadsheets_write_it(cell: str | float) -> None:
    assert time_of_day(cell) == dt.time(18, 30)


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("12am", dt.time(0)),
        ("12 pm", dt.time(12)),
        ("6am", dt.time(6)),
        (600, dt.time(6)),
        (0, dt.time(0)),
        (0.5, dt.time(12)),
        (0.999999999, dt.time(23, 59, 59)),
    ],
)
def test_a_time_of_day_at_the_edges(cell: str | float, time: dt.time) -> None:
    assert time_of_day(cell) == time


@pytest.mark.parametrize(
    "cell", ["24:00", "25:00", "18:60", "13pm", "0pm", "6", 6, 1.5, "noon", True]
)
def test_what_is_no_time_of_day_is_told(cell: str | float) -> None:
    with pytest.raises(ValueError, match="no time of day, such as 06:00"):
        time_of_day(cell)


@pytest.mark.parametrize("cell", ["0.25", "0.5", "0.020833"])
def test_a_part_of_a_day_in_a_text_is_not_taken_for_minutes(cell: str) -> None:
    with pytest.raises(ValueError, match="may be a part of a day or a time: write it as 06:00"):
        time_of_day(cell)


def test_plans_are_in_whole_minutes() -> None:
    assert minute_of_day("06:00:00") == dt.time(6)
    with pytest.raises(ValueError, match="has seconds"):
        minute_of_day("06:00:30")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("31/10/2026 18:00", "2026-10-31T18:00:00Z"),
        ("Sat 31 Oct 2026, 6pm", "2026-10-31T18:00:00Z"),
        ("2026-10-31T18:00", "2026-10-31T18:00:00Z"),
        ("2026-10-31 1800", "2026-10-31T18:00:00Z"),
        ("31/07/2026 18:00", "2026-07-31T17:00:00Z"),
        ("31/10/2026 24:00", "2026-11-01T00:00:00Z"),
        ("2026-07-31T18:00:00Z", "2026-07-31T18:00:00Z"),
        ("2026-07-31 18:00:00+02:00", "2026-07-31T16:00:00Z"),
        # A fraction of a day that is not exact.
        (moment("2026-07-31 17:59:59.999990"), "2026-07-31T17:00:00Z"),
        # Moved forward by the hour that the spring change leaves out; the first of what is twice.
        ("29/03/2026 01:30", "2026-03-29T01:30:00Z"),
        ("25/10/2026 01:30", "2026-10-25T00:30:00Z"),
    ],
)
def test_a_moment_is_a_date_and_a_local_time_or_has_an_offset(
    cell: str | dt.datetime, expected: str
) -> None:
    assert when(cell, LONDON) == us(expected)


def test_a_time_without_a_date_is_a_time_of_day() -> None:
    assert when("18:00", LONDON) == dt.time(18)
    assert when(0.75, LONDON) == dt.time(18)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("31/10/2026", "has no time of day; write 31/10/2026 00:00 for midnight"),
        ("10/31/2026 18:00", "looks month first"),
        ("31/10/26 18:00", "a year of four digits"),
        ("2026-10-31T25:00:00Z", "no time such as"),
        ("3026-10-31T18:00:00Z", "not within"),
        (moment("1899-12-31"), "not within"),
        ("when it is dark", "no time of day"),
    ],
)
def test_what_is_no_moment_is_told(cell: str | dt.datetime, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        when(cell, LONDON)
