"""How plans stand now is read here: what bears on their windows, and who is where."""

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.compliance.calendar import DAY
from app.compliance.cells import PlanVersion
from app.compliance.scene import Scene, first_day
from app.storage import (
    answers,
    assignments,
    duty,
    hotspots,
    people,
    plans,
    survey,
    visit_reads,
)
from app.storage.carrying import Carrier, held_at
from app.storage.engine import Reader
from app.storage.errors import NotFound
from app.storage.schema import assignments as assignments_table
from app.storage.schema import officers, whereabouts
from app.storage.schema import plans as plans_table
from app.storage.types import MICROSECOND, from_us, to_us


async def scenes(
    reader: Reader, viewer: Viewer, since: dt.datetime, now: dt.datetime, key: str | None = None
) -> list[Scene]:
    """What is known of all plans, or of one, with windows begun by now and not over at `since`.

    Nothing but the plans is read where there is no such window. Raises NotFound where there is no
    plan of that key.
    """
    viewer.require(Right.READ_COMPLIANCE)
    found = await begun(reader, viewer, since, now, key)
    if not found:
        return []
    start = min(versions[-1].plan.calendar.start_of(day) for versions, day in found)
    times = from_us(start), now + MICROSECOND
    spots = await hotspots.columns(reader, viewer, now)
    visits = await visit_reads.columns(reader, viewer, *times, as_at=None)
    carried = await assignments.columns(reader, viewer, *times, now)
    on_duty = await duty.columns(reader, viewer, *times, now)
    everybody = await people.columns(reader, viewer, now)
    hours = await survey.hours(reader, viewer, *times, now)
    entered = await _entered(reader)
    return [
        Scene(
            plans=versions,
            hotspots=spots,
            visits=visits,
            assignments=carried,
            duty=on_duty,
            officers=everybody,
            hours=hours,
            answers=await answers.columns(
                reader, viewer, versions[-1].plan.key, day, (now + DAY).date(), as_at=now
            ),
            entered=entered,
            first=day,
            since_us=to_us(since),
            now_us=to_us(now),
        )
        for versions, day in found
    ]


async def begun(
    reader: Reader, viewer: Viewer, since: dt.datetime, now: dt.datetime, key: str | None = None
) -> list[tuple[Sequence[PlanVersion], dt.date]]:
    """All plans, or one, with windows begun by now and not over at `since`, by key.

    Each as it has been known, with the first operational day that has such a window. Raises
    NotFound where there is no plan of that key.
    """
    keys = [key] if key is not None else await _running(reader, since, now)
    found = []
    for one in keys:
        versions = await plans.history(reader, viewer, one, now)
        if not versions:
            msg = f"there is no plan {one!r}"
            raise NotFound(msg)
        day = first_day(versions, to_us(since), to_us(now))
        if day is not None:
            found.append((versions, day))
    return found


async def _running(reader: Reader, since: dt.datetime, now: dt.datetime) -> list[str]:
    """The keys of plans that may have a window then, give or take a day for their time zone."""
    query = sa.select(plans_table.c.key).where(
        plans_table.c.known_to.is_(None),
        plans_table.c.first_day <= (now + DAY).date(),
        sa.or_(
            plans_table.c.last_day.is_(None), plans_table.c.last_day >= (since - 2 * DAY).date()
        ),
    )
    return list(await reader.scalars(query.order_by(plans_table.c.key)))


async def _entered(reader: Reader) -> frozenset[tuple[int, int]]:
    """Which devices are at which hot spots, as people have been told at once."""
    here = whereabouts.c
    rows = await reader.execute(sa.select(here.device_id, here.hotspot_id).where(here.live))
    return frozenset((row.device_id, row.hotspot_id) for row in rows)


async def carriers(
    reader: Reader, viewer: Viewer, devices: Collection[int], now: dt.datetime
) -> dict[int, Carrier]:
    """Who has each of these devices, as far as they are with somebody.

    Everybody: whom a viewer sees, `Viewer.sees` says, and of the others they may know how many.
    """
    viewer.require(Right.READ_COMPLIANCE)
    moment = sa.literal(now, assignments_table.c.start.type)
    query = (
        sa.select(
            assignments_table.c.device_id, officers.c.id, officers.c.number, officers.c.team_id
        )
        .join(officers)
        .where(
            assignments_table.c.device_id.in_(devices),
            held_at(assignments_table.c.device_id, moment),
        )
    )
    return {row[0]: Carrier(*row[1:]) for row in await reader.execute(query)}
