"""Whose turn it is at work that one process does at a time, and how far that work has come."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.storage.engine import Reader, Writer
from app.storage.schema import turns
from app.storage.types import MICROSECOND, Instant


async def take(writer: Writer, work: str, holder: str, for_: dt.timedelta) -> bool:
    """Takes the turn for so long, if it is nobody's, over, or the holder's already.

    Says whether it is the holder's now. One statement: of two at once, one gets it.
    """
    insert = sqlite.insert if writer.dialect.name == "sqlite" else postgresql.insert
    mine = {"holder": holder, "until": _from_now(writer, for_)}
    over = turns.c.until <= _from_now(writer, dt.timedelta())
    statement = (
        insert(turns)
        .values(work=work, **mine)
        .on_conflict_do_update(
            index_elements=[turns.c.work],
            set_=mine,
            where=sa.or_(turns.c.holder.is_(None), turns.c.holder == holder, over),
        )
        .returning(turns.c.work)
    )
    return await writer.scalar(statement) is not None


def _from_now(reader: Reader, wait: dt.timedelta) -> sa.ColumnElement[dt.datetime]:
    """So long from now by the database's clock, the one that all who take turns have in common."""
    if reader.dialect.name != "sqlite":
        return sa.func.clock_timestamp() + wait
    # Days since noon in Greenwich on November 24, 4714 B.C.: https://sqlite.org/lang_datefunc.html
    now_us = (sa.func.julianday("now") - 2_440_587.5) * 86_400e6
    return sa.type_coerce(sa.cast(now_us + wait // MICROSECOND, sa.BigInteger), Instant())


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


async def held(writer: Writer, work: str, holder: str) -> bool:
    """Whether it is the holder's turn, which then nobody takes until the transaction ends."""
    mine = turns.c.work == work, turns.c.holder == holder
    query = sa.select(turns.c.work).where(*mine).with_for_update(read=True)
    return await writer.scalar(query) is not None
