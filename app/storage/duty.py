"""Duty times: when officers were on duty, so that what was observed of it has a denominator."""

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.compliance.duty import DutyTimes, overlong
from app.storage import columnar, knowledge, people
from app.storage.engine import Reader, Writer
from app.storage.errors import AllRefused, Refused
from app.storage.knowledge import known_at
from app.storage.pages import Page, Slice, by_id
from app.storage.schema import duty_times, officers
from app.storage.types import to_us


@dataclass(frozen=True, slots=True)
class DutyTime:
    """An officer (by number) was on duty from `start` until before `end`."""

    officer: str
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True, slots=True)
class StoredDutyTime(DutyTime):
    """A duty time that is held true, with its id."""

    id: int


async def create(writer: Writer, given: Sequence[DutyTime], now: dt.datetime) -> list[int]:
    """Stores duty times, which may overlap, and gives their ids; the same again is no change.

    Raises AllRefused, with every fault, where an officer is not there, an end not after its start
    or more than a week after it: none is stored then.
    """
    ids = await people.officer_ids(writer, {one.officer for one in given})
    return await knowledge.hold(writer, duty_times, await asyncio.to_thread(_rows, given, ids), now)


def _rows(given: Sequence[DutyTime], ids: Mapping[str, int]) -> list[dict[str, Any]]:
    faults = [(index, fault) for index, one in enumerate(given) for fault in _faults(one, ids)]
    if faults:
        raise AllRefused(faults)
    return [{"officer_id": ids[one.officer], "start": one.start, "end": one.end} for one in given]


def _faults(given: DutyTime, ids: Mapping[str, int]) -> Iterator[Refused]:
    if given.officer not in ids:
        yield Refused(where="officer", what=f"there is no officer {given.officer!r}")
    if given.end <= given.start:
        yield Refused(where="end", what="it is not after start")
    if (what := overlong(to_us(given.end) - to_us(given.start))) is not None:
        yield Refused(where="end", what=what)


async def withdraw(writer: Writer, id_: int, now: dt.datetime) -> None:
    """Takes back a duty time that never was. Raises NotFound where none of that id is held true."""
    await knowledge.withdraw(writer, duty_times, id_, now, "duty time")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which duty times: of an officer, by number, and those that touch a stretch; None: any."""

    officer: str | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None


async def page(reader: Reader, viewer: Viewer, wanted: Wanted, part: Slice) -> Page[StoredDutyTime]:
    """The duty times of the officers whom the viewer sees."""
    viewer.require(Right.READ_PEOPLE)
    query = (
        sa.select(
            duty_times.c.id,
            officers.c.number.label("officer"),
            duty_times.c.start,
            duty_times.c.end,
        )
        .join(officers)
        .where(
            duty_times.c.known_to.is_(None),
            duty_times.c.officer_id.in_(people.seen_by(viewer, Right.READ_PEOPLE)),
            *knowledge.touching(duty_times, wanted.start, wanted.end),
        )
    )
    if wanted.officer is not None:
        query = query.where(officers.c.number == wanted.officer)
    return await by_id(reader, query, duty_times.c.id, part, _stored)


def _stored(row: sa.Row[Any]) -> StoredDutyTime:
    return StoredDutyTime(row.officer, row.start, row.end, row.id)


async def columns(
    reader: Reader, viewer: Viewer, start: dt.datetime, end: dt.datetime, as_at: dt.datetime
) -> DutyTimes:
    """Everybody's duty times that touch a stretch of time, as known at a moment.

    For figures of places, which name nobody and do not depend on who may ask for them.
    """
    viewer.require(Right.READ_COMPLIANCE)
    query = sa.select(duty_times.c.officer_id, duty_times.c.start, duty_times.c.end).where(
        known_at(duty_times, as_at), *knowledge.touching(duty_times, start, end)
    )
    found = await columnar.columns(reader, query.order_by(duty_times.c.id))
    return DutyTimes(found["officer_id"], found["start"], found["end"])
