"""From when to when a row says that something was: two moments, or a day and two times of it."""

import datetime as dt

from app.compliance.calendar import DAY, Calendar
from app.importing.row import Row
from app.importing.times import day, is_midnight, when


def stretch(row: Row, calendar: Calendar) -> tuple[int, int | None] | None:
    """Start and end, microseconds UTC, of a row's `start` and `end`; end None if it is blank.

    Where they are times of day, they are of the columns `date` and `end_date`; without `end_date`
    an end that is not after its start is on the next day. None, and problems, where they make no
    sense.
    """
    first = row.may("date", day)
    last = row.may("end_date", day)
    start = row.need("start", lambda cell: when(cell, calendar))
    end = row.may("end", lambda cell: dt.time() if is_midnight(cell) else when(cell, calendar))
    if start is None or not row.sound:
        return None
    start_us = _moment(row, "start", start, first, calendar)
    if start_us is None or end is None:
        return None if start_us is None else (start_us, None)
    if isinstance(end, dt.time) and last is None and first is not None:
        crosses = end == dt.time() or (isinstance(start, dt.time) and end <= start)
        last = first + DAY if crosses else first
    end_us = _moment(row, "end", end, last, calendar)
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
    row: Row, column: str, said: int | dt.time, date: dt.date | None, calendar: Calendar
) -> int | None:
    if isinstance(said, int):
        return said
    if date is None:
        row.problem(column, f"{said:%H:%M} is of no day: write the date with it, or in a column")
        return None
    return calendar.at(date, said)
