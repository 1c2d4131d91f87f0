"""Sessions of people who have signed in: who shows which secret, in what role, until when."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from app.access.sessions import Life
from app.access.viewer import Right, Role, Viewer
from app.storage import bulk, glass
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound
from app.storage.guarding import accounts, session_teams, sessions
from app.storage.pages import Page, Slice, by_id


@dataclass(frozen=True, slots=True)
class Session:
    """A session that goes on; `seen` is when it last asked, to a minute."""

    id: int
    account: int
    name: str
    role: Role
    created: dt.datetime
    expires: dt.datetime
    seen: dt.datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A session whose secret somebody shows, and of which account it is."""

    id: int
    account_id: int
    viewer: Viewer
    seen: dt.datetime


async def create(
    writer: Writer,
    account_id: int,
    secret_hash: bytes,
    *,
    role: Role,
    officer_id: int | None,
    team_ids: Collection[int],
    now: dt.datetime,
    life: Life,
) -> int:
    """Stores a session by the digest of its secret; gives its id."""
    values = {
        "account_id": account_id,
        "secret_hash": secret_hash,
        "role": role.value,
        "officer_id": officer_id,
        "created": now,
        "expires": now + life.longest,
        "seen": now,
    }
    query = sa.insert(sessions).values(values).returning(sessions.c.id)
    session_id = int((await writer.execute(query)).scalar_one())
    rows = [{"session_id": session_id, "team_id": team_id} for team_id in sorted(team_ids)]
    await bulk.insert(writer, session_teams, rows)
    return session_id


async def shown(reader: Reader, secret_hash: bytes, now: dt.datetime, life: Life) -> Shown | None:
    """The session of a secret; None where there is none, it is over, or its account is locked."""
    query = (
        sa.select(sessions, accounts.c.name)
        .join(accounts)
        .where(
            sessions.c.secret_hash == secret_hash, accounts.c.locked.is_(None), *_alive(now, life)
        )
    )
    row = (await reader.execute(query)).one_or_none()
    if row is None:
        return None
    held = sa.select(session_teams.c.team_id).where(session_teams.c.session_id == row.id)
    viewer = Viewer(
        name=row.name,
        role=Role(row.role),
        team_ids=frozenset((await reader.scalars(held)).all()),
        officer_id=row.officer_id,
        expires=row.expires,
        authority=f"session {row.id}",
        glass=await glass.broken_by(reader, glass.Breaker(session_id=row.id), now),
    )
    return Shown(row.id, row.account_id, viewer, row.seen)


async def see(writer: Writer, session_id: int, now: dt.datetime) -> None:
    """Notes that a session asks for something."""
    await writer.execute(sa.update(sessions).where(sessions.c.id == session_id).values(seen=now))


async def page(
    reader: Reader, viewer: Viewer, part: Slice, now: dt.datetime, life: Life
) -> Page[Session]:
    """The sessions that go on."""
    viewer.require(Right.MANAGE_ACCESS)
    query = sa.select(sessions, accounts.c.name).join(accounts).where(*_alive(now, life))
    return await by_id(reader, query, sessions.c.id, part, _session)


async def end(writer: Writer, session_id: int, now: dt.datetime) -> None:
    """Ends a session. Raises NotFound where there is none that goes on."""
    if not await _end(writer, sessions.c.id == session_id, now):
        msg = f"there is no session {session_id}"
        raise NotFound(msg)


async def end_shown(writer: Writer, secret_hash: bytes, now: dt.datetime) -> None:
    """Ends the session of a secret, if there is one."""
    await _end(writer, sessions.c.secret_hash == secret_hash, now)


async def end_other(
    writer: Writer,
    account_id: int,
    *,
    roles: Collection[Role],
    officer_id: int | None,
    team_ids: Collection[int],
    now: dt.datetime,
) -> None:
    """Ends the sessions of an account in another role than these, or of another officer or teams.

    Whoever signs in shows what they are by now, for other browsers, too.
    """
    mine = sessions.c.account_id == account_id, sessions.c.ended.is_(None)
    query = sa.select(sessions.c.id, sessions.c.role, sessions.c.officer_id).where(*mine)
    rows = (await writer.execute(query)).all()
    held = sa.select(session_teams).join(sessions).where(*mine)
    teams: dict[int, set[int]] = {}
    for session_id, team_id in await writer.execute(held):
        teams.setdefault(session_id, set()).add(team_id)
    other = [
        row.id
        for row in rows
        if row.role not in roles
        or row.officer_id != officer_id
        or teams.get(row.id, set()) != set(team_ids)
    ]
    await _end(writer, sessions.c.id.in_(other), now)


async def end_of(writer: Writer, account_id: int, now: dt.datetime) -> None:
    """Ends all sessions of an account."""
    await _end(writer, sessions.c.account_id == account_id, now)


async def _end(writer: Writer, which: sa.ColumnElement[bool], now: dt.datetime) -> int:
    query = sa.update(sessions).where(which, sessions.c.ended.is_(None)).values(ended=now)
    return (await writer.execute(query)).rowcount


def _alive(now: dt.datetime, life: Life) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        sessions.c.ended.is_(None),
        sessions.c.expires > now,
        sessions.c.seen > now - life.idle,
    )


def _session(row: sa.Row[tuple[object, ...]]) -> Session:
    return Session(
        id=row.id,
        account=row.account_id,
        name=row.name,
        role=Role(row.role),
        created=row.created,
        expires=row.expires,
        seen=row.seen,
    )
