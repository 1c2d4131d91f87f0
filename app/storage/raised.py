"""What people have been told of plans, so that each thing is told once."""

import datetime as dt
from collections.abc import Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.compliance.happenings import Key
from app.storage.engine import Reader, Writer
from app.storage.schema import raised
from app.storage.types import from_us, to_us

# Nobody looks back so far: until then late data may show what was told of, begun elsewhen.
KEPT: Final = dt.timedelta(days=7)

_WHAT = raised.c.kind, raised.c.hotspot_id, raised.c.window, raised.c.time
_ALL = raised.c.plan, *_WHAT
_ADD = {
    "sqlite": sqlite.insert(raised).on_conflict_do_nothing().returning(*_ALL),
    "postgresql": postgresql.insert(raised).on_conflict_do_nothing().returning(*_ALL),
}


class OfPlan(NamedTuple):
    """By what it is known again that something was told of a plan, by the plan's key."""

    plan: str
    key: Key


async def since(reader: Reader, plan: str, start: dt.datetime) -> list[Key]:
    """What has been told of a plan, by its key, that began at a moment or later."""
    query = sa.select(*_WHAT).where(raised.c.plan == plan, raised.c.time >= start)
    return [_key(*row) for row in await reader.execute(query)]


async def add(writer: Writer, told: Sequence[OfPlan]) -> set[OfPlan]:
    """Keeps what is told; gives what nobody else has told."""
    # In their order: two that add the same would wait for each other for ever.
    rows = sorted((plan, k.kind, k.hotspot, k.window, k.time_us) for plan, k in told)
    names = [column.name for column in _ALL]
    given = [dict(zip(names, (*row[:4], from_us(row[4])), strict=True)) for row in rows]
    if not given:
        return set()
    added = await writer.execute(_ADD[writer.dialect.name], given)
    return {OfPlan(plan, _key(*row)) for plan, *row in added}


async def forget(writer: Writer, now: dt.datetime) -> int:
    """Forgets what is so old that nobody will look back to it; says how much that was."""
    old = sa.delete(raised).where(raised.c.time < now - KEPT)
    return (await writer.execute(old)).rowcount


def _key(kind: str, hotspot: int, window: str, time: dt.datetime) -> Key:
    return Key(kind, hotspot, window, to_us(time))
