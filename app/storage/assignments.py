"""Assignments: who carried which device, from when to when."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.compliance.cells import NEVER_US
from app.compliance.visits import Assignments
from app.storage import columnar, people
from app.storage import devices as device_storage
from app.storage.engine import Reader, Writer
from app.storage.errors import Conflict, NotFound
from app.storage.knowledge import known_at
from app.storage.pages import Page, Slice, by_id
from app.storage.schema import assignments, devices, officers
from app.storage.types import to_us

# Stands in a column for "until further notice".
_UNENDED = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One officer (by number) had one device (by name) from `start` until `end` (None: has it)."""

    device: str
    officer: str
    start: dt.datetime
    end: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredAssignment(Assignment):
    """An assignment that is held true, with its id."""

    id: int = 0


async def create(writer: Writer, given: Assignment, now: dt.datetime) -> int:
    """Stores an assignment; gives its id.

    Raises NotFound for the device, Refused for the officer, Conflict if somebody else has the
    device for any of that time.
    """
    device = await device_storage.device_id(writer, given.device)
    officer = await people.officer_id(writer, given.officer)
    await _lock(writer, device)
    return await _insert(writer, device, officer, given, now)


async def change(
    writer: Writer, id_: int, start: dt.datetime, end: dt.datetime | None, now: dt.datetime
) -> StoredAssignment:
    """Corrects or ends an assignment; what was believed until now is kept, under the old id.

    The same again is no change. Raises NotFound where none of that id is held true, Conflict if
    somebody else has the device for any of that time.
    """
    old, device, officer = await _held(writer, id_)
    if (old.start, old.end) == (start, end):
        return old
    await _supersede(writer, id_, now)
    new = replace(old, start=start, end=end)
    return replace(new, id=await _insert(writer, device, officer, new, now))


async def withdraw(writer: Writer, id_: int, now: dt.datetime) -> None:
    """Takes back an assignment that never was; what was believed until now is kept.

    Raises NotFound where none of that id is held true.
    """
    await _held(writer, id_)
    await _supersede(writer, id_, now)


async def _held(writer: Writer, id_: int) -> tuple[StoredAssignment, int, int]:
    """An assignment held true, with the ids of its device, which is locked, and its officer."""
    device = await writer.scalar(sa.select(assignments.c.device_id).where(assignments.c.id == id_))
    if device is not None:
        await _lock(writer, device)
    query = _named().add_columns(assignments.c.officer_id).where(assignments.c.id == id_)
    row = (await writer.execute(query)).one_or_none()
    if row is None or device is None:
        msg = f"there is no assignment {id_}"
        raise NotFound(msg)
    return _stored(row), device, row.officer_id


async def _lock(writer: Writer, device: int) -> None:
    # Two changes to the assignments of one device at once would not see each other. What else is
    # written of the device need not wait for them.
    locked = sa.select(devices.c.id).where(devices.c.id == device)
    await writer.execute(locked.with_for_update(key_share=True))


async def _supersede(writer: Writer, id_: int, now: dt.datetime) -> None:
    await writer.execute(sa.update(assignments).where(assignments.c.id == id_).values(known_to=now))


async def _insert(
    writer: Writer, device: int, officer: int, given: Assignment, now: dt.datetime
) -> int:
    await _refuse_overlap(writer, device, given)
    made = await writer.scalar(
        sa.insert(assignments)
        .values(
            device_id=device, officer_id=officer, start=given.start, end=given.end, known_from=now
        )
        .returning(assignments.c.id)
    )
    return int(made or 0)


async def _refuse_overlap(writer: Writer, device: int, given: Assignment) -> None:
    query = _named().where(
        assignments.c.device_id == device,
        sa.or_(assignments.c.end.is_(None), assignments.c.end > given.start),
    )
    if given.end is not None:
        query = query.where(assignments.c.start < given.end)
    other = (await writer.execute(query.order_by(assignments.c.start).limit(1))).one_or_none()
    if other is not None:
        until = "on" if other.end is None else f"to {_shown(other.end)}"
        msg = (
            f"device {given.device!r} is with officer {other.officer!r}"
            f" from {_shown(other.start)} {until}"
        )
        raise Conflict(msg, where="start")


def _shown(time: dt.datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


async def page(
    reader: Reader, viewer: Viewer, part: Slice, device: str | None, officer: str | None
) -> Page[StoredAssignment]:
    """The assignments of the officers whom the viewer sees; of one device or officer, if given."""
    viewer.require(Right.READ_PEOPLE)
    query = _named().where(assignments.c.officer_id.in_(people.seen_by(viewer, Right.READ_PEOPLE)))
    if device is not None:
        query = query.where(devices.c.name == device)
    if officer is not None:
        query = query.where(officers.c.number == officer)
    return await by_id(reader, query, assignments.c.id, part, _stored)


def _stored(row: sa.Row[Any]) -> StoredAssignment:
    return StoredAssignment(row.device, row.officer, row.start, row.end, row.id)


def _named() -> sa.Select[tuple[int, str, str, dt.datetime, dt.datetime | None]]:
    return (
        sa.select(
            assignments.c.id,
            devices.c.name.label("device"),
            officers.c.number.label("officer"),
            assignments.c.start,
            assignments.c.end,
        )
        .join(devices, devices.c.id == assignments.c.device_id)
        .join(officers, officers.c.id == assignments.c.officer_id)
        .where(assignments.c.known_to.is_(None))
    )


async def columns(
    reader: Reader, viewer: Viewer, start: dt.datetime, end: dt.datetime, as_at: dt.datetime
) -> Assignments:
    """Everybody's assignments that touch a stretch of time, as known at a moment.

    For figures of places, which name nobody and do not depend on who may ask for them.
    """
    viewer.require(Right.READ_COMPLIANCE)
    end_type = assignments.c.end.type
    until = sa.func.coalesce(assignments.c.end, sa.literal(_UNENDED, end_type), type_=end_type)
    query = sa.select(
        assignments.c.device_id,
        assignments.c.officer_id,
        assignments.c.start,
        until.label("until"),
    ).where(
        known_at(assignments, as_at),
        assignments.c.start < end,
        sa.or_(assignments.c.end.is_(None), assignments.c.end > start),
    )
    found = await columnar.columns(reader, query.order_by(assignments.c.id))
    until_us = found["until"]
    until_us[until_us == to_us(_UNENDED)] = NEVER_US
    return Assignments(found["device_id"], found["officer_id"], found["start"], until_us)
