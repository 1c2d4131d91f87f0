"""The table of events: what people are told, in the order in which it was committed."""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from app.access.naming import Naming
from app.access.viewer import Right, Scope, Viewer
from app.storage import bulk, people
from app.storage.carrying import Carrier, carried, held_at
from app.storage.engine import Reader, Writer, driver_of
from app.storage.pages import Page, Slice
from app.storage.schema import assignments, devices, events, hotspots, officers
from app.storage.types import from_us, to_us

CHANNEL: Final = "beatkeeper_events"
"""Where PostgreSQL says that there are new ones, as soon as they can be read."""


class Kind(StrEnum):
    """What people are told."""

    ENTERED = auto()
    LEFT = auto()
    TARGET_REACHED = auto()
    LEFT_EARLY = auto()
    HOTSPOT_OVERDUE = auto()
    COVERAGE_AT_RISK = auto()
    EMERGENCY = auto()
    POWER_ON = auto()
    POWER_OFF = auto()
    GPS_LOST = auto()
    GPS_BACK = auto()
    BATTERY_LOW = auto()
    GLASS_BROKEN = auto()


# What happened longer ago than this is kept, and nobody is told: it is history by now.
LATEST = dt.timedelta(minutes=15)
# But for these, which matter however late they come: they say when they happened.
ALWAYS_LIVE: Final = frozenset({Kind.EMERGENCY})

# Ids are given, and committed, by one transaction at a time: else one could be read before a
# smaller one is there. It is the last lock that a transaction takes, so that whoever holds it waits
# for nobody, and two can never wait for each other. SQLite has one writer anyway.
# The number is one that no other lock has.
_TURN = f"""
SELECT pg_advisory_xact_lock(1702258030);
SELECT pg_notify('{CHANNEL}', '')
"""


