"""What a device's figures are made of: its fixes in columns, what it said, what is expected of it.

A device at a time: memory holds one device's span, however many devices there are.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from app.access.naming import Naming
from app.access.viewer import Right
from app.observing.track import Saying, Track
from app.storage import catalogue, columnar
from app.storage.device_pages import as_named
from app.storage.devices import carried, on_trial, seen_by
from app.storage.engine import Reader
from app.storage.guarding import unplaced
from app.storage.pages import Page, Slice
from app.storage.schema import (
    device_addresses,
    device_events,
    device_states,
    devices,
    fixes,
    quarantine,
)
from app.storage.types import to_us
from geofence.model import Profile
from geofence.runs import begins

# Not a number where nothing was said; SQLite, which has none, leaves it null.
_NOTHING = sa.literal(math.nan, sa.Double)
_FIXES = sa.select(
    fixes.c.time,
    fixes.c.received,
    fixes.c.lon,
    fixes.c.lat,
    sa.func.coalesce(fixes.c.accuracy_m, _NOTHING).label("accuracy_m"),
    sa.func.coalesce(fixes.c.speed_mps, _NOTHING).label("speed_mps"),
)
# Nobody kept where, nor how fast.
_UNPLACED = sa.select(
    unplaced.c.time,
    unplaced.c.received,
    _NOTHING.label("lon"),
    _NOTHING.label("lat"),
    sa.func.coalesce(unplaced.c.accuracy_m, _NOTHING).label("accuracy_m"),
    _NOTHING.label("speed_mps"),
)


@dataclass(frozen=True, slots=True)
class Watched:
    """A device, what is expected of it, when its last fixes came, and if somebody has it now."""

    id: int
    name: str
    kind: str
    profile_name: str
    profile: Profile
    heard: dt.datetime | None
    carried: bool


async def page(
    reader: Reader, naming: Naming, part: Slice, now: dt.datetime, name: str | None = None
) -> Page[Watched]:
    """The devices that somebody may see, as they are named to them; one, if named.

    Neither gateways, which are nowhere, nor the doctor's.
    """
    viewer = naming.viewer
    viewer.require(Right.READ_DEVICES)
    profiles = await catalogue.profiles(reader)
    query = (
        sa.select(devices, device_states.c.heard, devices.c.id.in_(carried(now)).label("carried"))
        .outerjoin(device_states, device_states.c.device_id == devices.c.id)
        .where(seen_by(viewer, now), devices.c.kind != "gateway", ~on_trial())
    )
    if name is not None:
        query = query.where(devices.c.name == name)

    def watched(row: sa.Row[tuple[object, ...]]) -> Watched:
        profile = profiles.get(row.profile, Profile())
        return Watched(row.id, row.name, row.kind, row.profile, profile, row.heard, row.carried)

    return await as_named(reader, query, naming, part, watched)


async def track(reader: Reader, device: int, start: dt.datetime, end: dt.datetime) -> Track:
    """A device's fixes of a span, `end` excluded, by device time; also those without a place."""
    mine = fixes.c.device_id == device, fixes.c.time >= start, fixes.c.time < end
    placed = await _track(reader, _FIXES.where(*mine).order_by(fixes.c.time))
    c = unplaced.c
    theirs = c.device_id == device, c.time >= start, c.time < end
    far = await _track(reader, _UNPLACED.where(*theirs))
    if not len(far):
        return placed
    both = Track.concat([placed, far])
    # Of one time, the one whose place is known.
    both = both.take(np.lexsort((np.isnan(both.lon), both.time_us)))
    return both.take(begins(both.time_us))


async def lately(reader: Reader, device: int, start: dt.datetime, end: dt.datetime) -> Track:
    """Up to 5000 of a device's fixes that came in a span, whatever time they are of.

    It looks at all fixes of the device: meant for those whose fixes of that time are not there.
    """
    span = fixes.c.received >= start, fixes.c.received < end
    mine = _FIXES.where(fixes.c.device_id == device, *span)
    return await _track(reader, mine.order_by(fixes.c.time).limit(5000))


async def _track(reader: Reader, query: sa.Select[Any]) -> Track:
    found = await columnar.columns(reader, query)
    return Track(
        time_us=found["time"],
        received_us=found["received"],
        lon=found["lon"],
        lat=found["lat"],
        accuracy_m=found["accuracy_m"],
        speed_mps=found["speed_mps"],
    )


async def sayings(
    reader: Reader, device: int, start: dt.datetime, end: dt.datetime
) -> list[Saying]:
    """What a device said of itself in a span, by time."""
    said = device_events.c
    query = (
        sa.select(said.time, said.kind)
        .where(said.device_id == device, said.time >= start, said.time < end)
        .order_by(said.time, said.kind)
    )
    return [Saying(to_us(row.time), row.kind) for row in await reader.execute(query)]


async def sources(
    reader: Reader, device: int, start: dt.datetime, end: dt.datetime
) -> frozenset[str]:
    """The wire formats that a device's fixes of a span came in."""
    mine = fixes.c.device_id == device, fixes.c.time >= start, fixes.c.time < end
    return frozenset(await reader.scalars(sa.select(fixes.c.source).where(*mine).distinct()))


@dataclass(frozen=True, slots=True)
class Unusable:
    """A sender whose messages of a format are in quarantine: how many, and why the last one is."""

    sender: str
    format: str
    messages: int
    reason: str


async def unusable(reader: Reader, start: dt.datetime, most: int = 1000) -> Sequence[Unusable]:
    """Who has sent messages since a moment that could not be used; the most of them first."""
    kept = quarantine.c
    number = sa.func.count()
    groups = (
        sa.select(sa.func.max(kept.id).label("last"), number.label("messages"))
        .where(kept.received >= start)
        .group_by(kept.sender, kept.format)
        .order_by(number.desc(), kept.sender, kept.format)
        .limit(most)
        .subquery()
    )
    query = (
        sa.select(kept.sender, kept.format, groups.c.messages, kept.reason)
        .join(groups, groups.c.last == kept.id)
        .order_by(groups.c.messages.desc(), kept.sender, kept.format)
    )
    return [Unusable(*row) for row in await reader.execute(query)]


async def figures_of(
    reader: Reader, device: int, start: dt.datetime, end: dt.datetime
) -> tuple[Track, list[Saying]]:
    """A device's fixes of a span and what it said in and shortly before it."""
    said = await sayings(reader, device, start - dt.timedelta(hours=1), end)
    return await track(reader, device, start, end), said


@dataclass(frozen=True, slots=True)
class Shared:
    """An address that several devices have, though of different kinds, and their names."""

    address: str
    devices: list[str]


async def shared_addresses(reader: Reader) -> list[Shared]:
    """Addresses that do not tell devices from each other, by address."""
    twice = (
        sa.select(device_addresses.c.address)
        .group_by(device_addresses.c.address)
        .having(sa.func.count(sa.distinct(device_addresses.c.device_id)) > 1)
    )
    query = (
        sa.select(device_addresses.c.address, devices.c.name)
        .join(devices, devices.c.id == device_addresses.c.device_id)
        .where(device_addresses.c.address.in_(twice))
        .distinct()
        .order_by(device_addresses.c.address, devices.c.name)
    )
    found: dict[str, list[str]] = {}
    for row in await reader.execute(query):
        found.setdefault(row.address, []).append(row.name)
    return [Shared(address, names) for address, names in found.items()]
