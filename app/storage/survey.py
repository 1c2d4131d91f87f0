"""What surveying found: minutes observed hour by hour, and time spent close to hot spots."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.compliance.observed import Hours, Nearby
from app.compliance.tracking import settled_us
from app.storage import bulk, columnar, surveying
from app.storage.engine import Reader, Writer
from app.storage.knowledge import known_at
from app.storage.schema import device_hours
from app.storage.schema import nearby as nearby_table
from app.storage.types import from_us, to_us

HOUR = dt.timedelta(hours=1)


class HourRow(NamedTuple):
    """A device's hour (microseconds), its fixes, and by bit n whether minute n was observed."""

    device: int
    hour_us: int
    fixes: int
    observed: int


class NearbyRow(NamedTuple):
    """When a device was close to a hot spot (microseconds): within one hour."""

    device: int
    hotspot: int
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known, or found, of some devices and hours; each row once."""

    hours: frozenset[HourRow]
    nearby: frozenset[NearbyRow]

    def without(self, other: "Survey") -> "Survey":
        """What the other does not say."""
        return Survey(self.hours - other.hours, self.nearby - other.nearby)


async def held(
    reader: Reader, device_ids: Collection[int], start: dt.datetime, end: dt.datetime
) -> tuple[Survey, dt.datetime | None]:
    """What is now held true of these devices from hour to hour, and since when the newest of it."""
    h, n = device_hours.c, nearby_table.c
    hours = sa.select(h.device_id, h.hour, h.fixes, h.observed, h.known_from).where(
        h.device_id.in_(device_ids), h.hour >= start, h.hour < end, h.known_to.is_(None)
    )
    close = sa.select(n.device_id, n.hotspot_id, n.start, n.end, n.known_from).where(
        n.device_id.in_(device_ids), n.start >= start, n.start < end, n.known_to.is_(None)
    )
    hour_rows = (await reader.execute(hours)).all()
    close_rows = (await reader.execute(close)).all()
    survey = Survey(
        frozenset(HourRow(d, to_us(hour), fixes, bits) for d, hour, fixes, bits, _ in hour_rows),
        frozenset(
            NearbyRow(d, h, to_us(since), to_us(until)) for d, h, since, until, _ in close_rows
        ),
    )
    return survey, max((row.known_from for row in (*hour_rows, *close_rows)), default=None)


async def replace(writer: Writer, gone: Survey, new: Survey, now: dt.datetime) -> None:
    """Adds what is new and keeps what is gone as what was believed until now."""
    h, n = device_hours.c, nearby_table.c
    this_hour = h.device_id == sa.bindparam("_device"), h.hour == sa.bindparam("_hour")
    await _end(
        writer,
        sa.update(device_hours).where(*this_hour, h.known_to.is_(None)).values(known_to=now),
        [{"_device": row.device, "_hour": from_us(row.hour_us)} for row in gone.hours],
    )
    this_time = (
        n.device_id == sa.bindparam("_device"),
        n.hotspot_id == sa.bindparam("_hotspot"),
        n.start == sa.bindparam("_start"),
    )
    await _end(
        writer,
        sa.update(nearby_table).where(*this_time, n.known_to.is_(None)).values(known_to=now),
        [
            {"_device": row.device, "_hotspot": row.hotspot, "_start": from_us(row.start_us)}
            for row in gone.nearby
        ],
    )
    await bulk.insert(writer, device_hours, [_hour_values(row, now) for row in new.hours])
    await bulk.insert(writer, nearby_table, [_nearby_values(row, now) for row in new.nearby])


async def _end(
    writer: Writer, update: sa.Update, keys: Sequence[Mapping[str, int | dt.datetime]]
) -> None:
    if keys:
        await writer.execute(update, keys)


def _hour_values(row: HourRow, now: dt.datetime) -> dict[str, object]:
    return {
        "device_id": row.device,
        "hour": from_us(row.hour_us),
        "known_from": now,
        "fixes": row.fixes,
        "observed": row.observed,
    }


def _nearby_values(row: NearbyRow, now: dt.datetime) -> dict[str, object]:
    return {
        "device_id": row.device,
        "hotspot_id": row.hotspot,
        "start": from_us(row.start_us),
        "known_from": now,
        "end": from_us(row.end_us),
    }


async def hours(
    reader: Reader, viewer: Viewer, start: dt.datetime, end: dt.datetime, as_at: dt.datetime
) -> Hours:
    """Everybody's hours that touch a stretch of time, as known at a moment; in any order.

    What is still to be surveyed is so by now, whatever the moment. For figures of places, which
    name nobody and do not depend on who may ask for them.
    """
    viewer.require(Right.READ_COMPLIANCE)
    h = device_hours.c
    query = sa.select(h.device_id, h.hour, h.observed).where(
        h.hour > start - HOUR, h.hour < end, known_at(device_hours, as_at)
    )
    found = await columnar.columns(reader, query)
    pending = await surveying.pending(reader, from_us(settled_us(to_us(as_at))))
    return Hours(found["device_id"], found["hour"], found["observed"], pending)


async def nearby(
    reader: Reader, viewer: Viewer, start: dt.datetime, end: dt.datetime, as_at: dt.datetime
) -> Nearby:
    """When anybody was close to hot spots in a stretch of time, as known at a moment; in any order.

    For figures of places, too.
    """
    viewer.require(Right.READ_COMPLIANCE)
    n = nearby_table.c
    # None is longer than an hour: by their starts they are found quickly.
    touching = n.start > start - HOUR, n.start < end, n.end > start
    query = sa.select(n.device_id, n.hotspot_id, n.start, n.end)
    found = await columnar.columns(reader, query.where(*touching, known_at(nearby_table, as_at)))
    return Nearby(found["device_id"], found["hotspot_id"], found["start"], found["end"])
