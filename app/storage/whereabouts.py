"""Where devices are, as people have been told: what was said to be entered, and not yet left."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from app.storage import bulk
from app.storage.engine import Writer, driver_of
from app.storage.schema import whereabouts


class Stay(NamedTuple):
    """A device at a hot spot; `visit` is the first moment of it, as it was told first.

    `live` says whether people were told at once.
    """

    device_id: int
    hotspot_id: int
    visit: dt.datetime
    live: bool


_OF = f"SELECT {', '.join(Stay._fields)} FROM whereabouts WHERE device_id = ANY($1::bigint[])"  # noqa: S608 -- our own column names
_OVER = """
DELETE FROM whereabouts w USING unnest($1::bigint[], $2::bigint[]) AS over (device, hotspot)
WHERE w.device_id = over.device AND w.hotspot_id = over.hotspot
"""


async def of(writer: Writer, device_ids: Sequence[int]) -> list[Stay]:
    """Where these devices are; at most one stay at each hot spot."""
    if writer.dialect.name == "postgresql":
        return [Stay(*row) for row in await (await driver_of(writer)).fetch(_OF, device_ids)]
    columns = (whereabouts.c[name] for name in Stay._fields)
    query = sa.select(*columns).where(whereabouts.c.device_id.in_(device_ids))
    return [Stay(*row) for row in (await writer.execute(query)).all()]


async def change(writer: Writer, over: Sequence[Stay], begun: Sequence[Stay]) -> None:
    """Forgets stays that are over, then keeps those that have begun; the devices are locked."""
    if over and writer.dialect.name == "postgresql":
        places = [stay.device_id for stay in over], [stay.hotspot_id for stay in over]
        await (await driver_of(writer)).execute(_OVER, *places)
    elif over:
        place = (
            whereabouts.c.device_id == sa.bindparam("device"),
            whereabouts.c.hotspot_id == sa.bindparam("hotspot"),
        )
        rows = [{"device": stay.device_id, "hotspot": stay.hotspot_id} for stay in over]
        await writer.execute(sa.delete(whereabouts).where(*place), rows)
    await bulk.insert(writer, whereabouts, [stay._asdict() for stay in begun])
