"""What is held true, or was at a moment, of tables with `known_from` and `known_to`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from app.storage import bulk
from app.storage.engine import Writer
from app.storage.errors import Conflict, NotFound

_AT_ONCE: Final = 1_000  # rows, between two turns of the event loop


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
    """Holds rows true from now on; one that is held already stays as it is, by a unique index.

    All have the same columns. Gives the id of each, in order. Raises Conflict where somebody else
    is taking one of them back.
    """
    ids: list[int] = []
    for first in range(0, len(rows), _AT_ONCE):
        ids += await _hold(writer, table, rows[first : first + _AT_ONCE], now)
    return ids


async def _hold(
    writer: Writer, table: sa.Table, rows: Sequence[Mapping[str, Any]], now: dt.datetime
) -> list[int]:
    await bulk.insert_new(writer, table, [{**row, "known_from": now} for row in rows])
    ids = await bulk.ids(writer, table, rows, "t.known_to IS NULL")
    if len(ids) != len(rows):
        msg = "these are being changed by somebody else"
        raise Conflict(msg)
    return ids


async def withdraw(writer: Writer, table: sa.Table, id_: int, now: dt.datetime, what: str) -> None:
    """Takes back a row that never was so; what was believed until now is kept.

    Raises NotFound, which says `what` it would be, where none of that id is held true.
    """
    held = sa.and_(table.c.id == id_, table.c.known_to.is_(None))
    taken = await writer.execute(sa.update(table).where(held).values(known_to=now))
    if not taken.rowcount:
        msg = f"there is no {what} {id_}"
        raise NotFound(msg)
