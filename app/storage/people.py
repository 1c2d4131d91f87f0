"""Teams and officers."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from app.access.viewer import Right, Scope, Viewer
from app.compliance.duty import NOBODY, Officers
from app.compliance.veil import Sight
from app.storage import posts
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound, Refused
from app.storage.knowledge import known_at
from app.storage.pages import Page, Slice, by_id, unique
from app.storage.schema import officer_posts, officers, teams
from app.storage.words import indexed

# A query can name only so many: of more, all are read.
_MOST_NAMED = 1000


@dataclass(frozen=True, slots=True)
class Team:
    """A team of officers."""

    name: str


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer, or a council's warden; `number` is a collar number or the like."""

    number: str
    name: str
    team: str | None = None
    organisation: str = "police"


async def create_team(writer: Writer, team: Team) -> None:
    """Stores a new team. Raises Conflict where the name is taken."""
    with unique(f"there is a team {team.name!r} already"):
        await writer.execute(sa.insert(teams).values(name=team.name))


async def list_teams(reader: Reader, viewer: Viewer, part: Slice) -> Page[Team]:
    """All teams, for whoever reads figures, which are of teams, too."""
    viewer.require(Right.READ_COMPLIANCE)
    return await by_id(reader, sa.select(teams), teams.c.id, part, lambda row: Team(row.name))


async def team_ids(reader: Reader, names: Collection[str], where: str = "team") -> frozenset[int]:
    """The ids of teams by their names. Raises Refused, of that field, for one that is not there."""
    found = await teams_by_name(reader, names)
    for name in names:
        if name not in found:
            raise Refused(where=where, what=f"there is no team {name!r}")
    return frozenset(found[name] for name in names)


async def create_officer(writer: Writer, officer: Officer, now: dt.datetime) -> None:
    """Stores a new officer. Raises Refused for the team, Conflict where the number is taken."""
    values = await _values(writer, officer)
    with unique(f"there is an officer {officer.number!r} already"):
        await writer.execute(sa.insert(officers).values(values))
    await posts.note(writer, now)


async def change_officer(writer: Writer, officer: Officer, now: dt.datetime) -> None:
    """Makes the officer of that number what is given; a new team sees the visits of before, too.

    Figures as at an earlier moment go on to count them where they were. Raises NotFound where
    there is no such officer, Refused for the team.
    """
    changed = await writer.execute(
        sa.update(officers)
        .where(officers.c.number == officer.number)
        .values(await _values(writer, officer))
    )
    if not changed.rowcount:
        msg = f"there is no officer {officer.number!r}"
        raise NotFound(msg)
    await posts.note(writer, now)


async def _values(reader: Reader, officer: Officer) -> dict[str, object]:
    team = None if officer.team is None else await team_ids(reader, [officer.team])
    return {
        "number": officer.number,
        "name": officer.name,
        "team_id": None if team is None else min(team),
        "organisation": officer.organisation,
    }


async def list_officers(reader: Reader, viewer: Viewer, part: Slice) -> Page[Officer]:
    """The officers whom the viewer sees."""
    viewer.require(Right.READ_PEOPLE)
    query = (
        sa.select(
            officers.c.id,
            officers.c.number,
            officers.c.name,
            teams.c.name.label("team"),
            officers.c.organisation,
        )
        .outerjoin(teams)
        .where(officers.c.id.in_(seen_by(viewer, Right.READ_PEOPLE)))
    )
    return await by_id(
        reader,
        query,
        officers.c.id,
        part,
        lambda row: Officer(row.number, row.name, row.team, row.organisation),
    )


async def officer_ids(reader: Reader, numbers: Collection[str]) -> dict[str, int]:
    """The ids of officers by their numbers, without those that are not there."""
    return await _by_name(reader, officers.c.number, officers.c.id, numbers)


async def teams_by_name(reader: Reader, names: Collection[str]) -> dict[str, int]:
    """The ids of teams by their names, without those that are not there."""
    return await _by_name(reader, teams.c.name, teams.c.id, names)


async def _by_name(
    reader: Reader,
    name: sa.ColumnElement[str],
    id_: sa.ColumnElement[int],
    wanted: Collection[str],
) -> dict[str, int]:
    query = sa.select(name, id_)
    if len(wanted) <= _MOST_NAMED:
        query = query.where(name.in_(wanted))
    return {found[0]: found[1] for found in await reader.execute(query)}


