"""Accounts of people who sign in: made when they first do, and what an administrator has set."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.access.claims import Claimed
from app.access.viewer import Right, Role, Viewer
from app.storage import bulk, people, sessions
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound
from app.storage.guarding import account_teams, accounts
from app.storage.pages import Page, Slice, by_id
from app.storage.schema import officers, teams
from app.storage.types import Instant, storable


@dataclass(frozen=True, slots=True)
class Account:
    """An account: `role`, `teams` and `officer` (a number) are what an administrator has set."""

    id: int
    issuer: str
    subject: str
    name: str
    role: Role | None
    teams: tuple[str, ...]
    officer: str | None
    created: dt.datetime
    seen: dt.datetime
    locked: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What an administrator sets; a role of None leaves it to the provider."""

    role: Role | None
    teams: tuple[str, ...]
    officer: str | None
    locked: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who signs in: in which roles they may be, whose data they see."""

    id: int
    name: str
    roles: frozenset[Role]
    team_ids: frozenset[int]
    officer_id: int | None
    locked: bool


async def sign_in(writer: Writer, claimed: Claimed, now: dt.datetime) -> Known:
    """The account of whom the provider means, made if there is none.

    What an administrator has set wins; teams and officers that are not there are nobody's.
    """
    key = {"issuer": claimed.issuer, "subject": storable(claimed.subject)}
    now_known = {"name": storable(claimed.name), "seen": now}
    await bulk.insert_new(writer, accounts, [key | now_known | {"created": now}])
    query = (
        sa.update(accounts)
        .where(*(accounts.c[name] == value for name, value in key.items()))
        .values(now_known)
        .returning(accounts)
    )
    row = (await writer.execute(query)).one()
    if claimed.teams is None:
        held = sa.select(account_teams.c.team_id).where(account_teams.c.account_id == row.id)
        team_ids = frozenset((await writer.scalars(held)).all())
    else:
        team_ids = frozenset((await people.teams_by_name(writer, claimed.teams)).values())
    officer = row.officer_id
    if claimed.officer_claimed:
        number = claimed.officer or ""
        officer = (await people.officer_ids(writer, [number])).get(number)
    roles = claimed.roles if row.role is None else frozenset({Role(row.role)})
    return Known(row.id, row.name, roles, team_ids, officer, row.locked is not None)


async def page(reader: Reader, viewer: Viewer, part: Slice) -> Page[Account]:
    """All accounts."""
    viewer.require(Right.MANAGE_ACCESS)
    query = sa.select(accounts, officers.c.number).outerjoin(officers)
    found = await by_id(reader, query, accounts.c.id, part, lambda row: row)
    return Page(await _accounts(reader, found.items), found.next)


async def change(writer: Writer, account_id: int, new: Change, now: dt.datetime) -> Account:
    """Sets what an administrator decides; whoever it is about has to sign in again.

    Raises NotFound where there is no such account, Refused for a team or officer.
    """
    team_ids = await people.team_ids(writer, new.teams, "teams")
    officer = None if new.officer is None else await people.officer_id(writer, new.officer)
    since = sa.func.coalesce(accounts.c.locked, sa.literal(now, Instant()))
    changed = await writer.execute(
        sa.update(accounts)
        .where(accounts.c.id == account_id)
        .values(
            role=None if new.role is None else new.role.value,
            officer_id=officer,
            locked=since if new.locked else None,
        )
    )
    if not changed.rowcount:
        msg = f"there is no account {account_id}"
        raise NotFound(msg)
    await writer.execute(sa.delete(account_teams).where(account_teams.c.account_id == account_id))
    rows = [{"account_id": account_id, "team_id": team_id} for team_id in sorted(team_ids)]
    await bulk.insert(writer, account_teams, rows)
    await sessions.end_of(writer, account_id, now)
    query = sa.select(accounts, officers.c.number).outerjoin(officers)
    row = (await writer.execute(query.where(accounts.c.id == account_id))).one()
    return (await _accounts(writer, [row]))[0]


async def _accounts(reader: Reader, rows: Sequence[sa.Row[tuple[object, ...]]]) -> list[Account]:
    query = (
        sa.select(account_teams.c.account_id, teams.c.name)
        .join(teams)
        .where(account_teams.c.account_id.in_([row.id for row in rows]))
        .order_by(teams.c.name)
    )
    names: dict[int, list[str]] = {}
    for account_id, name in await reader.execute(query):
        names.setdefault(account_id, []).append(name)
    return [
        Account(
            id=row.id,
            issuer=row.issuer,
            subject=row.subject,
            name=row.name,
            role=None if row.role is None else Role(row.role),
            teams=tuple(names.get(row.id, ())),
            officer=row.number,
            created=row.created,
            seen=row.seen,
            locked=row.locked,
        )
        for row in rows
    ]


async def posts_of(reader: Reader, viewer: Viewer) -> tuple[Sequence[str], str | None]:
    """The names of a viewer's own teams, and their own officer's number."""
    query = sa.select(teams.c.name).where(teams.c.id.in_(viewer.team_ids)).order_by(teams.c.name)
    number = sa.select(officers.c.number).where(officers.c.id == viewer.officer_id)
    return (await reader.scalars(query)).all(), await reader.scalar(number)
