"""What people have been told of plans, so that each thing is told once."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.compliance.happenings import Key
from app.storage.engine import Reader, Writer
from app.storage.schema import raised
from app.storage.types import from_us, to_us

# Nobody looks back so far: until then late data may show what was told of, begun elsewhen.
KEPT: Final = dt.timedelta(days=7)

_WHAT = raised.c.kind, raised.c.hotspot_id, raised.c.window, raised.c.time
_ADD = {
    "sqlite": sqlite.insert(raised).on_conflict_do_nothing().returning(*_WHAT),
    "postgresql": postgresql.insert(raised).on_conflict_do_nothing().returning(*_WHAT),
}


async def since(reader: Reader, plan: str, start: dt.datetime) -> list[Key]:
    """What has been told of a plan, by its key, that began at a moment or later."""
    query = sa.select(*_WHAT).where(raised.c.plan == plan, raised.c.time >= start)
    return [_key(*row) for row in await reader.execute(query)]


async def add(writer: Writer, plan: str, keys: Sequence[Key], now: dt.datetime) -> set[Key]:
    """Keeps what is told of a plan, and forgets what is old; gives what nobody else has told."""
    # In their order: two that add the same would wait for each other for ever.
    rows = sorted((one.kind, one.hotspot, one.window, one.time_us) for one in keys)
    names = [column.name for column in _WHAT]
    given = [
        {"plan": plan, **dict(zip(names, (*row[:3], from_us(row[3])), strict=True))} for row in rows
    ]
    added = await writer.execute(_ADD[writer.dialect.name], given)
    await writer.execute(sa.delete(raised).where(raised.c.time < now - KEPT))
    return {_key(*row) for row in added}


def _key(kind: str, hotspot: int, window: str, time: dt.datetime) -> Key:
    return Key(kind, hotspot, window, to_us(time))
