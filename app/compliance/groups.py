"""Which cells make one row of a report: by place, window, shift, day, week or month."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from app.compliance.calendar import DAY, Calendar
from app.compliance.cells import REST, Cells
from app.compliance.intervals import Ints
from app.compliance.visits import Bools

# What a row is of. Of places and times, all of a group's rows add up; of makers, rows count what
# was done by some, and need not.
Times = Literal["day", "week", "month"]
Parts = Literal["hotspot", "window", "shift", Times]
Makers = Literal["team", "organisation", "source", "officer"]
Grouping = Literal["total", Parts, Makers]
TIMES: Final[frozenset[str]] = frozenset(get_args(Times))

# A hot spot's id, a window's name, a shift's day and window, a day, a week's Monday or a month's
# first day; a team's id, an organisation, a kind of device or an officer's id; None: of nobody.
Key = int | str | dt.date | tuple[dt.date, str] | None

OUTSIDE: Final = -1
_FIRST_OF_1970 = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Period:
    """Operational days from `first` to `last`, both included."""

    first: dt.date
    last: dt.date

    def widened(self, days: int = 1) -> "Period":
        """With so many days before and as many after."""
        return Period(self.first - days * DAY, self.last + days * DAY)

    def times(self, calendar: Calendar) -> tuple[int, int]:
        """From when until when, microseconds UTC."""
        return calendar.start_of(self.first), calendar.start_of(self.last + DAY)

    def edges_us(self, calendar: Calendar) -> list[int]:
        """When each of its days begins, and when the last one ends, microseconds UTC."""
        days = range(self.first.toordinal(), self.last.toordinal() + 2)
        return [calendar.start_of(dt.date.fromordinal(day)) for day in days]

    def holds(self, cells: Cells) -> Bools:
        """Which cells are of these days."""
        found: Bools = (self.first.toordinal() <= cells.day) & (cells.day <= self.last.toordinal())
        return found


@dataclass(frozen=True, slots=True)
class Groups:
    """The group (0, 1, ..., or OUTSIDE) of each cell; each group's key, and when its days end."""

    label: Ints
    keys: Sequence[Key]
    until_us: Ints

    def __len__(self) -> int:
        return len(self.keys)

    def of_kind(self, cells: Cells, kind: int) -> Ints:
        """The rows of the cells of a kind that are in some group."""
        return np.flatnonzero((cells.kind == kind) & (self.label != OUTSIDE))


def everything(cells: Cells, period: Period, calendar: Calendar) -> Groups:
    """All cells of a period as one group."""
    until_us = np.array([period.times(calendar)[1]])
    return Groups(np.where(period.holds(cells), 0, OUTSIDE), [None], until_us)


def groups(cells: Cells, period: Period, by: Parts, calendar: Calendar) -> Groups:
    """The cells of a period by what each is of; by window and shift, the rest of days is left out.

    In the order of their keys; windows and shifts by when they begin.
    """
    chosen = period.holds(cells)
    if by in {"window", "shift"}:
        chosen &= cells.kind != REST
    column = _column(cells, by)
    numbers = np.unique(column[chosen])
    label = np.where(chosen, np.searchsorted(numbers, column), OUTSIDE)
    keys = [_key(cells, by, number) for number in numbers.tolist()]
    ends = [calendar.start_of(min(_last_day(key, by, period), period.last) + DAY) for key in keys]
    return Groups(label, keys, np.array(ends, np.int64))


def _column(cells: Cells, by: Parts) -> Ints:
    """What each cell is of, as a number."""
    match by:
        case "hotspot":
            return cells.hotspot
        case "window":
            return cells.window
        case "shift":
            return cells.slot
        case "day":
            return cells.day
        case "week":
            return cells.day - (cells.day - 1) % 7
        case "month":
            months = (cells.day - _FIRST_OF_1970).astype("M8[D]").astype("M8[M]")
            return months.astype("M8[D]").astype(np.int64) + _FIRST_OF_1970


def _key(cells: Cells, by: Parts, number: int) -> Key:
    match by:
        case "hotspot":
            return number
        case "window":
            return cells.windows[number]
        case "shift":
            slots = cells.slots
            day = dt.date.fromordinal(int(slots.day[number]))
            return day, cells.windows[int(slots.window[number])]
        case _:
            return dt.date.fromordinal(number)


def _last_day(key: Key, by: Parts, period: Period) -> dt.date:
    """The last operational day that a row can be of."""
    match key, by:
        case dt.date(), "week":
            return key + 6 * DAY
        case dt.date(), "month":
            return (key + 31 * DAY).replace(day=1) - DAY
        case dt.date(), _:
            return key
        case (dt.date() as day, _), _:
            return day
        case _:
            return period.last
