"""Whose turn it is at work that one process does at a time, and how far that work has come."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.storage.engine import Reader, Writer
from app.storage.schema import turns


async def take(
    writer: Writer, work: str, holder: str, now: dt.datetime, for_: dt.timedelta
) -> bool:
    """Takes the turn until `now + for_`, if it is nobody's, over, or the holder's already.

    Says whether it is the holder's now. One statement: of two at once, one gets it.
    """
    insert = sqlite.insert if writer.dialect.name == "sqlite" else postgresql.insert
    mine = {"holder": holder, "until": now + for_}
    statement = (
        insert(turns)
        .values(work=work, **mine)
        .on_conflict_do_update(
            index_elements=[turns.c.work],
            set_=mine,
            where=sa.or_(turns.c.holder.is_(None), turns.c.holder == holder, turns.c.until <= now),
        )
        .returning(turns.c.work)
    )
    return await writer.scalar(statement) is not None


async def release(writer: Writer, work: str, holder: str) -> None:
    """Gives the holder's turn back before it is over; nothing where it is somebody else's."""
    mine = turns.c.work == work, turns.c.holder == holder
    await writer.execute(sa.update(turns).where(*mine).values(holder=None, until=None))


async def position(reader: Reader, work: str) -> int | None:
    """The id of the last event that the work has dealt with; None before the first."""
    return await reader.scalar(sa.select(turns.c.position).where(turns.c.work == work))


async def advance(writer: Writer, work: str, holder: str, position: int) -> bool:
    """Says up to which event the work has come; False, and nothing, where it is another's turn."""
    mine = turns.c.work == work, turns.c.holder == holder
    found = await writer.execute(sa.update(turns).where(*mine).values(position=position))
    return found.rowcount == 1
