"""What devices say of themselves: each (device, time, kind) once; of some, people are told."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.access.viewer import Right, Scope, Viewer
from app.storage import devices, events, people
from app.storage.carrying import carried
from app.storage.engine import Reader, Writer
from app.storage.events import Event, Kind, Wanted
from app.storage.pages import Page, Slice
from app.storage.schema import device_events
from app.storage.types import from_us, storable, to_us
from ingest.message import Said

# Characters; both texts may be a stranger's, and what is longer is cut.
LONGEST_KIND = 40
LONGEST_DETAIL = 200

TOLD: Final = frozenset(
    {
        Kind.EMERGENCY,
        Kind.POWER_ON,
        Kind.POWER_OFF,
        Kind.GPS_LOST,
        Kind.GPS_BACK,
        Kind.BATTERY_LOW,
    }
)
"""What people are told at once; networks come and go with every lift, which only explains gaps."""

_NEW = (
    device_events.c.device_id,
    device_events.c.time,
    device_events.c.kind,
    device_events.c.detail,
)
_ADD = {
    "sqlite": sqlite.insert(device_events).on_conflict_do_nothing().returning(*_NEW),
    "postgresql": postgresql.insert(device_events).on_conflict_do_nothing().returning(*_NEW),
}


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """What a device said: when it happened, when that came, in which wire format."""

    time: dt.datetime
    kind: str
    received: dt.datetime
    detail: str | None
    source: str


async def keep(writer: Writer, rows: Sequence[Said], now: dt.datetime) -> None:
    """Stores events; of those with one key the first to come stays. Tells people of new ones."""
    if not rows:
        return
    # In the order of their keys: two transactions that wait for each other's would do so for ever.
    ordered = sorted(rows, key=lambda said: (said.device, said.time_us, said.kind))
    added = await writer.execute(_ADD[writer.dialect.name], [_row(said) for said in ordered])
    told = [
        Event(kind=row.kind, time=row.time, device_id=row.device_id, detail=row.detail)
        for row in added
        if row.kind in TOLD
    ]
    await events.write(writer, told, now)


def _row(said: Said) -> dict[str, object]:
    return {
        "device_id": said.device,
        "time": from_us(said.time_us),
        "kind": storable(said.kind[:LONGEST_KIND]),
        "received": from_us(said.received_us),
        "detail": None if said.detail is None else storable(said.detail[:LONGEST_DETAIL]),
        "source": said.source,
    }


async def page(
    reader: Reader,
    viewer: Viewer,
    device: str,
    wanted: Wanted,
    part: Slice,
) -> Page[DeviceEvent]:
    """What a device said, by time, while it was with somebody whom the viewer sees.

    A part ends at a time and how many events of that time it has given. Raises NotFound where there
    is no such device, or it was never with any of these.
    """
    viewer.require(Right.READ_VISITS)
    mine = device_events.c.device_id == await devices.seen_id(reader, viewer, device)
    query = sa.select(*(device_events.c[name] for name in DeviceEvent.__dataclass_fields__))
    query = query.where(mine, *_conditions(viewer, wanted))
    time_us, given = part.after or (0, 0)
    if part.after is not None:
        query = query.where(device_events.c.time >= from_us(time_us)).offset(given)
    query = query.order_by(device_events.c.time, device_events.c.kind).limit(part.limit + 1)
    found = [DeviceEvent(*row) for row in (await reader.execute(query)).all()]
    items = found[: part.limit]
    if len(found) == len(items):
        return Page(items, None)
    last_us = to_us(items[-1].time)
    same = sum(one.time == items[-1].time for one in items)
    return Page(items, (last_us, same + (given if last_us == time_us else 0)))


def _conditions(viewer: Viewer, wanted: Wanted) -> Iterable[sa.ColumnElement[bool]]:
    if wanted.start is not None:
        yield device_events.c.time >= wanted.start
    if wanted.end is not None:
        yield device_events.c.time < wanted.end
    if wanted.kinds is not None:
        yield device_events.c.kind.in_(wanted.kinds)
    if viewer.scope_of(Right.READ_VISITS) is not Scope.EVERYBODY:
        yield carried(
            device_events.c.device_id,
            device_events.c.time,
            people.seen_by(viewer, Right.READ_VISITS),
        )
