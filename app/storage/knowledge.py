"""What is held true, or was at a moment, of tables with `known_from` and `known_to`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.storage import bulk
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound


def known_at(table: sa.FromClause, moment: dt.datetime) -> sa.ColumnElement[bool]:
    """The condition that a row was the truth at a moment."""
    return sa.and_(
        table.c.known_from <= moment,
        sa.or_(table.c.known_to.is_(None), table.c.known_to > moment),
    )


def touching(
    table: sa.FromClause, start: dt.datetime | None, end: dt.datetime | None
) -> list[sa.ColumnElement[bool]]:
    """The conditions that a row's `start` to `end` touches a stretch of time; None: no bound."""
    after = [] if start is None else [table.c.end > start]
    return after if end is None else [*after, table.c.start < end]


async def hold(
    writer: Writer, table: sa.Table, rows: Sequence[Mapping[str, Any]], now: dt.datetime
) -> list[int]:
    """Holds rows of times true from now on; one that is held already stays as it is.

    All have the same columns, `start` among them. Gives the id of each, in order.
    """
    if not rows:
        return []
    if writer.dialect.name == "postgresql":
        # The same sent twice at once would not see each other.
        await writer.execute(sa.text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))
    names = tuple(rows[0])
    wanted = [tuple(row[name] for name in names) for row in rows]
    held = await _held(writer, table, names, rows)
    fresh = [words for words in dict.fromkeys(wanted) if words not in held]
    if fresh:
        new = [dict(zip(names, words, strict=True), known_from=now) for words in fresh]
        await bulk.insert(writer, table, new)
        held = await _held(writer, table, names, rows)
    return [held[words] for words in wanted]


async def _held(
    reader: Reader, table: sa.Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[Any, ...], int]:
    """The ids of the rows that are held true and may be among these."""
    starts = [row["start"] for row in rows]
    query = sa.select(table.c.id, *(table.c[name] for name in names)).where(
        table.c.known_to.is_(None), table.c.start >= min(starts), table.c.start <= max(starts)
    )
    return {tuple(row[1:]): row.id for row in await reader.execute(query)}


async def withdraw(writer: Writer, table: sa.Table, id_: int, now: dt.datetime, what: str) -> None:
    """Takes back a row that never was so; what was believed until now is kept.

    Raises NotFound, which says `what` it would be, where none of that id is held true.
    """
    held = sa.and_(table.c.id == id_, table.c.known_to.is_(None))
    taken = await writer.execute(sa.update(table).where(held).values(known_to=now))
    if not taken.rowcount:
        msg = f"there is no {what} {id_}"
        raise NotFound(msg)
