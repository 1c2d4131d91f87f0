"""The months that crimes are of, and whether all who recorded them cover the same ones."""

import datetime as dt
from typing import Final

import numpy as np

from app.compliance.calendar import Calendar
from app.places.crimes import Crimes
from geofence.model import Ints

_MOST_SHOWN: Final = 5


def month_after(month: dt.date) -> dt.date:
    """The first day of the next month."""
    return (month.replace(day=1) + dt.timedelta(days=31)).replace(day=1)


def months(crimes: Crimes, calendar: Calendar) -> tuple[Ints, list[dt.date]]:
    """The local month that the middle of each crime is in, [n], as its place in a list.

    The list is of the first days of the months in which there are any, in order.
    """
    if not len(crimes):
        return np.empty(0, np.int64), []
    middle = (crimes.start_us + crimes.end_us) // 2
    first, last = _month_of(int(middle.min()), calendar), _month_of(int(middle.max()), calendar)
    days = [first]
    while days[-1] < last:
        days.append(month_after(days[-1]))
    starts = np.array([calendar.at(day, dt.time()) for day in days], np.int64)
    found, which = np.unique(np.searchsorted(starts, middle, "right") - 1, return_inverse=True)
    return which.astype(np.int64), [days[number] for number in found.tolist()]


def uneven(crimes: Crimes, calendar: Calendar) -> str | None:
    """A sentence where those who recorded the crimes cover different months; else None."""
    month, days = months(crimes, calendar)
    pairs = np.unique(np.column_stack([crimes.source.code, month]), axis=0)
    covered = {
        crimes.source.values[code]: pairs[pairs[:, 0] == code, 1].tolist()
        for code in np.unique(pairs[:, 0]).tolist()
    }
    if len({tuple(of_source) for of_source in covered.values()}) < 2:  # noqa: PLR2004 -- alike
        return None
    told = [
        f"{source} {_counted(len(of_source))}, {days[of_source[0]]:%Y-%m}"
        f" to {days[of_source[-1]]:%Y-%m}"
        for source, of_source in covered.items()
    ]
    more = f"; and {len(told) - _MOST_SHOWN} more" if len(told) > _MOST_SHOWN else ""
    return (
        f"Sources cover different months ({'; '.join(told[:_MOST_SHOWN])}{more}): the ranking, and"
        " what is said of it, leans to those with more. Ask for one at a time (--source), or for"
        " months that all have."
    )


def _counted(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"


def _month_of(time_us: int, calendar: Calendar) -> dt.date:
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    moment = epoch + dt.timedelta(microseconds=time_us)
    return moment.astimezone(calendar.zone).date().replace(day=1)
