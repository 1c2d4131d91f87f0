"""Broken glass: who sees whom for a while, by a token or a session, and for what reason."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.access.viewer import Glass, Right, Viewer
from app.storage import bulk
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound
from app.storage.guarding import glass, glass_officers, sessions
from app.storage.schema import tokens


@dataclass(frozen=True, slots=True)
class Breaker:
    """By what somebody is known who breaks it: one of the two."""

    token_id: int | None = None
    session_id: int | None = None

    @classmethod
    def of(cls, viewer: Viewer) -> "Breaker":
        """Whoever asks, by their authority ("token 7", "session 3")."""
        kind, _, id_ = viewer.authority.partition(" ")
        return cls(token_id=int(id_)) if kind == "token" else cls(session_id=int(id_))

    @property
    def theirs(self) -> sa.ColumnElement[bool]:
        """That a row is of them."""
        if self.token_id is not None:
            return glass.c.token_id == self.token_id
        return glass.c.session_id == self.session_id

    async def end(self, writer: Writer, now: dt.datetime) -> frozenset[int]:
        """Puts back all that they have broken; gives its ids.

        Whoever breaks glass by the same token or session at the same time waits.
        """
        table, id_ = (tokens, self.token_id) if self.token_id else (sessions, self.session_id)
        # What refers to the row may be stored meanwhile.
        mine = sa.select(table.c.id).where(table.c.id == id_)
        await writer.execute(mine.with_for_update(key_share=True))
        query = sa.update(glass).where(self.theirs, glass.c.until > now).values(until=now)
        return frozenset((await writer.scalars(query.returning(glass.c.id))).all())


@dataclass(frozen=True, slots=True)
class Broken:
    """Glass that somebody has broken; for whom, only the log says."""

    id: int
    reason: str
    payloads: bool
    broken: dt.datetime
    until: dt.datetime


async def break_(
    writer: Writer,
    viewer: Viewer,
    reason: str,
    officer_ids: Collection[int],
    *,
    payloads: bool,
    now: dt.datetime,
    until: dt.datetime,
) -> int:
    """Breaks the glass for these officers; gives its id. What they had broken before is put back.

    Raises Forbidden.
    """
    viewer.require(Right.BREAK_GLASS)
    who = Breaker.of(viewer)
    await who.end(writer, now)
    values = {
        "token_id": who.token_id,
        "session_id": who.session_id,
        "reason": reason,
        "payloads": payloads,
        "broken": now,
        "until": until,
    }
    query = sa.insert(glass).values(values).returning(glass.c.id)
    glass_id = int((await writer.execute(query)).scalar_one())
    rows = [{"glass_id": glass_id, "officer_id": officer} for officer in sorted(officer_ids)]
    await bulk.insert(writer, glass_officers, rows)
    return glass_id


async def broken_by(reader: Reader, who: Breaker, now: dt.datetime) -> Glass | None:
    """What somebody has broken and not put back; None: nothing."""
    query = sa.select(glass.c.id, glass.c.payloads).where(who.theirs, glass.c.until > now)
    row = (await reader.execute(query.order_by(glass.c.id.desc()).limit(1))).one_or_none()
    if row is None:
        return None
    whom = sa.select(glass_officers.c.officer_id).where(glass_officers.c.glass_id == row.id)
    return Glass(row.id, frozenset((await reader.scalars(whom)).all()), row.payloads)


async def own(reader: Reader, viewer: Viewer, most: int) -> Sequence[Broken]:
    """What somebody has broken, the latest first."""
    viewer.require(Right.BREAK_GLASS)
    query = sa.select(glass).where(Breaker.of(viewer).theirs).order_by(glass.c.id.desc())
    return [
        Broken(row.id, row.reason, row.payloads, row.broken, row.until)
        for row in await reader.execute(query.limit(most))
    ]


async def put_back(writer: Writer, viewer: Viewer, glass_id: int, now: dt.datetime) -> None:
    """Ends what they have broken. Raises NotFound where this is none of theirs that goes on."""
    if glass_id not in await Breaker.of(viewer).end(writer, now):
        msg = f"no glass {glass_id} of yours is broken"
        raise NotFound(msg)
