"""What cells say that hold days, times of day, or moments."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from app.compliance.calendar import DAY, FIRST_DAY, LAST_DAY, Calendar
from app.importing.grid import Cell
from app.importing.values import quoted

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_MONTHS: Final[Mapping[str, int]] = {
    month: number
    for number, month in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_WEEKDAY: Final = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*[ ,]+", re.IGNORECASE)
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_MONTH_NAMED: Final = re.compile(r"(\d{1,2})[- ]([a-z]{3,9})\.?[- ,]+(\d{4})", re.IGNORECASE)
_SHORT_YEAR: Final = re.compile(r"\d{1,2}[-/. ](\d{1,2}|[a-z]{3,9})[-/. ]\d{2}", re.IGNORECASE)
_TIME: Final = re.compile(
    r"(\d{1,2})(?:[:.](\d\d)(?::(\d\d)(?:\.0+)?)?)?\s*(am|pm)?", re.IGNORECASE
)
_FRACTION: Final = re.compile(r"0\.\d+")  # 0.25 is 06:00 to a spreadsheet, and 00:25 to people
_DIGITS: Final = re.compile(r"(\d{1,2})(\d\d)")  # 0600, which a spreadsheet makes 600 of
_DATE_AND_TIME: Final = re.compile(
    r"(.*\d)(?:T|,? +)(\d{1,2}[:.]\d\d.*|\d{3,4}|\d{1,2} ?[ap]m)",
    re.IGNORECASE,
)
_OFFSET: Final = re.compile(r":\d\d(?:\.\d+)?(?:z|[+-]\d\d:?\d\d)$", re.IGNORECASE)
_NOON: Final = 12


def day(cell: Cell) -> dt.date:
    """A day: a date cell, 2026-01-31, 31/01/2026 (day first) or 31 Jan 2026."""
    if isinstance(cell, dt.datetime):
        if cell.time() != dt.time():
            msg = f"{quoted(cell)} has a time of day; a day is wanted"
            raise ValueError(msg)
        return _sensible(cell.date(), cell)
    if isinstance(cell, dt.date):
        return _sensible(cell, cell)
    if not isinstance(cell, str):
        msg = f"{quoted(cell)} is no date: format the cell as a date"
        raise ValueError(msg)  # noqa: TRY004 -- a cell that cannot be read
    return _sensible(_day_of_text(cell), cell)


def _day_of_text(cell: str) -> dt.date:
    text = _WEEKDAY.sub("", cell.strip())
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, number = (int(part) for part in found.groups())
    elif found := _DAY_FIRST.fullmatch(text):
        number, month, year = (int(part) for part in found.groups())
        _refuse_month_first(number, month, cell)
    elif (found := _MONTH_NAMED.fullmatch(text)) and found[2][:3].lower() in _MONTHS:
        number, month, year = int(found[1]), _MONTHS[found[2][:3].lower()], int(found[3])
    else:
        wanted = "a year of four digits" if _SHORT_YEAR.fullmatch(text) else "a date"
        msg = f"{quoted(cell)}: give {wanted}, such as 31/01/2026 (day first) or 2026-01-31"
        raise ValueError(msg)
    try:
        return dt.date(year, month, number)
    except ValueError as exc:
        msg = f"{quoted(cell)} is no day of the calendar"
        raise ValueError(msg) from exc


def _refuse_month_first(number: int, month: int, cell: str) -> None:
    if month > 12 >= number:  # noqa: PLR2004 -- months
        msg = (
            f"{quoted(cell)} is no date: dates are read day first, and there is no month {month}."
            " This column looks month first: write 31/01/2026 or 2026-01-31 in all its rows"
        )
        raise ValueError(msg)


def _sensible(found: dt.date, cell: Cell) -> dt.date:
    if not FIRST_DAY <= found <= LAST_DAY:
        msg = f"{quoted(cell)} is not within {FIRST_DAY} to {LAST_DAY}"
        raise ValueError(msg)
    return found


def time_of_day(cell: Cell) -> dt.time:
    """A local time: a time cell, 06:00, 0600, 6am, or the part of a day that Excel makes of it."""
    if isinstance(cell, dt.time):
        return cell.replace(microsecond=0)
    if isinstance(cell, dt.timedelta):
        cell = cell / dt.timedelta(days=1)
    if isinstance(cell, float) and 0 <= cell < 1:
        seconds = min(round(cell * 86_400), 86_399)
        return (_EPOCH + dt.timedelta(seconds=seconds)).time()
    text = str(cell).strip().removesuffix(".0")
    if _FRACTION.fullmatch(text):
        msg = f"{quoted(cell)} may be a part of a day or a time: write it as 06:00"
        raise ValueError(msg)
    digits = _DIGITS.fullmatch(text)
    if digits or text == "0":
        return _clock(cell, *((digits[1], digits[2]) if digits else ("0", "0")))
    found = _TIME.fullmatch(text)
    if found is None or not (found[2] or found[4]):
        msg = f"{quoted(cell)} is no time of day, such as 06:00"
        raise ValueError(msg)
    return _clock(cell, found[1], found[2] or "0", found[3] or "0", (found[4] or "").lower())


def _clock(cell: Cell, hour: str, minute: str, second: str = "0", half: str = "") -> dt.time:
    hours = int(hour)
    if half:
        hours = hours % _NOON + (_NOON if half == "pm" else 0) if 0 < hours <= _NOON else 24
    try:
        return dt.time(hours, int(minute), int(second))
    except ValueError as exc:
        msg = f"{quoted(cell)} is no time of day, such as 06:00; the last is 23:59"
        raise ValueError(msg) from exc


def minute_of_day(cell: Cell) -> dt.time:
    """A local time without seconds."""
    found = time_of_day(cell)
    if found.second:
        msg = f"{quoted(cell)} has seconds; plans are in whole minutes"
        raise ValueError(msg)
    return found


def is_midnight(cell: Cell) -> bool:
    """Whether a time of day is 24:00, as rosters write the end of a day."""
    written = str(cell).strip() in {"24:00", "24:00:00", "24.00", "2400"}
    return written or cell == dt.timedelta(days=1)


def when(cell: Cell, calendar: Calendar) -> int | dt.time:
    """A moment, microseconds UTC, where a cell has a date; else the time of day that it has.

    A moment is a local date and time, as the calendar has it, or an RFC 3339 time with an offset.
    """
    if isinstance(cell, dt.datetime):
        found = cell + dt.timedelta(
            milliseconds=500
        )  # a spreadsheet's fractions of a day are not exact
        return calendar.at(_sensible(found.date(), cell), found.time().replace(microsecond=0))
    if isinstance(cell, str):
        text = _WEEKDAY.sub("", cell.strip())
        if _OFFSET.search(text):
            return _absolute(text, cell)
        parts = _DATE_AND_TIME.fullmatch(text)
        if parts and is_midnight(parts[2]):
            return calendar.at(day(parts[1]) + DAY, dt.time())
        if parts:
            return calendar.at(day(parts[1]), time_of_day(parts[2]))
        if not _looks_like_time(text):
            date = day(text)
            msg = f"{quoted(cell)} has no time of day; write {date:%d/%m/%Y} 00:00 for midnight"
            raise ValueError(msg)
    return time_of_day(cell)


def _looks_like_time(text: str) -> bool:
    return bool(_TIME.fullmatch(text) or _DIGITS.fullmatch(text)) or not re.search("[-/]", text)


def _absolute(text: str, cell: Cell) -> int:
    try:
        found = dt.datetime.fromisoformat(text.upper().replace(" ", "T", 1))
    except ValueError as exc:
        msg = f"{quoted(cell)} is no time such as 2026-01-31T22:00:00Z"
        raise ValueError(msg) from exc
    _sensible(found.date(), cell)
    return (found - _EPOCH) // _MICROSECOND