# Of an event's columns, what `Told` begins with; names follow.
_OWN = ("id", "kind", "time", "stored", "live", "visit", "detail", "plan", "data", "device_id")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that people are told: of whose device, at which hot spot, where there is one.

    Of what is about an officer, whatever they carry, `officer_id` says whom.

    `visit` is which stay there it is about, `plan` the key of a plan, `data` the figures that
    belong to it; `live` whether they are told at once, None: by its age.
    """

    kind: str
    time: dt.datetime
    device_id: int | None = None
    hotspot_id: int | None = None
    detail: str | None = None
    visit: dt.datetime | None = None
    live: bool | None = None
    plan: str | None = None
    data: Mapping[str, object] | None = None
    officer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is stored, with the names of its device and hot spot, and who had the device.

    `live` says whether people are told at once, or it was history when it came; `data` is JSON. The
    `carriers` of what is about an officer are that officer.
    """

    id: int
    kind: str
    time: dt.datetime
    stored: dt.datetime
    live: bool
    visit: dt.datetime | None
    detail: str | None
    plan: str | None
    data: str | None
    device_id: int | None
    device: str | None
    hotspot: str | None
    carriers: tuple[Carrier, ...] = ()

    def seen_by(self, viewer: Viewer) -> "Told | None":
        """What a viewer sees of it; None for nothing. What is nobody's, everybody sees."""
        if viewer.scope_of(Right.READ_VISITS) is Scope.EVERYBODY:
            return self
        if self.device_id is None and not self.carriers:
            return self
        mine = tuple(
            one
            for one in self.carriers
            if viewer.sees(Right.READ_VISITS, one.officer_id, one.team_id)
        )
        return replace(self, carriers=mine) if mine else None

    def named_by(self, naming: Naming) -> "Told":
        """The same as it is named to somebody; to whom nobody is, without a device's own words."""
        carriers = (
            one._replace(number=naming.officer(one.number, one.officer_id, one.team_id))
            for one in self.carriers
        )
        return replace(
            self,
            device=None if self.device is None else naming.device(self.device),
            carriers=tuple(sorted(carriers, key=lambda one: one.number)),
            detail=self.detail if naming.by_name or self.visit is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: that happened from `start` until before `end`; None leaves a thing open."""

    start: dt.datetime | None = None
    end: dt.datetime | None = None
    kinds: Sequence[str] | None = None


def of_officers(told: Event, officer_ids: Collection[int]) -> list[Event]:
    """The same told of each of some officers; of none, nobody is told."""
    return [replace(told, officer_id=officer_id) for officer_id in sorted(officer_ids)]


async def write(writer: Writer, told: Sequence[Event], now: dt.datetime) -> None:
    """Adds events, as the last thing that a transaction does: it then has its turn to commit."""
    if not told:
        return
    rows = [_row(event, now) for event in told]
    if writer.dialect.name == "postgresql" and any(row["live"] for row in rows):
        # Only what is told at once is read in the order of the ids.
        await (await driver_of(writer)).execute(_TURN)
    await bulk.insert(writer, events, rows)


def is_live(event: Event, now: dt.datetime) -> bool:
    """Whether people are told of it at once, or it is history when it comes."""
    if event.live is None:
        return event.kind in ALWAYS_LIVE or now - event.time <= LATEST
    return event.live


def _row(event: Event, now: dt.datetime) -> dict[str, object]:
    return {
        "kind": event.kind,
        "time": event.time,
        "stored": now,
        "live": is_live(event, now),
        "device_id": event.device_id,
        "hotspot_id": event.hotspot_id,
        "visit": event.visit,
        "detail": event.detail,
        "plan": event.plan,
        "data": None if event.data is None else json.dumps(event.data),
        "officer_id": event.officer_id,
    }


async def last(reader: Reader) -> int:
    """The id of the last event that people were told at once; 0 if there is none."""
    found = await reader.scalar(sa.select(sa.func.max(events.c.id)).where(events.c.live))
    return int(found or 0)


async def after(
    reader: Reader, id_: int, most: int, kinds: Sequence[str] | None = None
) -> list[Told]:
    """The first events after an id, of these kinds or all, that people are told at once.

    For whoever may see them.
    """
    chosen = sa.select(events).where(events.c.live, events.c.id > id_)
    if kinds is not None:
        chosen = chosen.where(events.c.kind.in_(kinds))
    return await _told(reader, chosen, [events.c.id], most)


async def page(reader: Reader, viewer: Viewer, wanted: Wanted, part: Slice) -> Page[Told]:
    """The events that the viewer sees, live ones or not, ordered by when they happened and id."""
    viewer.require(Right.READ_VISITS)
    order = [events.c.time, events.c.id]
    chosen = sa.select(events).where(*_conditions(viewer, wanted))
    if part.after is not None:
        time, id_ = from_us(part.after[0]), part.after[1]
        same = sa.and_(events.c.time == time, events.c.id > id_)
        chosen = chosen.where(sa.or_(events.c.time > time, same))
    found = await _told(reader, chosen, order, part.limit + 1)
    end = found[part.limit - 1] if len(found) > part.limit else None
    seen = (one.seen_by(viewer) for one in found[: part.limit])
    items = [one for one in seen if one is not None]
    return Page(items, None if end is None else (to_us(end.time), end.id))


def _conditions(viewer: Viewer, wanted: Wanted) -> Iterable[sa.ColumnElement[bool]]:
    if wanted.start is not None:
        yield events.c.time >= wanted.start
    if wanted.end is not None:
        yield events.c.time < wanted.end
    if wanted.kinds is not None:
        yield events.c.kind.in_(wanted.kinds)
    if viewer.scope_of(Right.READ_VISITS) is not Scope.EVERYBODY:
        seen = people.seen_by(viewer, Right.READ_VISITS)
        nobodys = sa.and_(events.c.device_id.is_(None), events.c.officer_id.is_(None))
        mine = carried(events.c.device_id, events.c.time, seen)
        yield sa.or_(nobodys, events.c.officer_id.in_(seen), mine)


async def _told(
    reader: Reader, chosen: sa.Select[Any], order: Sequence[sa.ColumnElement[Any]], most: int
) -> list[Told]:
    """Chosen events with the names that belong to them; one that several had comes as one."""
    first = chosen.order_by(*order).limit(most).subquery()
    query = (
        sa.select(
            *(first.c[name] for name in _OWN),
            devices.c.name,
            hotspots.c.key,
            officers.c.id.label("officer_id"),
            officers.c.number,
            officers.c.team_id,
        )
        .select_from(first)
        .outerjoin(devices, devices.c.id == first.c.device_id)
        .outerjoin(hotspots, hotspots.c.id == first.c.hotspot_id)
        .outerjoin(assignments, held_at(first.c.device_id, first.c.time))
        .outerjoin(
            officers,
            officers.c.id == sa.func.coalesce(first.c.officer_id, assignments.c.officer_id),
        )
        .order_by(*(first.c[column.name] for column in order), officers.c.number)
    )
    rows = (await reader.execute(query)).all()
    return [_one([tuple(row) for row in same]) for _, same in groupby(rows, lambda row: row.id)]


def _one(rows: Sequence[tuple[Any, ...]]) -> Told:
    own = len(_OWN) + 2
    carriers = tuple(Carrier(*row[own:]) for row in rows if row[own] is not None)
    return Told(*(*rows[0][:own], carriers))
