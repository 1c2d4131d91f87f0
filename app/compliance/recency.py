"""Recency: how long ago the last qualifying patrol of each hot spot ended."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.intervals import Ints, counts, sums
from app.compliance.layout import Layout
from geofence.model import MINUTE_US


@dataclass(frozen=True, slots=True)
class Recency:
    """Minutes since the last qualifying patrol, of the `n` hot spots that had one.

    `none` is how many had none, for which no time can be given.
    """

    mean_minutes: float | None
    longest_minutes: float | None
    n: int
    none: int


def recency(layout: Layout, place: Ints, end_us: Ints, moment_us: Ints) -> Sequence[Recency]:
    """Of each group at its moment; of qualifying patrols' places and ends.

    A patrol that still lasted then ended no time ago.
    """
    never, size = np.iinfo(np.int64).min, len(layout.groups)
    ended = np.full(len(layout.place_group), never)
    np.maximum.at(ended, place, end_us)
    had = ended > never
    group = layout.place_group[had]
    since_us = np.maximum(moment_us[group] - ended[had], 0)
    longest_us = np.zeros(size, np.int64)
    np.maximum.at(longest_us, group, since_us)
    columns = sums(group, since_us, size), longest_us, counts(group, size), layout.places
    return [_recency(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _recency(total_us: int, longest_us: int, had: int, places: int) -> Recency:
    if not had:
        return Recency(None, None, 0, places)
    return Recency(total_us / had / MINUTE_US, longest_us / MINUTE_US, had, places - had)
