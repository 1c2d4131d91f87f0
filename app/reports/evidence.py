"""What figures of a plan are made from, read from storage: at once, or some days at a time."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.access.viewer import Viewer
from app.compliance.calendar import DAY, Calendar
from app.compliance.cells import HotspotVersions, PlanVersion, most_cells
from app.compliance.groups import Period
from app.compliance.limits import LONGEST_PRESENCE_DAYS
from app.compliance.presence import reach
from app.compliance.reckoning import Evidence, Reckoning, reckon
from app.compliance.visits import VisitColumns
from app.reports.table import OfPlan
from app.storage import (
    abstractions,
    answers,
    assignments,
    devices,
    duty,
    hotspots,
    people,
    plans,
    survey,
    visit_reads,
)
from app.storage.engine import Reader
from app.storage.errors import NotFound
from app.storage.types import from_us, to_us

# What is read at once, whichever is fewer days: years of a plan then take no more memory.
_MOST_DAYS: Final = 31
_MOST_CELLS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was, and which hot spots there were, at any time up to a moment."""

    plans: Sequence[PlanVersion]
    hotspots: HotspotVersions

    def most_cells(self, days: Period) -> int:
        """How many cells in windows those days have at most."""
        return most_cells(self.plans, self.hotspots, days.first, days.last)

    def blocks(self, days: Period, most_cells: int = _MOST_CELLS) -> Iterator[Period]:
        """The days in stretches of a month, or of fewer days where that might be too many cells."""
        a_day = max(self.most_cells(Period(days.first, days.first)), 1)
        length = min(max(most_cells // a_day, 1), _MOST_DAYS) * DAY
        first = days.first
        while first <= days.last:
            yield Period(first, min(first + length - DAY, days.last))
            first += length


async def basis(reader: Reader, viewer: Viewer, plan: str, moment: dt.datetime) -> Basis:
    """Raises NotFound where there is no such plan, or was none at that moment."""
    history = await plans.history(reader, viewer, plan, moment)
    if not history:
        raise NotFound(await _missing(reader, viewer, plan))
    return Basis(history, await hotspots.columns(reader, viewer, moment))


async def _missing(reader: Reader, viewer: Viewer, plan: str) -> str:
    since = await plans.known_since(reader, viewer, plan)
    if since is None:
        return f"there is no plan {plan!r}"
    return f"the plan {plan!r} was not known then: it was loaded on {since:%Y-%m-%d at %H:%M} UTC"


async def evidence_of(reader: Reader, viewer: Viewer, about: Basis, asked: OfPlan) -> Evidence:
    """All that was known at the moment that is asked about of those days, and the days around."""
    moment, around = asked.as_at or asked.now, asked.days.widened()
    calendar = about.plans[-1].plan.calendar
    start, end = map(from_us, around.widened().times(calendar))
    visits, read = await _visits(reader, viewer, around, calendar, asked.as_at)
    return Evidence(
        plans=about.plans,
        hotspots=about.hotspots,
        visits=visits,
        assignments=await assignments.columns(reader, viewer, *read, moment),
        as_at_us=to_us(moment),
        duty=await duty.columns(reader, viewer, start, end, moment),
        abstractions=await abstractions.columns(reader, viewer, start, end, moment),
        officers=await people.columns(reader, viewer, moment),
        devices=await devices.columns(reader, viewer),
        answers=await answers.columns(
            reader, viewer, asked.plan, around.first, around.last, as_at=moment
        ),
        hours=await survey.hours(reader, viewer, start, end, moment),
        nearby=await survey.nearby(reader, viewer, start, end, moment),
    )


async def _visits(
    reader: Reader,
    viewer: Viewer,
    days: Period,
    calendar: Calendar,
    as_at: dt.datetime | None,
) -> tuple[VisitColumns, tuple[dt.datetime, dt.datetime]]:
    """Visits of some days and of all presence that goes on into them, and the stretch that is read.

    More days are read beside them until none goes on at either edge, or all that counts is read.
    """
    more = 1
    while True:
        read_us = days.widened(more).times(calendar)
        read = from_us(read_us[0]), from_us(read_us[1])
        visits = await visit_reads.columns(reader, viewer, *read, as_at)
        start_us, end_us = await asyncio.to_thread(reach, visits, *days.times(calendar))
        ends_within = read_us[0] < start_us and end_us < read_us[1]
        if ends_within or more > LONGEST_PRESENCE_DAYS:
            return visits, read
        more *= 2


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A block of days of a plan as it came out, and the hot spots' keys and names by id."""

    plan: str
    reckoning: Reckoning
    hotspots: Mapping[int, tuple[str, str]]


async def reckoned(reader: Reader, viewer: Viewer, asked: OfPlan) -> AsyncIterator[Reckoned]:
    """The days that are asked for, block after block; a day comes out the same in any block.

    Raises NotFound where there is no such plan; Forbidden.
    """
    moment = asked.as_at or asked.now
    about = await basis(reader, viewer, asked.plan, moment)
    names = await hotspots.names(reader, viewer, moment)
    for days in about.blocks(asked.days):
        evidence = await evidence_of(reader, viewer, about, replace(asked, days=days))
        yield Reckoned(asked.plan, await asyncio.to_thread(reckon, evidence, days), names)
