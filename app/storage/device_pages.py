"""Lists of devices a page at a time, in an order that tells no more than their names in it do."""

import asyncio
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app.access.naming import Naming
from app.storage.engine import Reader
from app.storage.pages import Item, Page, Slice, by_id
from app.storage.schema import devices


async def as_named(
    reader: Reader,
    query: sa.Select[Any],
    naming: Naming,
    part: Slice,
    make: Callable[[Any], Item],
) -> Page[Item]:
    """A page of a query's devices: by their ids, or in the order of their pseudonyms."""
    if naming.by_name:
        return await by_id(reader, query, devices.c.id, part, make)
    rows = await reader.execute(query.with_only_columns(devices.c.id, devices.c.name))
    names = {row.id: row.name for row in rows}
    # Some thousands of names take milliseconds.
    places = await asyncio.to_thread(naming.places, "device", names)
    after = -1 if part.after is None else part.after[0]
    left = sorted((place, id_) for id_, place in places.items() if place > after)
    chosen = left[: part.limit]
    found = await reader.execute(query.where(devices.c.id.in_([id_ for _, id_ in chosen])))
    rows_of = {row.id: row for row in found}
    items = [make(rows_of[id_]) for _, id_ in chosen]
    return Page(items, (chosen[-1][0],) if len(left) > len(chosen) else None)
