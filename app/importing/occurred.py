"""When each crime happened: a month, a day, a moment, or from one to another."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from app.compliance.calendar import DAY, Calendar
from app.importing.cells import told
from app.importing.grid import Cell
from app.importing.sections import Section
from app.importing.times import day, time_of_day, when
from app.importing.values import quoted

_MONTH: Final = re.compile(r"(\d{4})-(\d\d?)")
_LAST_MONTH: Final = 12

Said = int | dt.time | dt.date
"""A moment (microseconds UTC), a time of a day that stands elsewhere, or a whole day."""
Span = tuple[int, int]
"""From and to, microseconds UTC: it happened within."""


@dataclass(slots=True)
class Spans:
    """When the rows of a table say that it was; (0, 0), and what is wrong, where they do not.

    `wrong` is by column, then row.
    """

    of: list[Span] = field(default_factory=list)
    wrong: dict[str, dict[int, str]] = field(default_factory=dict)


def spans(section: Section, calendar: Calendar) -> Spans:
    """When each row of a table of crimes says that it was; local times are the calendar's."""

    def said(cell: Cell) -> Said:
        return _said(cell, calendar)

    read: Mapping[str, Callable[[Cell], Said]] = {
        "month": _first_of_month,
        "date": day,
        "start": said,
        "end_date": day,
        "end": said,
    }
    columns = {column: told(section, column, reading) for column, reading in read.items()}
    wrong = {column: dict(one.wrong) for column, one in columns.items()}
    found = Spans(wrong=wrong)
    meaning = _Meaning(calendar)
    for row, values in enumerate(zip(*(one.values for one in columns.values()), strict=True)):
        try:
            found.of.append(meaning.span(*values))
        except _Senseless as exc:
            found.of.append((0, 0))
            # Where a cell cannot be read, that is what is wrong.
            if not any(row in of_column for of_column in wrong.values()):
                wrong[exc.column][row] = str(exc)
    return found


class _Senseless(Exception):
    """Readable cells that say nothing together; `column` is the one to look at."""

    def __init__(self, *, column: str, what: str) -> None:
        super().__init__(what)
        self.column = column


class _Meaning:
    """What the cells of a row mean together."""

    def __init__(self, calendar: Calendar) -> None:
        # Many crimes share a day, and midnights are looked up in the time zone's history.
        self._at = cache(calendar.at)

    def span(
        self,
        month: Said | None,
        date: Said | None,
        start: Said | None,
        end_date: Said | None,
        end: Said | None,
    ) -> Span:
        """From the first moment of what it began with to the last of what it ended with."""
        if start is None and date is None:
            if isinstance(month, dt.date):
                return self._midnight(month), self._midnight(_next_month(month))
            raise _Senseless(column="start", what="there is no time, day or month")
        first = self._one("start", start, date)
        if end is None and end_date is None:
            return first
        if end_date is None and isinstance(end, dt.time):
            # What ends before it begins by the clock ends on the next day.
            last = self._one("end", end, date)
            if last[1] < first[0] and isinstance(date, dt.date):
                last = self._one("end", end, date + DAY)
        else:
            last = self._one("end", end, end_date)
        # A whole day ends at the moment at which the next one begins.
        if last[1] < first[0] or last[0] < last[1] == first[0]:
            raise _Senseless(column="end", what="it ends before it begins")
        return first[0], last[1]

    def _one(self, column: str, said: Said | None, date: Said | None) -> Span:
        if isinstance(said, int):
            return said, said
        if isinstance(said, dt.time):
            if not isinstance(date, dt.date):
                what = f"{said:%H:%M} is of no day: write the date with it, or in a column"
                raise _Senseless(column=column, what=what)
            moment = self._at(date, said)
            return moment, moment
        whole = said or date
        assert isinstance(whole, dt.date)  # noqa: S101 -- for the type checker: one of them is said
        return self._midnight(whole), self._midnight(whole + DAY)

    def _midnight(self, date: dt.date) -> int:
        return self._at(date, dt.time())


def _said(cell: Cell, calendar: Calendar) -> Said:
    """A moment, a time of day, or a day without one."""
    if isinstance(cell, str):
        try:
            return day(cell)
        except ValueError:
            return when(cell, calendar)
    # A workbook has no days but as their midnights.
    if isinstance(cell, dt.datetime) and cell.time() != dt.time():
        return when(cell, calendar)
    if isinstance(cell, dt.date):
        return day(cell)
    return time_of_day(cell) if isinstance(cell, dt.time | float) else when(cell, calendar)


def _first_of_month(cell: Cell) -> dt.date:
    found = _MONTH.fullmatch(str(cell).strip())
    if found is None or not 1 <= int(found[2]) <= _LAST_MONTH:
        msg = f"{quoted(cell)} is no month, such as 2026-01"
        raise ValueError(msg)
    return day(f"{found[0]}-01")


def _next_month(first: dt.date) -> dt.date:
    return (first + dt.timedelta(days=31)).replace(day=1)
