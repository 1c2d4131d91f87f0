"""Rows that have come of age: deleted in slices, so that nobody waits long for any of them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final

import sqlalchemy as sa

from app.storage.engine import Reader, Writer
from app.storage.guarding import refusals, unplaced
from app.storage.schema import (
    answers,
    briefing_reads,
    device_events,
    device_hours,
    device_states,
    events,
    fixes,
    nearby,
    raised,
    recomputes,
    visits,
    whereabouts,
)


class What(StrEnum):
    """What a period is set for."""

    FIXES = auto()
    VISITS = auto()
    EVENTS = auto()
    AUDIT = auto()


@dataclass(frozen=True, slots=True)
class Aged:
    """A table, by which of its columns its rows age, and which of them may go at all.

    `by_device`: it has no index by time, and is gone through device after device.
    """

    table: sa.Table
    time: sa.ColumnElement[dt.datetime | None]
    only: Sequence[sa.ColumnElement[bool]] = ()
    by_device: bool = False


# In an order in which no row goes before those that point to it.
AGED: Final[Mapping[What, Sequence[Aged]]] = {
    What.FIXES: (
        Aged(fixes, fixes.c.time, by_device=True),
        Aged(unplaced, unplaced.c.time, by_device=True),
    ),
    What.VISITS: (
        Aged(visits, visits.c.enter, (~visits.c.open,)),
        Aged(device_hours, device_hours.c.hour),
        Aged(nearby, nearby.c.start),
        Aged(whereabouts, whereabouts.c.visit),
        # They are counted beside the visits.
        Aged(answers, answers.c.known_from),
    ),
    What.EVENTS: (
        Aged(events, events.c.time),
        Aged(device_events, device_events.c.time, by_device=True),
        Aged(raised, raised.c.time),
        Aged(briefing_reads, briefing_reads.c.read),
    ),
    What.AUDIT: (
        Aged(refusals, refusals.c.hour),
        Aged(recomputes, recomputes.c.done),
    ),
}


async def devices(reader: Reader) -> list[int]:
    """The devices of which there may be fixes, or anything else."""
    query = sa.select(device_states.c.device_id).order_by(device_states.c.device_id)
    return list(await reader.scalars(query))


async def delete(
    writer: Writer,
    aged: Aged,
    before: dt.datetime,
    most: int,
    device_ids: Sequence[int] | None = None,
) -> int:
    """Deletes up to so many of a table's rows from before a moment; says how many that were.

    Of one that is gone through `by_device`, those of some devices.
    """
    keys = list(aged.table.primary_key.columns)
    # Said twice: so PostgreSQL looks into no partition of later days.
    old = [aged.time < before, *aged.only]
    if device_ids is not None:
        old.append(aged.table.c.device_id.in_(device_ids))
    chosen = sa.select(*keys).where(*old).limit(most)
    key = keys[0] if len(keys) == 1 else sa.tuple_(*keys)
    gone = await writer.execute(sa.delete(aged.table).where(key.in_(chosen), *old))
    return gone.rowcount