async def numbers(reader: Reader, viewer: Viewer) -> dict[str, int]:
    """Every officer's id by number, for whoever keeps the list of them."""
    viewer.require(Right.MANAGE_PEOPLE)
    rows = await reader.execute(sa.select(officers.c.number, officers.c.id))
    return {row.number: row.id for row in rows}


async def officer_id(reader: Reader, number: str) -> int:
    """An officer's id by number. Raises Refused where there is none."""
    found = await reader.scalar(sa.select(officers.c.id).where(officers.c.number == number))
    if found is None:
        raise Refused(where="officer", what=f"there is no officer {number!r}")
    return int(found)


async def team_names(reader: Reader, viewer: Viewer) -> dict[int, str]:
    """Each team's name, by id: a team's figures are of places."""
    viewer.require(Right.READ_COMPLIANCE)
    rows = await reader.execute(sa.select(teams.c.id, teams.c.name))
    return {row.id: row.name for row in rows}


async def seen(reader: Reader, viewer: Viewer) -> dict[int, tuple[str, str]]:
    """Number and name of each officer of whom the viewer sees what they did, by id."""
    if not viewer.permits(Right.READ_TRACKS):
        viewer.require(Right.READ_VISITS)
    return await _called(reader, seen_by(viewer, Right.READ_VISITS))


async def nameable(reader: Reader, viewer: Viewer) -> dict[int, tuple[str, str]]:
    """Of those of whom the viewer sees what they did, the ones whose names stand beside it."""
    viewer.require(Right.READ_COMPLIANCE)
    named = seen_by(viewer, Right.READ_NAMES)
    both = seen_by(viewer, Right.READ_VISITS).where(officers.c.id.in_(named))
    return await _called(reader, both)


async def sight(reader: Reader, viewer: Viewer, least: int) -> Sight:
    """Whom figures may tell of to the viewer, who learns nothing of fewer others than `least`."""
    viewer.require(Right.READ_COMPLIANCE)
    rights = Right.READ_VISITS, Right.READ_NAMES, Right.READ_PEOPLE
    query = sa.select(
        officers.c.id, *(officers.c.id.in_(seen_by(viewer, right)) for right in rights)
    )
    followed, known, rostered = set[int](), set[int](), set[int]()
    for id_, follows, names, rosters in await reader.execute(query):
        followed.update({id_} if follows else ())
        known.update({id_} if follows and names else ())
        rostered.update({id_} if names and (rosters or follows) else ())
    return Sight(followed, known, rostered, least)


async def _called(reader: Reader, whom: sa.Select[tuple[int]]) -> dict[int, tuple[str, str]]:
    query = sa.select(officers.c.id, officers.c.number, officers.c.name)
    rows = await reader.execute(query.where(officers.c.id.in_(whom)))
    return {row.id: (row.number, row.name) for row in rows}


async def columns(reader: Reader, viewer: Viewer, as_at: dt.datetime) -> Officers:
    """All officers with their teams and organisations as known then: for figures of places.

    They name nobody.
    """
    viewer.require(Right.READ_COMPLIANCE)
    query = sa.select(officer_posts).where(known_at(officer_posts, as_at))
    rows = (await reader.execute(query.order_by(officer_posts.c.officer_id))).all()
    organisations, organisation = indexed([row.organisation for row in rows])
    return Officers(
        officer=np.array([row.officer_id for row in rows], np.int64),
        team=np.array([NOBODY if row.team_id is None else row.team_id for row in rows], np.int64),
        organisation=organisation,
        organisations=organisations,
    )


def seen_by(viewer: Viewer, right: Right) -> sa.Select[tuple[int]]:
    """The ids of the officers of whom a viewer has a right: one rule for all reads."""
    query = sa.select(officers.c.id)
    scope = viewer.scope_of(right)
    if scope is Scope.EVERYBODY:
        return query
    theirs = {
        Scope.TEAMS: officers.c.team_id.in_(viewer.team_ids),
        Scope.SELF: officers.c.id == viewer.officer_id,
        Scope.NOBODY: sa.false(),
    }[scope]
    return query.where(sa.or_(theirs, officers.c.id.in_(viewer.broken_for(right))))
