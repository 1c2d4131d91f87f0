"""Which crimes count, and how much each: by category, hour of day and severity."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from app.compliance.calendar import Calendar
from app.places.crimes import Crimes
from app.places.ranking import DIGITS
from geofence.model import HOUR_US, Bools, Floats, Ints

KNOWN_TO_US: Final = 6 * HOUR_US
"""A crime that may have been at any time of a longer span has no hour of day."""
_TICK: Final = dt.timedelta(microseconds=1)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY_HOURS: Final = 24


class NoChoice(ValueError):
    """What was asked for picks nothing, or cannot be told: its text says why."""


def of_categories(crimes: Crimes, wanted: Sequence[str]) -> Bools:
    """Which crimes, [n], are of a category called so, or with that in its name; case is nothing.

    Raises NoChoice for a name that is in none.
    """
    values = [value.casefold() for value in crimes.category.values]
    chosen = np.zeros(len(values), np.bool_)
    for name in wanted:
        same = [value == name.casefold() for value in values]
        if not any(same):
            same = [name.casefold() in value for value in values]
        if not any(same):
            msg = f"no crime is of a category {name!r}; there are: {listed(crimes)}"
            raise NoChoice(msg)
        chosen |= np.array(same)
    return chosen[crimes.category.code]


def listed(crimes: Crimes) -> str:
    """The categories that there are, the one with most crimes first, with how many."""
    counts = np.bincount(crimes.category.code, minlength=len(crimes.category.values))
    order = np.argsort(-counts, kind="stable")
    return ", ".join(f"{crimes.category.values[i]} ({counts[i]})" for i in order if counts[i])


def in_hours(crimes: Crimes, hours: tuple[int, int], calendar: Calendar) -> tuple[Bools, int]:
    """Which crimes, [n], were in these hours of the local day, and of how many nobody knows.

    `hours` are the first, and the one at which it ends: (22, 4) is the night. The middle of a
    crime's span decides; those known to no better than `KNOWN_TO_US` are not counted. Raises
    NoChoice where that is all of them.
    """
    known = crimes.end_us - crimes.start_us <= KNOWN_TO_US
    if not known.any():
        msg = (
            "hours of day cannot be told: none of these crimes is known to within"
            f" {KNOWN_TO_US // HOUR_US} hours (data.police.uk gives months)"
        )
        raise NoChoice(msg)
    hour = _hours((crimes.start_us + crimes.end_us) // 2, calendar)
    first, end = hours
    within = (hour - first) % _DAY_HOURS < ((end - first) % _DAY_HOURS or _DAY_HOURS)
    return within & known, int((~known).sum())


def _hours(time_us: Ints, calendar: Calendar) -> Ints:
    """The hour of the local day that each moment is in, [n]."""
    # Clocks are changed at whole hours of UTC, if at all.
    hours, which = np.unique(time_us // HOUR_US, return_inverse=True)
    offsets = [
        (_EPOCH + hour * HOUR_US * _TICK).astimezone(calendar.zone).utcoffset() or dt.timedelta()
        for hour in hours.tolist()
    ]
    offset_us = np.array([offset // _TICK for offset in offsets], np.int64)[which]
    return (time_us + offset_us) // HOUR_US % _DAY_HOURS


def unheard(crimes: Crimes, weights: Mapping[str, float]) -> list[str]:
    """The categories with a weight that no crime is of, in order; case is nothing."""
    there = {crimes.category.values[code].casefold() for code in np.unique(crimes.category.code)}
    return sorted(name for name in weights if name.casefold() not in there)


def weighed(
    crimes: Crimes, weights: Mapping[str, float] | None, otherwise: float | None = None
) -> Floats:
    """What each crime counts, [n]: 1 without weights, else its category's, else `otherwise`.

    Raises NoChoice, which lists them, where categories have no weight and `otherwise` is None.
    """
    if weights is None:
        return np.ones(len(crimes))
    known = {name.casefold(): weight for name, weight in weights.items()}
    values = [known.get(value.casefold(), otherwise) for value in crimes.category.values]
    lacking = np.array([value is None for value in values], np.bool_)[crimes.category.code]
    if lacking.any():
        msg = f"these categories have no weight: {listed(crimes.take(lacking))}"
        raise NoChoice(msg)
    # No finer than sums are told apart: less is nothing.
    each = np.round([0.0 if value is None else value for value in values], DIGITS)
    return each[crimes.category.code]
