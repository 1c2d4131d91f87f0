"""A table that people take away: its columns with their definitions, and its rows in batches."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

import numpy.typing as npt
import polars as pl

from app.compliance.groups import Period
from app.reports.shapes import TIME, Shapes

# Exactly the columns of its table, in their order and of their types; null: unknown.
Batch = pl.DataFrame


class Kind(StrEnum):
    """What the values of a column are."""

    TEXT = auto()
    INTEGER = auto()
    NUMBER = auto()
    FLAG = auto()
    TIME = auto()  # an instant, UTC
    DATE = auto()  # an operational day

    @property
    def dtype(self) -> pl.DataType:
        """How batches hold it."""
        return _DTYPES[self]


_DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.INTEGER: pl.Int64(),
    Kind.NUMBER: pl.Float64(),
    Kind.FLAG: pl.Boolean(),
    Kind.TIME: TIME,
    Kind.DATE: pl.Date(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and its definition: one sentence with the unit."""

    name: str
    kind: Kind
    about: str


@dataclass(frozen=True, slots=True)
class Point:
    """A row is drawn as a point, from its columns `lon` and `lat`."""


@dataclass(frozen=True, slots=True)
class HotspotAt:
    """A row is drawn as its `hotspot` (a key) was at the time, or on the day, that a column has."""

    when: str


@dataclass(frozen=True, slots=True)
class Table:
    """What a table holds; `place` is what a map draws of a row, None: nothing.

    `of_visits`: whether it is made of visits, which may be open, and which the dwell method found.
    """

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    place: Point | HotspotAt | None = None
    of_visits: bool = True

    @property
    def schema(self) -> pl.Schema:
        """The columns of its batches."""
        return pl.Schema({column.name: column.kind.dtype for column in self.columns})


def frame(table: Table, columns: Mapping[str, npt.NDArray[Any] | pl.Series]) -> Batch:
    """A table's batch from columns by name, among which there may be others.

    Times may be microseconds since the Unix epoch, flags 0 and 1; what is no number is unknown.
    """
    chosen = {name: pl.Series(columns[name], nan_to_null=True) for name in table.schema}
    return pl.DataFrame(chosen).cast(table.schema)


@dataclass(frozen=True, slots=True)
class OfPlan:
    """What is asked for of a plan (its key): which operational days, and as known when.

    `as_at` None: as it is known `now`, by open visits too.
    """

    plan: str
    days: Period
    as_at: dt.datetime | None
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Heading:
    """What is known of a table before its rows; `shapes` where hot spots are to be drawn."""

    table: Table
    parameters: Mapping[str, str]
    shapes: Shapes | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """A table with its rows to come, if there are any.

    What is wrong with what was asked is raised before the first batch comes.
    """

    heading: Heading
    batches: AsyncIterator[Batch]
