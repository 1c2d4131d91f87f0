"""Dates that a message gives only in part, told from the time of receipt."""

from datetime import UTC, datetime
from typing import Final

from ingest import moment

DAY_US: Final = 86_400 * moment.SECOND_US
LONGEST_SURE_US: Final = 25 * DAY_US
"""A day of the month further back than this may as well belong to another month."""

_SKEW_US: Final = 600 * moment.SECOND_US  # how far a radio's clock may run ahead of ours
_MONTHS_BACK: Final = 3  # no two months in a row lack a day, and the first may lie ahead
_LAST_YEAR: Final = 9998  # so that no sum leaves the years that can be written


def time_of_day(hour: int, minute: int, second: int, micros: int = 0) -> int:
    """Give microseconds since midnight; ValueError where it is no time. A leap second is one."""
    if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004 (hours, minutes and seconds)
        message = f"time: {hour:02}:{minute:02}:{second:02} is no time of day"
        raise ValueError(message)
    return ((hour * 60 + minute) * 60 + second) * moment.SECOND_US + micros


def midnight(year: int, month: int, day: int) -> int:
    """Give the moment a date begins, in UTC; ValueError where there is no such date."""
    try:
        date = datetime(min(year, _LAST_YEAR + 1), month, day, tzinfo=UTC)
    except ValueError:
        date = None
    if date is None or date.year > _LAST_YEAR:
        message = f"time: {year:04}-{month:02}-{day:02} is no date"
        raise ValueError(message)
    return moment.from_datetime(date)


def full_year(last_two: int, received_us: int) -> int:
    """Give the latest year that ends in these two digits and does not lie ahead.

    One year ahead is let through: a clock that runs ahead at new year is not a century behind.
    """
    latest = moment.to_datetime(received_us).year + 1
    return latest - (latest - last_two) % 100


def nearest_day(time_us: int, anchor_us: int) -> int:
    """Give the moment with time of day `time_us` that is closest to `anchor_us`."""
    candidate = anchor_us // DAY_US * DAY_US + time_us
    if candidate - anchor_us > DAY_US // 2:
        return candidate - DAY_US
    if anchor_us - candidate > DAY_US // 2:
        return candidate + DAY_US
    return candidate


def newest_day(day: int, time_us: int, received_us: int) -> int:
    """Give the newest moment on such a day of any month that does not lie after receipt.

    ValueError where no month has the day.
    """
    latest_us = received_us + _SKEW_US
    date = moment.to_datetime(latest_us)
    year, month = date.year, date.month
    for _ in range(_MONTHS_BACK):
        try:
            candidate = midnight(year, month, day) + time_us
        except ValueError:
            pass
        else:
            if candidate <= latest_us:
                return candidate
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    message = f"time: {day} is no day of a month"
    raise ValueError(message)
