"""Visits as they are read: by people, who see some, and in columns for the figures of places."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from app.access.viewer import Right, Scope, Viewer
from app.compliance.intervals import Intervals, Ints
from app.compliance.visits import VisitColumns
from app.storage import people
from app.storage.carrying import carried
from app.storage.engine import Reader
from app.storage.knowledge import known_at
from app.storage.pages import Page, Slice
from app.storage.schema import devices, hotspots, officers, visits
from app.storage.spans import SPAN, unpack
from app.storage.types import from_us, to_us
from geofence.model import Span


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit, with the names of its device and hot spot; lengths in microseconds."""

    id: int
    device: str
    hotspot: str
    enter: dt.datetime
    exit: dt.datetime
    outer_from: dt.datetime
    outer_to: dt.datetime
    enter_seen: bool
    exit_seen: bool
    inside_us: int
    bridged_us: int
    low_us: int
    fixes: int
    mean_speed_mps: float
    pass_through: bool
    open: bool
    method: int
    known_from: dt.datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which visits: those that began from `start` until before `end`; None leaves a thing open.

    `hotspot` is a key, `device` a name, `officer` the number of who had the device when the visit
    began. `as_at` None: as they are now, open ones too; else those that were closed by then.
    """

    start: dt.datetime | None = None
    end: dt.datetime | None = None
    hotspot: str | None = None
    device: str | None = None
    officer: str | None = None
    open: bool | None = None
    as_at: dt.datetime | None = None


async def page(reader: Reader, viewer: Viewer, wanted: Wanted, part: Slice) -> Page[Visit]:
    """The visits of the devices of those whom the viewer sees, ordered by enter and id."""
    viewer.require(Right.READ_VISITS)
    order = visits.c.enter, visits.c.id
    query = _named().where(*_conditions(viewer, wanted)).order_by(*order).limit(part.limit + 1)
    if part.after is not None:
        enter, after = from_us(part.after[0]), part.after[1]
        same = sa.and_(visits.c.enter == enter, visits.c.id > after)
        query = query.where(sa.or_(visits.c.enter > enter, same))
    found = [Visit(*row) for row in (await reader.execute(query)).all()]
    last = found[part.limit - 1] if len(found) > part.limit else None
    position = None if last is None else (to_us(last.enter), last.id)
    return Page(found[: part.limit], position)


def _named() -> sa.Select[Any]:
    columns = dict(visits.c) | {"device": devices.c.name, "hotspot": hotspots.c.key}
    return (
        sa.select(*(columns[name] for name in Visit.__dataclass_fields__))
        .join(devices, devices.c.id == visits.c.device_id)
        .join(hotspots, hotspots.c.id == visits.c.hotspot_id)
    )


def _conditions(viewer: Viewer, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    conditions = [_held(wanted.as_at)]
    if wanted.start is not None:
        conditions.append(visits.c.enter >= wanted.start)
    if wanted.end is not None:
        conditions.append(visits.c.enter < wanted.end)
    if wanted.hotspot is not None:
        conditions.append(hotspots.c.key == wanted.hotspot)
    if wanted.device is not None:
        conditions.append(devices.c.name == wanted.device)
    if wanted.open is not None:
        conditions.append(visits.c.open.is_(wanted.open))
    if viewer.scope is not Scope.EVERYBODY or wanted.officer is not None:
        conditions.append(_carried(viewer, wanted))
    return conditions


def _carried(viewer: Viewer, wanted: Wanted) -> sa.ColumnElement[bool]:
    """That at its beginning the visit's device was with somebody whom the viewer sees."""
    officer = people.seen_by(viewer)
    if wanted.officer is not None:
        officer = officer.where(officers.c.number == wanted.officer)
    return carried(visits.c.device_id, visits.c.enter, officer, wanted.as_at)


