"""How often who was turned away, by hour, door and reason."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.access.viewer import Right, Viewer
from app.storage.engine import Reader, Writer
from app.storage.guarding import refusals
from app.storage.pages import Page, Slice
from app.storage.schema import devices


class Refusal(NamedTuple):
    """What is counted together: in the hour that begins then. A stranger's `device_id` is 0."""

    hour: dt.datetime
    door: str
    device_id: int
    reason: str


class Turned(NamedTuple):
    """How often somebody was turned away; `device` None: strangers."""

    hour: dt.datetime
    door: str
    device: str | None
    reason: str
    times: int


async def add(writer: Writer, counted: Mapping[Refusal, int]) -> None:
    """Adds to what was counted before."""
    if not counted:
        return
    insert = sqlite.insert if writer.dialect.name == "sqlite" else postgresql.insert
    new = insert(refusals)
    key = [column.name for column in refusals.primary_key]
    more = {"times": refusals.c.times + new.excluded.times}
    # In one order: two processes that store at once are not to wait for each other.
    rows = [{**one._asdict(), "times": times} for one, times in sorted(counted.items())]
    await writer.execute(new.on_conflict_do_update(index_elements=key, set_=more), rows)


async def page(reader: Reader, viewer: Viewer, part: Slice) -> Page[Turned]:
    """Who was turned away, the newest hour first; by devices' names."""
    viewer.require(Right.MANAGE_DEVICES)
    after = 0 if part.after is None else part.after[0]
    query = (
        sa.select(refusals, devices.c.name.label("device"))
        .outerjoin(devices, devices.c.id == refusals.c.device_id)
        .order_by(refusals.c.hour.desc(), refusals.c.door, refusals.c.device_id, refusals.c.reason)
        .offset(after)
        .limit(part.limit + 1)
    )
    rows = (await reader.execute(query)).all()
    items = [Turned(row.hour, row.door, row.device, row.reason, row.times) for row in rows]
    more = len(items) > part.limit
    return Page(items[: part.limit], (after + part.limit,) if more else None)


async def since(reader: Reader, start: dt.datetime) -> list[Turned]:
    """How often each device was turned away since the hour of a moment, whatever the door."""
    times = sa.func.sum(refusals.c.times)
    query = (
        sa.select(devices.c.name.label("device"), refusals.c.reason, times.label("times"))
        .outerjoin(devices, devices.c.id == refusals.c.device_id)
        .select_from(refusals)
        .where(refusals.c.hour > start - dt.timedelta(hours=1))
        .group_by(devices.c.name, refusals.c.reason)
        .order_by(times.desc(), devices.c.name)
    )
    rows = await reader.execute(query)
    return [Turned(start, "", row.device, row.reason, int(row.times)) for row in rows]
