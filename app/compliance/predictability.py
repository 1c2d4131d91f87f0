"""Predictability: the share of arrivals within 15 minutes of a hot spot's modal time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.compliance.calendar import Calendar
from app.compliance.intervals import Ints, counts, sums
from app.compliance.layout import Layout
from geofence.model import DAY_US, MINUTE_US

NEAR_US: Final = 15 * MINUTE_US
# No zone's clocks are changed but at a whole quarter of an hour.
_QUARTER_US: Final = 15 * MINUTE_US
_TICK: Final = dt.timedelta(microseconds=1)
_NEVER: Final = -1


@dataclass(frozen=True, slots=True)
class Predictability:
    """The share of `n` arrivals that came within 15 minutes of their hot spot's modal time.

    `modal_time` (local, hours and minutes) where they all are of one hot spot.
    """

    value: float | None
    n: int
    modal_time: str | None


def clock_us(time_us: Ints, calendar: Calendar) -> Ints:
    """What local clocks show at moments: microseconds since the operational day's time of start."""
    quarters, which = np.unique(time_us // _QUARTER_US, return_inverse=True)
    zone = calendar.zone
    offsets = [
        (dt.datetime.fromtimestamp(quarter * _QUARTER_US / 1e6, zone).utcoffset() or dt.timedelta())
        // _TICK
        for quarter in quarters.tolist()
    ]
    return (time_us + np.array(offsets, np.int64)[which] - _dawn_us(calendar)) % DAY_US


def predictability(
    layout: Layout, place: Ints, clock: Ints, calendar: Calendar
) -> Sequence[Predictability]:
    """Of each group; of arrivals' places, and what the clocks showed (`clock_us`).

    The modal time of a place is that of the arrival which has the most, itself among them, at most
    15 minutes from it by the clock; of several the earliest of the operational day.
    """
    size = len(layout.groups)
    order = np.argsort(place * DAY_US + clock)
    place, clock = place[order], clock[order]
    near = _near(place, clock)
    # Stable, so that of equally many the earliest stays first.
    best = np.lexsort((-near, place))
    found, first = np.unique(place[best], return_index=True)
    group = layout.place_group[found]
    modal_us = np.full(size, _NEVER)
    modal_us[group] = (clock[best][first] + _dawn_us(calendar)) % DAY_US
    modal_us[counts(group, size) != 1] = _NEVER
    number = counts(layout.place_group[place], size)
    columns = sums(group, near[best][first], size), number, modal_us
    return [_told(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _near(place: Ints, clock: Ints) -> Ints:
    """How many arrivals at its place each has within 15 minutes; ordered by place and clock."""
    # Of three days in a row, the middle one has all its neighbours.
    day = np.arange(3)[:, None] * DAY_US
    keys = np.sort((place * 3 * DAY_US + day + clock).ravel())
    middle = place * 3 * DAY_US + DAY_US + clock
    last = np.searchsorted(keys, middle + NEAR_US, side="right")
    return last - np.searchsorted(keys, middle - NEAR_US, side="left")


def _dawn_us(calendar: Calendar) -> int:
    dawn = calendar.day_start
    return dt.timedelta(hours=dawn.hour, minutes=dawn.minute, seconds=dawn.second) // _TICK


def _told(near: int, number: int, modal_us: int) -> Predictability:
    hours, minutes = divmod(modal_us // MINUTE_US, 60)
    return Predictability(
        near / number if number else None,
        number,
        None if modal_us == _NEVER else f"{hours:02}:{minutes:02}",
    )
