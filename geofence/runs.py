"""Runs of equal values in columns, and rows repeated a number of times."""

from typing import TypeVar

import numpy as np

from geofence.model import Bools, Floats, Ints

Moment = TypeVar("Moment", Ints, Floats)


def begins(*columns: Ints | Bools | Floats) -> Bools:
    """Say where a run of rows that are equal in all `columns` begins; shapes [n] -> [n]."""
    first = np.ones(len(columns[0]), np.bool_)
    first[1:] = False
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return first


def ends(*columns: Ints | Bools | Floats) -> Bools:
    """Say where a run of rows that are equal in all `columns` ends; shapes [n] -> [n]."""
    last = np.ones(len(columns[0]), np.bool_)
    last[:-1] = begins(*columns)[1:]
    return last


def among(values: Ints, rising: Ints) -> Bools:
    """Say which `values` are in `rising`, which is in order; shapes [n], [m] -> [n]."""
    if not len(rising):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(rising, values), len(rising) - 1)
    found: Bools = rising[at] == values
    return found


def expand(counts: Ints) -> tuple[Ints, Ints]:
    """Return row i `counts[i]` times: which row each one is of, and how many of it came before."""
    which = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return which, np.arange(len(which)) - starts[which]


def unite(of: Ints, start: Moment, end: Moment) -> tuple[Ints, Moment, Moment]:
    """Return stretches (whose, start, end), in order, with touching ones of one owner made one."""
    touching = ~begins(of)
    touching[1:] &= start[1:] == end[:-1]
    last = np.ones(len(of), np.bool_)
    last[:-1] = ~touching[1:]
    return of[~touching], start[~touching], end[last]
