"""Lists that are read a page at a time, and what the database refuses in words of ours."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.storage.engine import Reader
from app.storage.errors import Conflict

Item = TypeVar("Item")
# Where a page ended: what the list is ordered by, of the last row on it.
Position = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list is asked for: at most `limit` items past a position, or the start."""

    limit: int
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list; `next` is where it ended, None at the end of the list."""

    items: Sequence[Item]
    next: Position | None


async def by_id(
    reader: Reader,
    query: sa.Select[Any],
    column: sa.ColumnElement[int],
    part: Slice,
    make: Callable[[Any], Item],
) -> Page[Item]:
    """A page of a query's rows in the order of their ids; the query selects the id as `id`."""
    if part.after is not None:
        query = query.where(column > part.after[0])
    rows = (await reader.execute(query.order_by(column).limit(part.limit + 1))).all()
    more = len(rows) > part.limit
    rows = rows[: part.limit]
    return Page([make(row) for row in rows], (rows[-1].id,) if more else None)


@contextmanager
def unique(message: str) -> Iterator[None]:
    """Raises Conflict with this message where what is written breaks a rule of the tables."""
    try:
        yield
    except IntegrityError as exc:
        raise Conflict(message) from exc
