"""Answers: what an officer says of a cell, beside its figure."""

import datetime as dt
from dataclasses import KW_ONLY, dataclass
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.compliance.duty import Answers
from app.storage import people
from app.storage.carrying import Carrier
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound
from app.storage.knowledge import known_at
from app.storage.pages import Page, Slice, by_id
from app.storage.schema import answers, hotspots, officers
from app.storage.words import indexed

COULD_NOT_ATTEND: Final = "could_not_attend"


@dataclass(frozen=True, slots=True)
class _Said:
    plan: str
    hotspot: str
    day: dt.date
    window: str
    _: KW_ONLY
    answer: str = COULD_NOT_ATTEND


@dataclass(frozen=True, slots=True)
class Answer(_Said):
    """Of a plan's hot spot (their keys), on an operational day, in the window of that name."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer(_Said):
    """An answer that stands, with its id.

    `officer` is None where the viewer sees neither who they are nor what they did; `reason` where
    they do not see who they are.
    """

    id: int
    answered: dt.datetime
    officer: Carrier | None
    reason: str | None


async def put(writer: Writer, viewer: Viewer, given: Answer, hotspot: int, now: dt.datetime) -> int:
    """Makes what the asking officer says of a cell what is given, from now on; gives its id.

    `hotspot` is the id of the one that is named. The same again is no change.
    """
    viewer.require(Right.ANSWER)
    # One officer's answers come in turn, so that of a cell there is one.
    mine = officers.c.id == viewer.officer_id
    await writer.execute(sa.select(officers.c.id).where(mine).with_for_update(key_share=True))
    cell = {
        "plan": given.plan,
        "hotspot_id": hotspot,
        "day": given.day,
        "window": given.window,
        "officer_id": viewer.officer_id,
    }
    held = sa.and_(
        answers.c.known_to.is_(None), *(answers.c[name] == value for name, value in cell.items())
    )
    words = {"answer": given.answer, "reason": given.reason}
    row = (await writer.execute(sa.select(answers).where(held))).one_or_none()
    if row is not None and (row.answer, row.reason) == (given.answer, given.reason):
        return int(row.id)
    await writer.execute(sa.update(answers).where(held).values(known_to=now))
    made = await writer.scalar(
        sa.insert(answers).values(**cell, **words, known_from=now).returning(answers.c.id)
    )
    return int(made or 0)


async def withdraw(writer: Writer, viewer: Viewer, id_: int, now: dt.datetime) -> None:
    """Takes back an answer of the asking officer's own.

    Raises NotFound where none of theirs with that id stands.
    """
    viewer.require(Right.ANSWER)
    mine = sa.and_(
        answers.c.id == id_,
        answers.c.officer_id == viewer.officer_id,
        answers.c.known_to.is_(None),
    )
    taken = await writer.execute(sa.update(answers).where(mine).values(known_to=now))
    if not taken.rowcount:
        msg = f"there is no answer {id_} of yours"
        raise NotFound(msg)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which answers: of a plan, by key, and of operational days, both included; None: any."""

    plan: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None


async def page(reader: Reader, viewer: Viewer, wanted: Wanted, part: Slice) -> Page[StoredAnswer]:
    """What was answered, by whomever; who and why, as far as the viewer sees them."""
    viewer.require(Right.READ_COMPLIANCE)
    query = _named(viewer).where(*_conditions(wanted))
    return await by_id(reader, query, answers.c.id, part, _stored)


async def one(reader: Reader, viewer: Viewer, id_: int) -> StoredAnswer:
    """The answer of that id, which stands; who and why, as far as the viewer sees them."""
    viewer.require(Right.READ_COMPLIANCE)
    query = _named(viewer).where(answers.c.id == id_)
    return _stored((await reader.execute(query)).one())


def _named(viewer: Viewer) -> sa.Select[Any]:
    named = officers.c.id.in_(people.seen_by(viewer, Right.READ_NAMES))
    followed = officers.c.id.in_(people.seen_by(viewer, Right.READ_VISITS))
    a = answers.c
    return (
        sa.select(
            *(a.id, a.plan, hotspots.c.key, a.day, a.window, a.answer, a.known_from),
            *(a.officer_id, officers.c.number, officers.c.team_id),
            sa.or_(named, followed).label("seen"),
            # In their own words, by which they might be known.
            sa.case((named, a.reason)).label("reason"),
        )
        .select_from(answers)
        .join(hotspots)
        .join(officers)
        .where(a.known_to.is_(None))
    )


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    conditions = []
    if wanted.plan is not None:
        conditions.append(answers.c.plan == wanted.plan)
    if wanted.first is not None:
        conditions.append(answers.c.day >= wanted.first)
    if wanted.last is not None:
        conditions.append(answers.c.day <= wanted.last)
    return conditions


def _stored(row: sa.Row[Any]) -> StoredAnswer:
    return StoredAnswer(
        plan=row.plan,
        hotspot=row.key,
        day=row.day,
        window=row.window,
        reason=row.reason,
        answer=row.answer,
        id=row.id,
        answered=row.known_from,
        officer=Carrier(row.officer_id, row.number, row.team_id) if row.seen else None,
    )


async def columns(
    reader: Reader,
    viewer: Viewer,
    plan: str,
    first: dt.date,
    last: dt.date,
    *,
    as_at: dt.datetime,
) -> Answers:
    """The cells of a plan, of operational days `first` to `last`, that were answered for.

    Whoever answered, as known at a moment; for figures of places, which name nobody.
    """
    viewer.require(Right.READ_COMPLIANCE)
    query = (
        sa.select(answers.c.hotspot_id, answers.c.day, answers.c.window)
        .where(known_at(answers, as_at), *_conditions(Wanted(plan, first, last)))
        .order_by(answers.c.id)
    )
    rows = (await reader.execute(query)).all()
    windows, window = indexed([row.window for row in rows])
    return Answers(
        hotspot=np.array([row.hotspot_id for row in rows], np.int64),
        day=np.array([row.day.toordinal() for row in rows], np.int64),
        window=window,
        windows=windows,
    )
