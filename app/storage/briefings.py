"""Briefings: what officers are to do at a hot spot, and who of them has read it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.access.viewer import Right, Viewer
from app.storage import bulk, people
from app.storage.engine import Reader, Writer
from app.storage.errors import Conflict, NotFound
from app.storage.knowledge import known_at
from app.storage.pages import Page, Slice, by_id, unique
from app.storage.schema import briefing_reads, briefings, hotspots, officers

_CURRENT = briefings.c.known_to.is_(None)


@dataclass(frozen=True, slots=True)
class Words:
    """A task, in a line, and why, and what to know (may be empty)."""

    task: str
    note: str


@dataclass(frozen=True, slots=True)
class Briefing:
    """A hot spot's words with their id, which is another after each change.

    `read` is when the asking officer read them; None: not yet, or it is no officer who asks.
    """

    id: int
    hotspot: str
    words: Words
    since: dt.datetime
    read: dt.datetime | None


async def put(writer: Writer, given: Mapping[int, Words], now: dt.datetime) -> int:
    """Makes the briefings of hot spots (by their ids) what is given, from now on.

    Gives how many changed: the same again is no change, and stays read by those who read it. Raises
    Conflict where somebody else is changing one.
    """
    query = sa.select(briefings).where(_CURRENT, briefings.c.hotspot_id.in_(given))
    held = (await writer.execute(query.with_for_update())).all()
    same = {row.hotspot_id for row in held if Words(row.task, row.note) == given[row.hotspot_id]}
    changed = {hotspot: words for hotspot, words in given.items() if hotspot not in same}
    gone = sa.and_(_CURRENT, briefings.c.hotspot_id.in_(changed))
    await writer.execute(sa.update(briefings).where(gone).values(known_to=now))
    rows = [
        {"hotspot_id": hotspot, "task": words.task, "note": words.note, "known_from": now}
        for hotspot, words in changed.items()
    ]
    with unique("these briefings are being changed by somebody else"):
        await bulk.insert(writer, briefings, rows)
    return len(changed)


async def briefed(reader: Reader) -> frozenset[int]:
    """The hot spots that have a briefing."""
    return frozenset(await reader.scalars(sa.select(briefings.c.hotspot_id).where(_CURRENT)))


async def known(reader: Reader, viewer: Viewer, as_at: dt.datetime) -> dict[int, Words]:
    """What was to be done at each hot spot (id) at a moment."""
    viewer.require(Right.READ_COMPLIANCE)
    query = sa.select(briefings.c.hotspot_id, briefings.c.task, briefings.c.note)
    rows = await reader.execute(query.where(known_at(briefings, as_at)))
    return {row.hotspot_id: Words(row.task, row.note) for row in rows}


async def withdraw(writer: Writer, hotspot: int, now: dt.datetime) -> None:
    """Ends the briefing of a hot spot. Raises NotFound where it has none."""
    held = sa.and_(_CURRENT, briefings.c.hotspot_id == hotspot)
    ended = await writer.execute(sa.update(briefings).where(held).values(known_to=now))
    if not ended.rowcount:
        raise _none()


def _none() -> NotFound:
    return NotFound("this hot spot has no briefing")


async def page(reader: Reader, viewer: Viewer, part: Slice) -> Page[Briefing]:
    """The briefings as they now are."""
    viewer.require(Right.READ_COMPLIANCE)
    return await by_id(reader, _asked_by(viewer), briefings.c.id, part, _briefing)


async def one(reader: Reader, viewer: Viewer, hotspot: int) -> Briefing:
    """The briefing of a hot spot as it now is. Raises NotFound where it has none."""
    viewer.require(Right.READ_COMPLIANCE)
    query = _asked_by(viewer).where(briefings.c.hotspot_id == hotspot)
    row = (await reader.execute(query)).one_or_none()
    if row is None:
        raise _none()
    return _briefing(row)


def _asked_by(viewer: Viewer) -> sa.Select[Any]:
    mine = sa.and_(
        briefing_reads.c.briefing_id == briefings.c.id,
        briefing_reads.c.officer_id == viewer.officer_id,
    )
    return (
        sa.select(briefings, hotspots.c.key, briefing_reads.c.read)
        .join(hotspots)
        .outerjoin(briefing_reads, mine)
        .where(_CURRENT)
    )


def _briefing(row: sa.Row[Any]) -> Briefing:
    return Briefing(row.id, row.key, Words(row.task, row.note), row.known_from, row.read)


async def read(
    writer: Writer, viewer: Viewer, hotspot: int, version: int | None, now: dt.datetime
) -> None:
    """Notes that the asking officer has read the briefing of a hot spot; the first time counts.

    `version` is the id of what was read; None: what there now is. Raises NotFound where the hot
    spot has no briefing, Conflict where it is another by now.
    """
    viewer.require(Right.ANSWER)
    current = (await one(writer, viewer, hotspot)).id
    if version not in {None, current}:
        msg = "this briefing has been changed: read it again"
        raise Conflict(msg)
    insert = sqlite.insert if writer.dialect.name == "sqlite" else postgresql.insert
    values = {"briefing_id": current, "officer_id": viewer.officer_id, "read": now}
    await writer.execute(insert(briefing_reads).values(values).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class ReadBy:
    """An officer, and when they read a briefing (None: not yet)."""

    number: str
    name: str
    read: dt.datetime | None


async def readers(reader: Reader, viewer: Viewer, hotspot: int, part: Slice) -> Page[ReadBy]:
    """Those whom the viewer sees, and when each read the briefing of a hot spot as it now is.

    Raises NotFound where it has none.
    """
    viewer.require(Right.READ_PEOPLE)
    current = (await one(reader, viewer, hotspot)).id
    theirs = sa.and_(
        briefing_reads.c.officer_id == officers.c.id, briefing_reads.c.briefing_id == current
    )
    query = (
        sa.select(officers.c.id, officers.c.number, officers.c.name, briefing_reads.c.read)
        .outerjoin(briefing_reads, theirs)
        .where(officers.c.id.in_(people.seen_by(viewer, Right.READ_PEOPLE)))
    )
    return await by_id(
        reader, query, officers.c.id, part, lambda row: ReadBy(row.number, row.name, row.read)
    )