def _held(as_at: dt.datetime | None) -> sa.ColumnElement[bool]:
    """The versions of visits that are true now, or that were closed and true at a moment.

    Open visits change in place, so that how one stood at an earlier moment is not kept.
    """
    now = visits.c.known_to.is_(None)
    return now if as_at is None else sa.and_(known_at(visits, as_at), sa.not_(visits.c.open))


_COLUMNS = (
    visits.c.device_id,
    visits.c.hotspot_id,
    visits.c.enter,
    visits.c.exit,
    visits.c.outer_from,
    visits.c.outer_to,
    visits.c.enter_seen,
    visits.c.exit_seen,
    visits.c.pass_through,
    visits.c.open,
    visits.c.spans,
)


async def columns(
    reader: Reader,
    viewer: Viewer,
    start: dt.datetime,
    end: dt.datetime,
    as_at: dt.datetime | None,
) -> VisitColumns:
    """Everybody's visits that touch a stretch of time: as they are, or were closed at a moment.

    For figures of places, which name nobody and do not depend on who may ask for them.
    """
    viewer.require(Right.READ_COMPLIANCE)
    query = (
        sa.select(*_COLUMNS)
        .where(_held(as_at), visits.c.enter < end, visits.c.exit > start)
        .order_by(visits.c.id)
    )
    rows = (await reader.execute(query)).all()
    column = {c.name: [row[i] for row in rows] for i, c in enumerate(_COLUMNS)}
    return VisitColumns(
        device=np.array(column["device_id"], np.int64),
        hotspot=np.array(column["hotspot_id"], np.int64),
        enter_us=_times(column["enter"]),
        exit_us=_times(column["exit"]),
        outer_from_us=_times(column["outer_from"]),
        outer_to_us=_times(column["outer_to"]),
        enter_seen=np.array(column["enter_seen"], np.bool_),
        exit_seen=np.array(column["exit_seen"], np.bool_),
        pass_through=np.array(column["pass_through"], np.bool_),
        open=np.array(column["open"], np.bool_),
        sure=_sure(column["spans"]),
    )


def _times(column: Sequence[dt.datetime]) -> Ints:
    return np.array([to_us(time) for time in column], np.int64)


def _sure(packed: Sequence[bytes]) -> Intervals:
    counts = [len(spans) // SPAN.itemsize for spans in packed]
    spans = unpack(b"".join(packed))
    row = np.repeat(np.arange(len(packed)), counts)
    sure = spans["kind"] == Span.SURE
    return Intervals(row[sure], spans["start_us"][sure], spans["end_us"][sure])


_KEY = visits.c.device_id, visits.c.first_us, visits.c.hotspot_id


async def open_count(
    reader: Reader,
    viewer: Viewer,
    start: dt.datetime,
    end: dt.datetime,
    as_at: dt.datetime | None,
) -> int:
    """How many visits that touch a stretch of time are open, or were at a moment.

    One was, if it had been opened and no version of it was closed and true at that moment. A closed
    version is known from when it closed; one that is opened again has the same first crossing.
    """
    viewer.require(Right.READ_COMPLIANCE)
    touching = visits.c.enter < end, visits.c.exit > start
    if as_at is None:
        conditions = [visits.c.known_to.is_(None), visits.c.open]
    else:
        conditions = [
            visits.c.opened <= as_at,
            sa.or_(visits.c.open, visits.c.known_from > as_at),
            sa.not_(_closed_at(as_at)),
        ]
    # Several later versions of one visit are one visit that was open.
    keys = sa.select(*_KEY).where(*touching, *conditions).distinct().subquery()
    return int(await reader.scalar(sa.select(sa.func.count()).select_from(keys)) or 0)


def _closed_at(as_at: dt.datetime) -> sa.ColumnElement[bool]:
    """That some version of a visit was closed and true at a moment."""
    other = visits.alias("other")
    same = (other.c[column.name] == column for column in _KEY)
    return sa.exists().where(*same, known_at(other, as_at), sa.not_(other.c.open))
