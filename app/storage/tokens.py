"""Tokens of people: who holds one, in what role, until when."""

import datetime as dt
import json
from dataclasses import dataclass

import sqlalchemy as sa

from app.access.viewer import RIGHTS, Right, Role, Viewer
from app.storage import glass, people
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound, Refused
from app.storage.pages import Page, Slice, by_id, unique
from app.storage.schema import officers, teams, token_teams, tokens
from app.storage.types import Instant


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token to be made: a supervisor's teams by name, an officer by number.

    `scopes` are the rights that it is for; None: all of its role. Raises Refused where its role has
    not all of these, or says nothing without teams or an officer.
    """

    name: str
    role: Role
    teams: tuple[str, ...] = ()
    officer: str | None = None
    expires: dt.datetime | None = None
    scopes: frozenset[Right] | None = None

    def __post_init__(self) -> None:
        for right in sorted(self.scopes or ()):
            if right not in RIGHTS[self.role]:
                raise Refused(where="scopes", what=f"the role {self.role} has no right {right}")
        if self.role is Role.OFFICER and self.officer is None:
            raise Refused(where="officer", what="an officer's token names whose data it shows")
        if self.role is Role.SUPERVISOR and not self.teams:
            raise Refused(where="teams", what="a supervisor's token names the teams it shows")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is stored, without its secret."""

    id: int
    name: str
    role: Role
    teams: tuple[str, ...]
    officer: str | None
    scopes: tuple[Right, ...] | None
    created: dt.datetime
    expires: dt.datetime | None
    revoked: dt.datetime | None


def expiry(given: dt.datetime | None, now: dt.datetime, days: int) -> dt.datetime:
    """Until when a token is good; without a word, and at most, for so many days. Raises Refused."""
    latest = now + dt.timedelta(days=days)
    if given is not None and given <= now:
        raise Refused(where="expires", what="it is past already")
    if given is not None and given > latest:
        raise Refused(where="expires", what=f"a token is good for {days} days at most")
    return given or latest


async def create(writer: Writer, token: NewToken, secret_hash: bytes, now: dt.datetime) -> int:
    """Stores a token by the digest of its secret; gives its id.

    Raises Refused for a team or officer that is not there, Conflict for a secret in use.
    """
    team_ids = await people.team_ids(writer, token.teams)
    officer = None if token.officer is None else await people.officer_id(writer, token.officer)
    with unique("this token is in use already"):
        token_id = await writer.scalar(
            sa.insert(tokens)
            .values(
                name=token.name,
                role=token.role.value,
                secret_hash=secret_hash,
                officer_id=officer,
                created=now,
                expires=token.expires,
                scopes=None if token.scopes is None else json.dumps(sorted(token.scopes)),
            )
            .returning(tokens.c.id)
        )
    if team_ids:
        rows = [{"token_id": token_id, "team_id": team_id} for team_id in sorted(team_ids)]
        await writer.execute(sa.insert(token_teams), rows)
    return int(token_id or 0)


async def viewer_of(reader: Reader, secret_hash: bytes, now: dt.datetime) -> Viewer | None:
    """Who shows the secret with this digest; None if nobody, or it has expired or been revoked."""
    names = ("id", "name", "role", "officer_id", "expires", "scopes")
    query = sa.select(*(tokens.c[name] for name in names)).where(
        tokens.c.secret_hash == secret_hash,
        tokens.c.revoked.is_(None),
        sa.or_(tokens.c.expires.is_(None), tokens.c.expires > now),
    )
    found = (await reader.execute(query)).one_or_none()
    if found is None:
        return None
    held = sa.select(token_teams.c.team_id).where(token_teams.c.token_id == found.id)
    return Viewer(
        name=found.name,
        role=Role(found.role),
        team_ids=frozenset((await reader.scalars(held)).all()),
        officer_id=found.officer_id,
        expires=found.expires,
        scopes=None if found.scopes is None else frozenset(_scopes(found.scopes)),
        authority=f"token {found.id}",
        glass=await glass.broken_by(reader, glass.Breaker(token_id=found.id), now),
    )


async def exist(reader: Reader) -> bool:
    """Whether any token was ever made."""
    return await reader.scalar(sa.select(tokens.c.id).limit(1)) is not None


async def endless(reader: Reader) -> list[str]:
    """The names of tokens that are good for ever, as older versions made them; the oldest first."""
    good = tokens.c.revoked.is_(None), tokens.c.expires.is_(None)
    query = sa.select(tokens.c.name).where(*good).order_by(tokens.c.id)
    return list(await reader.scalars(query))


async def page(reader: Reader, viewer: Viewer, part: Slice) -> Page[Token]:
    """All tokens, those that have expired or been revoked too."""
    viewer.require(Right.MANAGE_ACCESS)
    query = sa.select(tokens, officers.c.number).outerjoin(officers)
    found = await by_id(reader, query, tokens.c.id, part, lambda row: row)
    ids = [row.id for row in found.items]
    held = (
        sa.select(token_teams.c.token_id, teams.c.name)
        .join(teams)
        .where(token_teams.c.token_id.in_(ids))
        .order_by(teams.c.name)
    )
    names: dict[int, list[str]] = {}
    for row in await reader.execute(held):
        names.setdefault(row.token_id, []).append(row.name)
    items = [
        Token(
            id=row.id,
            name=row.name,
            role=Role(row.role),
            teams=tuple(names.get(row.id, ())),
            officer=row.number,
            scopes=None if row.scopes is None else _scopes(row.scopes),
            created=row.created,
            expires=row.expires,
            revoked=row.revoked,
        )
        for row in found.items
    ]
    return Page(items, found.next)


async def revoke(writer: Writer, token_id: int, now: dt.datetime) -> None:
    """Ends a token, if it has not been ended yet. Raises NotFound where there is none."""
    found = await writer.execute(
        sa.update(tokens)
        .where(tokens.c.id == token_id)
        .values(revoked=sa.func.coalesce(tokens.c.revoked, sa.literal(now, Instant())))
    )
    if not found.rowcount:
        msg = f"there is no token {token_id}"
        raise NotFound(msg)


def _scopes(stored: str) -> tuple[Right, ...]:
    """The rights that a token names; one that there is no longer is left out."""
    return tuple(Right(one) for one in json.loads(stored) if one in set(Right))
