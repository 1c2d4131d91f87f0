"""Crimes by which hot spots are suggested: stored once each, and read as columns."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.places.checks import Stations
from app.places.crimes import Crimes, Words
from app.storage import bulk, columnar
from app.storage.engine import Reader, Writer
from app.storage.schema import crimes as table
from app.storage.types import from_us

_AT_ONCE: Final = 10_000  # rows of a statement
_STATION_WORDS: Final = ("police station", "custody")
_TEXTS: Final = ("category", "place", "source")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which crimes: that began at `start` or later, before `end`; of these sources, or of all."""

    start: dt.datetime | None = None
    end: dt.datetime | None = None
    sources: Sequence[str] = ()


class Extent(NamedTuple):
    """How many crimes there are, and when the first and the last of them began."""

    crimes: int
    first: dt.datetime | None
    last: dt.datetime | None


async def put(writer: Writer, crimes: Crimes, refs: Sequence[str]) -> int:
    """Stores crimes, each by its source and `refs`, and gives how many were not there already.

    Those that were there stay as they are.
    """
    last = await writer.scalar(sa.select(sa.func.max(table.c.id))) or 0
    for first in range(0, len(refs), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        await bulk.insert_new(writer, table, _rows(crimes.take(part), refs[part]))
    new = sa.select(sa.func.count()).where(table.c.id > last)
    return int(await writer.scalar(new) or 0)


async def read(reader: Reader, viewer: Viewer, asked: Asked) -> Crimes:
    """The crimes that are asked for, by their ids."""
    viewer.require(Right.READ_HOTSPOTS)
    chosen = _chosen(asked)
    # Texts are few and long: their places in order are read for each row, and they themselves once.
    ranks = [
        (sa.func.dense_rank().over(order_by=table.c[name]) - 1).cast(sa.BigInteger).label(name)
        for name in _TEXTS
    ]
    nowhere = sa.literal(math.nan, sa.Double)
    query = (
        sa.select(
            table.c.start,
            table.c.end,
            sa.func.coalesce(table.c.lon, nowhere).label("lon"),
            sa.func.coalesce(table.c.lat, nowhere).label("lat"),
            columnar.number(table.c.snapped).label("snapped"),
            *ranks,
        )
        .where(*chosen)
        .order_by(table.c.id)
    )
    found = await columnar.columns(reader, query)
    words = {
        name: Words(await _values(reader, table.c[name], chosen), found[name]) for name in _TEXTS
    }
    return Crimes(
        start_us=found["start"],
        end_us=found["end"],
        lon=found["lon"],
        lat=found["lat"],
        snapped=found["snapped"].astype(np.bool_),
        **words,
    )


async def sources(reader: Reader, viewer: Viewer) -> tuple[str, ...]:
    """Who recorded the crimes that there are."""
    viewer.require(Right.READ_HOTSPOTS)
    return await _values(reader, table.c.source, [])


async def extent(reader: Reader, viewer: Viewer) -> Extent:
    """How many crimes there are, and from when to when."""
    viewer.require(Right.READ_HOTSPOTS)
    query = sa.select(sa.func.count(), sa.func.min(table.c.start), sa.func.max(table.c.start))
    return Extent(*(await reader.execute(query)).one())


async def last_place(reader: Reader, viewer: Viewer) -> tuple[float, float] | None:
    """Longitude and latitude of the crime with a place that was stored last; None: there is none.

    Tells, at no cost, what ground the crimes are on.
    """
    viewer.require(Right.READ_HOTSPOTS)
    placed = sa.select(table.c.lon, table.c.lat).where(table.c.lon.is_not(None))
    row = (await reader.execute(placed.order_by(table.c.id.desc()).limit(1))).one_or_none()
    return None if row is None else (row.lon, row.lat)


async def stations(reader: Reader, viewer: Viewer) -> Stations:
    """Police stations that the places of crimes tell of: there are crimes that were found there.

    Data.police.uk calls the points near them so.
    """
    viewer.require(Right.READ_HOTSPOTS)
    place = sa.func.lower(table.c.place)
    query = (
        sa.select(table.c.lon, table.c.lat, sa.func.count().label("crimes"))
        .where(table.c.lon.is_not(None))
        .where(sa.or_(*(place.contains(word) for word in _STATION_WORDS)))
        .group_by(table.c.lon, table.c.lat)
        .order_by(table.c.lon, table.c.lat)
    )
    rows = (await reader.execute(query)).all()
    points = np.array([(row.lon, row.lat) for row in rows], np.float64).reshape(-1, 2)
    called = [f"a police station, by the place of {row.crimes} crimes" for row in rows]
    return Stations(points[:, 0], points[:, 1], called)


def _chosen(asked: Asked) -> list[sa.ColumnElement[bool]]:
    conditions = []
    if asked.start is not None:
        conditions.append(table.c.start >= asked.start)
    if asked.end is not None:
        conditions.append(table.c.start < asked.end)
    if asked.sources:
        conditions.append(table.c.source.in_(asked.sources))
    return conditions


async def _values(
    reader: Reader, column: sa.Column[str], chosen: Sequence[sa.ColumnElement[bool]]
) -> tuple[str, ...]:
    query = sa.select(column).where(*chosen).distinct().order_by(column)
    return tuple(await reader.scalars(query))


def _rows(crimes: Crimes, refs: Sequence[str]) -> list[bulk.Row]:
    columns = {
        "ref": refs,
        "start": [from_us(time) for time in crimes.start_us.tolist()],
        "end": [from_us(time) for time in crimes.end_us.tolist()],
        "lon": _or_none(crimes.lon.tolist()),
        "lat": _or_none(crimes.lat.tolist()),
        "snapped": crimes.snapped.tolist(),
        **{name: getattr(crimes, name).texts() for name in _TEXTS},
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _or_none(values: Sequence[float]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values]
