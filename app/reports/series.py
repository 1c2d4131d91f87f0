"""Columns as compliance counts them, as a table has them: with days, names and unknowns."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from app.compliance.cells import CONTROL, REQUIRED, REST
from app.compliance.intervals import Ints
from app.compliance.visits import Bools
from geofence.model import MINUTE_US

Values = npt.NDArray[Any] | pl.Series
_KINDS = {REQUIRED: "required", CONTROL: "control", REST: "rest"}
_EPOCH = dt.date(1970, 1, 1).toordinal()


def minutes(length_us: Ints) -> npt.NDArray[np.float64]:
    """Minutes from microseconds."""
    return length_us / MINUTE_US


def dates(ordinals: Ints) -> pl.Series:
    """Days from proleptic ordinals."""
    return pl.Series((ordinals - _EPOCH).astype(np.int32)).cast(pl.Date)


def words(numbers: Ints, named: Sequence[str]) -> pl.Series:
    """The word that each number (0, 1, ...) stands for; null for negative ones."""
    known = pl.Series(np.maximum(numbers, 0))
    every = pl.Series([*named] or [None], dtype=pl.String)
    return where(numbers >= 0, every.gather(known))


def kinds(column: Ints) -> pl.Series:
    """The kinds of cells in words."""
    return words(column, [_KINDS[number] for number in sorted(_KINDS)])


def places(ids: Ints, hotspots: Mapping[int, tuple[str, str]]) -> tuple[pl.Series, pl.Series]:
    """The keys and the names of hot spots by id."""
    different, row = np.unique(ids, return_inverse=True)
    found = [hotspots[number] for number in different.tolist()]
    return words(row, [key for key, _ in found]), words(row, [name for _, name in found])


def where(known: Bools, values: Values) -> pl.Series:
    """The values that are known, null else."""
    return pl.select(pl.when(pl.Series(known)).then(pl.Series(values))).to_series()
