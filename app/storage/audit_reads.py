"""The audit log as people read it: auditors all of it, officers what it says of themselves."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from app.access.audit import Act
from app.access.viewer import Right, Viewer
from app.storage.audit import EVERYBODY
from app.storage.engine import Reader
from app.storage.errors import NotFound
from app.storage.guarding import audit, audit_whose
from app.storage.pages import Page, Slice
from app.storage.schema import assignments, devices, officer_posts, officers, teams

_NAMES: Final = {"officer": officers.c.number, "team": teams.c.name, "device": devices.c.name}


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry as it is read: of whom it is, by their names, and of what kind these are."""

    id: int
    time: dt.datetime
    act: str
    who: str
    role: str
    authority: str
    origin: str
    what: str
    details: Mapping[str, str]
    reason: str | None
    rows: int | None
    officers: Sequence[str]
    teams: Sequence[str]
    devices: Sequence[str]
    everybody: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: from `start` until before `end`, of these acts; None leaves a thing open.

    `officer`, `team` and `device` are names: of entries that name them, or are of everybody.
    `who`, `what` and `reason` are words that stand anywhere in them, in capitals or not.
    """

    start: dt.datetime | None = None
    end: dt.datetime | None = None
    acts: Sequence[Act] | None = None
    who: str | None = None
    what: str | None = None
    reason: str | None = None
    officer: str | None = None
    team: str | None = None
    device: str | None = None


async def page(reader: Reader, viewer: Viewer, wanted: Wanted, part: Slice) -> Page[Logged]:
    """Entries for those who may read the log, the newest first."""
    viewer.require(Right.READ_AUDIT)
    return await _page(reader, [*_conditions(wanted)], part)


async def looks(
    reader: Reader, viewer: Viewer, start: dt.datetime, end: dt.datetime, part: Slice
) -> Page[Logged]:
    """What was done with an officer's own data, the newest first, by what the log says.

    Of entries that name the officer, everybody, the team that they were in at the time, or a device
    that they carried at any time from `start` to `end`. Raises NotFound for whoever is no officer.
    """
    me = viewer.officer_id
    if me is None:
        msg = "there is no officer whose data that would be"
        raise NotFound(msg)
    within = audit.c.time >= start, audit.c.time < end
    return await _page(reader, [*within, _of(_mine(me, start, end))], part)


def _conditions(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.start is not None:
        yield audit.c.time >= wanted.start
    if wanted.end is not None:
        yield audit.c.time < wanted.end
    if wanted.acts is not None:
        yield audit.c.act.in_([act.value for act in wanted.acts])
    for place in ("who", "what", "reason"):
        word = getattr(wanted, place)
        if word is not None:
            yield audit.c[place].icontains(word, autoescape=True)
    for kind, column in _NAMES.items():
        name = getattr(wanted, kind)
        if name is not None:
            ids = sa.select(column.table.c.id).where(column == name)
            named = sa.and_(audit_whose.c.kind == kind, audit_whose.c.ref.in_(ids))
            yield _of(sa.or_(named, audit_whose.c.kind == EVERYBODY))


def _of(whose: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(audit_whose.c.audit_id == audit.c.id, whose)


def _mine(me: int, start: dt.datetime, end: dt.datetime) -> sa.ColumnElement[bool]:
    posted = sa.select(officer_posts.c.team_id).where(
        officer_posts.c.officer_id == me,
        officer_posts.c.known_from <= audit.c.time,
        sa.or_(officer_posts.c.known_to.is_(None), officer_posts.c.known_to > audit.c.time),
    )
    carried = sa.select(assignments.c.device_id).where(
        assignments.c.officer_id == me,
        assignments.c.known_to.is_(None),
        assignments.c.start < end,
        sa.or_(assignments.c.end.is_(None), assignments.c.end > start),
    )
    kind, ref = audit_whose.c.kind, audit_whose.c.ref
    return sa.or_(
        kind == EVERYBODY,
        sa.and_(kind == "officer", ref == me),
        sa.and_(kind == "team", ref.in_(posted.correlate(audit))),
        sa.and_(kind == "device", ref.in_(carried)),
    )


async def _page(
    reader: Reader, conditions: Sequence[sa.ColumnElement[bool]], part: Slice
) -> Page[Logged]:
    query = sa.select(audit).where(*conditions).order_by(audit.c.id.desc())
    if part.after is not None:
        query = query.where(audit.c.id < part.after[0])
    rows = (await reader.execute(query.limit(part.limit + 1))).all()
    more, rows = len(rows) > part.limit, rows[: part.limit]
    whose = await _names(reader, [row.id for row in rows])
    return Page([_logged(row, whose[row.id]) for row in rows], (rows[-1].id,) if more else None)


async def _names(reader: Reader, ids: Sequence[int]) -> dict[int, dict[str, list[str]]]:
    """Of whom entries are, by name and kind; who is not there any more has none."""
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind, column in _NAMES.items():
        query = (
            sa.select(audit_whose.c.audit_id, column)
            .join(column.table, column.table.c.id == audit_whose.c.ref)
            .where(audit_whose.c.audit_id.in_(ids), audit_whose.c.kind == kind)
            .order_by(column)
        )
        for id_, name in await reader.execute(query):
            found[id_][kind].append(name)
    query = sa.select(audit_whose.c.audit_id).where(
        audit_whose.c.audit_id.in_(ids), audit_whose.c.kind == EVERYBODY
    )
    for id_ in await reader.scalars(query):
        found[id_][EVERYBODY].append(EVERYBODY)
    return found


def _logged(row: Any, names: Mapping[str, Sequence[str]]) -> Logged:  # noqa: ANN401 -- a row of the log
    return Logged(
        id=row.id,
        time=row.time,
        act=row.act,
        who=row.who,
        role=row.role,
        authority=row.authority,
        origin=row.origin,
        what=row.what,
        details=json.loads(row.details),
        reason=row.reason,
        rows=row.rows,
        officers=names.get("officer", ()),
        teams=names.get("team", ()),
        devices=names.get("device", ()),
        everybody=EVERYBODY in names,
    )
