"""How often who was turned away, by hour, door and reason."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.access.viewer import Right, Viewer
from app.storage.directory import Why
from app.storage.engine import Reader, Writer
from app.storage.guarding import refusals
from app.storage.pages import Page, Position, Slice
from app.storage.schema import devices
from app.storage.types import from_us, to_us

# A cursor is of numbers, and has the places of words in these.
_DOORS: Final = ("http", "mqtt", "gateway")
_WHYS: Final = tuple(Why)


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
    order = refusals.c.door, refusals.c.device_id, refusals.c.reason
    query = (
        sa.select(refusals, devices.c.name.label("device"))
        .outerjoin(devices, devices.c.id == refusals.c.device_id)
        .order_by(refusals.c.hour.desc(), *order)
        .limit(part.limit + 1)
    )
    if part.after is not None:
        hour_us, door, device, why = part.after
        end = [sa.literal(one) for one in (_word(_DOORS, door), device, _word(_WHYS, why))]
        past = sa.and_(refusals.c.hour == from_us(hour_us), sa.tuple_(*order) > sa.tuple_(*end))
        query = query.where(sa.or_(refusals.c.hour < from_us(hour_us), past))
    rows = (await reader.execute(query)).all()
    items = [Turned(row.hour, row.door, row.device, row.reason, row.times) for row in rows]
    more = len(items) > part.limit
    return Page(items[: part.limit], _place(rows[part.limit - 1]) if more else None)


def _place(row: sa.Row[Any]) -> Position:
    return to_us(row.hour), _DOORS.index(row.door), row.device_id, _WHYS.index(row.reason)


def _word(words: Sequence[str], place: int) -> str:
    return words[place] if place < len(words) else ""


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
