"""From when to when a row says that something was: two moments, or a day and two times of it."""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from app.compliance.calendar import DAY, FIRST_DAY, LAST_DAY, Calendar
from app.importing.row import Row
from app.importing.times import day, is_midnight, when

_END_OF_DAY: Final = dt.timedelta(days=1)
_UTC: Final = Calendar(ZoneInfo("UTC"))
_FIRST_US: Final = _UTC.at(FIRST_DAY, dt.time())
_END_US: Final = _UTC.at(LAST_DAY + DAY, dt.time())


def stretch(row: Row, calendar: Calendar) -> tuple[int, int | None] | None:
    """Start and end, microseconds UTC, of a row's `start` and `end`; end None if it is blank.

    Where they are times of day, they are of the columns `date` and `end_date`; without `end_date`
    an end that is not after its start is on the next day. None, and problems, where they make no
    sense.
    """
    first = row.may("date", day)
    last = row.may("end_date", day)
    start = row.need("start", lambda cell: when(cell, calendar))
    end = row.may("end", lambda cell: _END_OF_DAY if is_midnight(cell) else when(cell, calendar))
    if start is None or not row.sound:
        return None
    start_us = _moment(row, "start", start, first, calendar)
    if start_us is None or end is None:
        return None if start_us is None else (start_us, None)
    if isinstance(end, dt.time) and last is None and first is not None:
        crosses = end == dt.time() or (isinstance(start, dt.time) and end <= start)
        last = first + DAY if crosses else first
    end_us = _moment(row, "end", end, last or first, calendar)
    if end_us is None:
        return None
    if end_us <= start_us:
        row.problem("end", "it ends before it begins, or at once")
        return None
    return start_us, end_us


def closed(row: Row, calendar: Calendar) -> tuple[int, int] | None:
    """Start and end of a row that must have both."""
    found = stretch(row, calendar)
    if not row.has("end"):
        row.problem("end", "it is empty")
    return None if found is None or found[1] is None else (found[0], found[1])


def _moment(
    row: Row,
    column: str,
    said: int | dt.time | dt.timedelta,
    date: dt.date | None,
    calendar: Calendar,
) -> int | None:
    """The moment of a time of day on a date; of _END_OF_DAY the midnight that ends the date."""
    if not isinstance(said, int):
        if date is None:
            shown = "24:00" if said == _END_OF_DAY else f"{said:%H:%M}"
            what = f"{shown} is of no day: write the date with it, or in a column"
            row.problem(column, what)
            return None
        at = calendar.at
        said = at(date, said) if isinstance(said, dt.time) else at(date + said, dt.time())
    if not _FIRST_US <= said < _END_US:
        row.problem(column, f"it is not within {FIRST_DAY} to {LAST_DAY}, UTC")
        return None
    return said
