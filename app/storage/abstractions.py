"""Abstractions: who was taken off the plan, when and why."""

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from app.access.viewer import Right, Scope, Viewer
from app.compliance.duty import NOBODY, Abstractions
from app.storage import knowledge, people
from app.storage.engine import Reader, Writer
from app.storage.errors import AllRefused, Refused
from app.storage.knowledge import known_at
from app.storage.pages import Page, Slice, by_id
from app.storage.schema import abstractions, officers, teams
from app.storage.types import to_us
from app.storage.words import indexed


@dataclass(frozen=True, slots=True)
class Abstraction:
    """An officer (by number), a team, or, with neither, everybody was taken off the plan.

    From `start` until before `end`, for a reason.
    """

    start: dt.datetime
    end: dt.datetime
    reason: str
    officer: str | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAbstraction(Abstraction):
    """An abstraction that is held true, with its id."""

    id: int


async def create(writer: Writer, given: Sequence[Abstraction], now: dt.datetime) -> list[int]:
    """Stores abstractions and gives their ids; the same again is no change.

    Raises AllRefused, with every fault, where an officer or team is not there, both are named, or
    an end is not after its start: none is stored then.
    """
    officer_ids = await people.officer_ids(writer, {one.officer for one in given if one.officer})
    team_ids = await people.teams_by_name(writer, {one.team for one in given if one.team})
    rows = await asyncio.to_thread(_rows, given, officer_ids, team_ids)
    return await knowledge.hold(writer, abstractions, rows, now)


def _rows(
    given: Sequence[Abstraction], officer_ids: Mapping[str, int], team_ids: Mapping[str, int]
) -> list[dict[str, Any]]:
    faults = [
        (index, fault)
        for index, one in enumerate(given)
        for fault in _faults(one, officer_ids, team_ids)
    ]
    if faults:
        raise AllRefused(faults)
    return [
        {
            "officer_id": None if one.officer is None else officer_ids[one.officer],
            "team_id": None if one.team is None else team_ids[one.team],
            "start": one.start,
            "end": one.end,
            "reason": one.reason,
        }
        for one in given
    ]


def _faults(
    given: Abstraction, officer_ids: Mapping[str, int], team_ids: Mapping[str, int]
) -> Iterator[Refused]:
    if given.officer is not None and given.officer not in officer_ids:
        yield Refused(where="officer", what=f"there is no officer {given.officer!r}")
    if given.team is not None and given.team not in team_ids:
        yield Refused(where="team", what=f"there is no team {given.team!r}")
    if given.officer is not None and given.team is not None:
        yield Refused(where="team", what="name an officer, or a team, or neither: everybody")
    if given.end <= given.start:
        yield Refused(where="end", what="it is not after start")


async def withdraw(writer: Writer, id_: int, now: dt.datetime) -> None:
    """Takes back an abstraction that never was.

    Raises NotFound where none of that id is held true.
    """
    await knowledge.withdraw(writer, abstractions, id_, now, "abstraction")


async def page(
    reader: Reader,
    viewer: Viewer,
    start: dt.datetime | None,
    end: dt.datetime | None,
    part: Slice,
) -> Page[StoredAbstraction]:
    """The abstractions that touch a stretch of time.

    Of the officers and teams that the viewer sees, and those of everybody.
    """
    viewer.require(Right.READ_PEOPLE)
    query = (
        sa.select(
            abstractions.c.id,
            abstractions.c.start,
            abstractions.c.end,
            abstractions.c.reason,
            officers.c.number.label("officer"),
            teams.c.name.label("team"),
        )
        .outerjoin(officers, officers.c.id == abstractions.c.officer_id)
        .outerjoin(teams, teams.c.id == abstractions.c.team_id)
        .where(
            abstractions.c.known_to.is_(None),
            _seen_by(viewer),
            *knowledge.touching(abstractions, start, end),
        )
    )
    return await by_id(reader, query, abstractions.c.id, part, _stored)


def _seen_by(viewer: Viewer) -> sa.ColumnElement[bool]:
    officer, team = abstractions.c.officer_id, abstractions.c.team_id
    everybodys = sa.and_(officer.is_(None), team.is_(None))
    if viewer.scope_of(Right.READ_PEOPLE) is Scope.EVERYBODY:
        return sa.true()
    return sa.or_(
        officer.in_(people.seen_by(viewer, Right.READ_PEOPLE)),
        team.in_(viewer.team_ids),
        everybodys,
    )


def _stored(row: sa.Row[Any]) -> StoredAbstraction:
    return StoredAbstraction(row.start, row.end, row.reason, row.officer, row.team, id=row.id)


async def columns(
    reader: Reader, viewer: Viewer, start: dt.datetime, end: dt.datetime, as_at: dt.datetime
) -> Abstractions:
    """Everybody's abstractions that touch a stretch of time, as known at a moment.

    For figures of places, which name nobody and do not depend on who may ask for them.
    """
    viewer.require(Right.READ_COMPLIANCE)
    query = (
        sa.select(abstractions)
        .where(known_at(abstractions, as_at), *knowledge.touching(abstractions, start, end))
        .order_by(abstractions.c.id)
    )
    rows = (await reader.execute(query)).all()
    reasons, reason = indexed([row.reason for row in rows])
    table = [
        (
            NOBODY if row.officer_id is None else row.officer_id,
            NOBODY if row.team_id is None else row.team_id,
            to_us(row.start),
            to_us(row.end),
        )
        for row in rows
    ]
    officer, team, start_us, end_us = np.array(table, np.int64).reshape(len(rows), 4).T
    return Abstractions(officer, team, start_us, end_us, reason, reasons)
