"""What is stored of the officer who asks, as a person has the right to know."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage import erasing
from app.storage.engine import Reader
from app.storage.erasing import Person
from app.storage.errors import NotFound
from app.storage.schema import answers, assignments, devices, duty_times, hotspots, officers

# Of each list, the last of them.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the officer said of a hot spot, and when."""

    time: dt.datetime
    hotspot: str
    day: dt.date
    window: str
    answer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Time:
    """A stretch of time: on duty, or with a device; `end` None: still."""

    start: dt.datetime
    end: dt.datetime | None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class OwnData:
    """What there is of an officer: `rows` of which table, and what is short enough to be listed."""

    number: str
    name: str
    rows: Mapping[str, int]
    duty_times: Sequence[Time]
    devices: Sequence[Time]
    answers: Sequence[Answer]


async def read(reader: Reader, viewer: Viewer) -> OwnData:
    """What is stored of the officer who asks. Raises NotFound where they are none."""
    viewer.require(Right.READ_TRACKS)
    query = sa.select(officers.c.number, officers.c.name).where(officers.c.id == viewer.officer_id)
    known = (await reader.execute(query)).one_or_none()
    if known is None or viewer.officer_id is None:
        msg = "you are not known as an officer: there is nothing of you but the audit log"
        raise NotFound(msg)
    me = Person(viewer.officer_id, known.number, None, None)
    mine = await erasing.stretches(reader, me)
    tracked = erasing.tracked(reader.dialect.name, mine)
    held = await erasing.count(reader, [*tracked, *erasing.said(me)])
    return OwnData(
        number=known.number,
        name=known.name,
        rows={table: count for table, count in sorted(held.items()) if count},
        duty_times=await _duty_times(reader, me.id),
        devices=await _devices(reader, me.id),
        answers=await _answers(reader, me.id),
    )


async def _duty_times(reader: Reader, officer: int) -> list[Time]:
    d = duty_times.c
    query = sa.select(d.start, d.end).where(d.officer_id == officer, d.known_to.is_(None))
    return [Time(*row) for row in await reader.execute(query.order_by(d.start.desc()).limit(MOST))]


async def _devices(reader: Reader, officer: int) -> list[Time]:
    a = assignments.c
    query = (
        sa.select(a.start, a.end, devices.c.name)
        .join(devices, devices.c.id == a.device_id)
        .where(a.officer_id == officer, a.known_to.is_(None))
    )
    return [Time(*row) for row in await reader.execute(query.order_by(a.start.desc()).limit(MOST))]


async def _answers(reader: Reader, officer: int) -> list[Answer]:
    a = answers.c
    query = (
        sa.select(a.known_from, hotspots.c.key, a.day, a.window, a.answer, a.reason)
        .join(hotspots, hotspots.c.id == a.hotspot_id)
        .where(a.officer_id == officer, a.known_to.is_(None))
    )
    rows = await reader.execute(query.order_by(a.known_from.desc()).limit(MOST))
    return [Answer(*row) for row in rows]
