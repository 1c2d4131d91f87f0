"""Visits as they are read: by people, who see some, and in columns for the figures of places."""

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from app.access.viewer import Right, Scope, Viewer
from app.compliance.intervals import Intervals, Ints
from app.compliance.visits import VisitColumns
from app.storage import columnar, people
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
    query = _named().where(*conditions(viewer, wanted)).order_by(*order).limit(part.limit + 1)
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


def conditions(viewer: Viewer, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """That a visit is wanted, and at its beginning was of somebody whom the viewer sees."""
    found = [
        _held(wanted.as_at),
        *of_whom(viewer, Right.READ_VISITS, wanted, visits.c.device_id, visits.c.enter),
    ]
    if wanted.hotspot is not None:
        key = sa.select(hotspots.c.id).where(hotspots.c.key == wanted.hotspot)
        found.append(visits.c.hotspot_id == key.scalar_subquery())
    if wanted.open is not None:
        found.append(visits.c.open.is_(wanted.open))
    return found


def of_whom(
    viewer: Viewer,
    right: Right,
    wanted: Wanted,
    device: sa.ColumnElement[int],
    moment: sa.ColumnElement[dt.datetime],
) -> list[sa.ColumnElement[bool]]:
    """That a device and a moment are wanted, and then with somebody of whom the right is."""
    found = []
    if wanted.start is not None:
        found.append(moment >= wanted.start)
    if wanted.end is not None:
        found.append(moment < wanted.end)
    if wanted.device is not None:
        name = sa.select(devices.c.id).where(devices.c.name == wanted.device)
        found.append(device == name.scalar_subquery())
    if viewer.scope_of(right) is not Scope.EVERYBODY or wanted.officer is not None:
        officer = people.seen_by(viewer, right)
        if wanted.officer is not None:
            officer = officer.where(officers.c.number == wanted.officer)
        found.append(carried(device, moment, officer, wanted.as_at))
    return found


def _held(as_at: dt.datetime | None) -> sa.ColumnElement[bool]:
    """The versions of visits that are true now, or that were closed and true at a moment.

    Open visits change in place, so that how one stood at an earlier moment is not kept.
    """
    now = visits.c.known_to.is_(None)
    return now if as_at is None else sa.and_(known_at(visits, as_at), sa.not_(visits.c.open))


_FLAGS = visits.c.enter_seen, visits.c.exit_seen, visits.c.pass_through, visits.c.open
_COLUMNS = (
    visits.c.device_id,
    visits.c.hotspot_id,
    visits.c.enter,
    visits.c.exit,
    visits.c.outer_from,
    visits.c.outer_to,
    *(columnar.number(flag).label(flag.name) for flag in _FLAGS),
    columnar.number(sa.func.length(visits.c.spans)).label("length"),
)


_LONG = dt.timedelta(days=1)
# As the index of long visits has it.
_IS_LONG: dict[str, sa.ColumnElement[bool]] = {
    "sqlite": sa.literal_column("exit - enter > 86400000000"),
    "postgresql": sa.literal_column("exit - enter > interval '1 day'"),
}


def _touching(reader: Reader, start: dt.datetime, end: dt.datetime) -> sa.ColumnElement[bool]:
    """That a visit shares time with a stretch: by indexes, however many there were before."""
    lately = visits.c.enter >= start - _LONG
    long = sa.and_(visits.c.enter < start - _LONG, _IS_LONG[reader.dialect.name])
    return sa.and_(visits.c.enter < end, visits.c.exit > start, sa.or_(lately, long))


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
    chosen = _held(as_at), _touching(reader, start, end)
    query = sa.select(*_COLUMNS).where(*chosen).order_by(visits.c.id)
    found = await columnar.columns(reader, query)
    lengths = found["length"]
    spans = sa.select(visits.c.spans).where(*chosen).order_by(visits.c.id)
    packed = await columnar.joined(reader, spans, lengths)
    return VisitColumns(
        device=found["device_id"],
        hotspot=found["hotspot_id"],
        enter_us=found["enter"],
        exit_us=found["exit"],
        outer_from_us=found["outer_from"],
        outer_to_us=found["outer_to"],
        **{flag.name: found[flag.name].astype(np.bool_) for flag in _FLAGS},
        sure=await asyncio.to_thread(_sure, packed, lengths),
    )


def _sure(packed: bytes, lengths: Ints) -> Intervals:
    spans = unpack(packed)
    row = np.repeat(np.arange(len(lengths)), lengths // SPAN.itemsize)
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
    touching = _touching(reader, start, end)
    if as_at is None:
        conditions = [visits.c.known_to.is_(None), visits.c.open]
    else:
        conditions = [
            visits.c.opened <= as_at,
            sa.or_(visits.c.open, visits.c.known_from > as_at),
            sa.not_(_closed_at(as_at)),
        ]
    # Several later versions of one visit are one visit that was open.
    keys = sa.select(*_KEY).where(touching, *conditions).distinct().subquery()
    return int(await reader.scalar(sa.select(sa.func.count()).select_from(keys)) or 0)


def _closed_at(as_at: dt.datetime) -> sa.ColumnElement[bool]:
    """That some version of a visit was closed and true at a moment."""
    other = visits.alias("other")
    same = (other.c[column.name] == column for column in _KEY)
    return sa.exists().where(*same, known_at(other, as_at), sa.not_(other.c.open))
