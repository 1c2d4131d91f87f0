"""Coverage and compliance of a plan."""

import asyncio
import datetime as dt
from typing import Annotated

from fastapi import Query, Response

from app.access.viewer import Right, Viewer
from app.api.deps import AsAt, DatabaseDep, Format, Now, viewer_with
from app.api.errors import Invalid
from app.api.fields import Day, Name
from app.api.figurerows import Abstracted, Compliance, Names, columns, shown
from app.api.figures import Figures, flat
from app.api.route import guarded_router
from app.api.tables import csv_response
from app.compliance.calendar import Calendar
from app.compliance.cells import most_cells
from app.compliance.groups import Grouping, Period
from app.compliance.report import Evidence, report
from app.storage import (
    abstractions,
    answers,
    assignments,
    devices,
    duty,
    hotspots,
    people,
    plans,
    recomputes,
    survey,
    visit_reads,
)
from app.storage.engine import Reader
from app.storage.errors import NotFound
from app.storage.types import from_us, to_us
from geofence.model import METHOD

router = guarded_router("compliance")
MOST_DAYS = 400
MOST_CELLS = 2_000_000


@router.get(
    "/compliance",
    response_model=Compliance,
    responses={200: {"content": {"text/csv": {"example": "hotspot,name,cells,...\r\n"}}}},
)
async def get_compliance(
    *,
    viewer: Annotated[Viewer, viewer_with(Right.READ_COMPLIANCE)],
    database: DatabaseDep,
    now: Now,
    as_at: AsAt,
    form: Format,
    plan: Annotated[Name, Query(description="its key")],
    first: Annotated[Day, Query(alias="from", description="operational day")],
    last: Annotated[Day, Query(alias="to", description="operational day, included")],
    by: Grouping = "hotspot",
) -> Compliance | Response:
    """How a plan was kept: coverage, compliance and what belongs beside them, in total and by rows.

    It is the same for all who may ask: of places, made from everybody's visits; but for officers'
    rows, which are of those whom one sees. Without `as_at`, visits that are still open count as
    they stand; with it, only those that were closed by then do, and it comes out the same whenever
    it is asked. As CSV, the last row is the total.
    """
    if by == "officer":
        viewer.require(Right.READ_VISITS)
    period = _period(first, last)
    async with database.read() as reader:
        evidence = await _evidence(reader, viewer, plan, period, as_at=as_at, now=now)
        names = await _names(reader, viewer, by, as_at or now)
        start, end = _times(period, evidence.plan.calendar)
        open_visits = await visit_reads.open_count(reader, viewer, start, end, as_at)
        recomputing = await recomputes.touching(reader, viewer, start, end, as_at)
    found = await asyncio.to_thread(report, evidence, period, by, names.officers.keys())
    answer = Compliance(
        plan=plan,
        first=first,
        last=last,
        as_at=as_at or now,
        by=by,
        method=METHOD,
        coverage_target=evidence.plan.coverage_target,
        open_visits=open_visits,
        recomputing=recomputing,
        retrospective=found.retrospective,
        abstractions=[
            Abstracted(reason=reason, hours=hours) for reason, hours in found.abstractions.items()
        ],
        total=Figures.model_validate(found.total),
        rows=[shown(by, row, names) for row in found.rows],
    )
    return answer if form == "json" else _table(answer)


def _period(first: dt.date, last: dt.date) -> Period:
    if first > last:
        raise Invalid(where="from", what="it is after to")
    if (last - first).days >= MOST_DAYS:
        raise Invalid(where="to", what=f"at most {MOST_DAYS} days can be asked for at once")
    return Period(first, last)


def _times(period: Period, calendar: Calendar) -> tuple[dt.datetime, dt.datetime]:
    start_us, end_us = period.times(calendar)
    return from_us(start_us), from_us(end_us)


async def _names(reader: Reader, viewer: Viewer, by: Grouping, moment: dt.datetime) -> Names:
    return Names(
        hotspots=await hotspots.names(reader, viewer, moment),
        teams=await people.team_names(reader, viewer) if by == "team" else {},
        officers=await people.seen(reader, viewer) if by == "officer" else {},
    )


async def _evidence(
    reader: Reader,
    viewer: Viewer,
    plan: str,
    period: Period,
    *,
    as_at: dt.datetime | None,
    now: dt.datetime,
) -> Evidence:
    moment = as_at or now
    history = await plans.history(reader, viewer, plan, moment)
    if not history:
        msg = f"there is no plan {plan!r}"
        raise NotFound(msg)
    spots = await hotspots.columns(reader, viewer, moment)
    if most_cells(history, spots, period.first, period.last) > MOST_CELLS:
        what = f"that may be more than {MOST_CELLS:,} cells (window x hot spot x day): ask for less"
        raise Invalid(where="to", what=what)
    around = period.widened()
    start, end = _times(around.widened(), history[-1].plan.calendar)
    return Evidence(
        plans=history,
        hotspots=spots,
        visits=await visit_reads.columns(reader, viewer, start, end, as_at),
        assignments=await assignments.columns(reader, viewer, start, end, moment),
        as_at_us=to_us(moment),
        duty=await duty.columns(reader, viewer, start, end, moment),
        abstractions=await abstractions.columns(reader, viewer, start, end, moment),
        officers=await people.columns(reader, viewer),
        devices=await devices.columns(reader, viewer),
        answers=await answers.columns(
            reader, viewer, plan, around.first, around.last, as_at=moment
        ),
        hours=await survey.hours(reader, viewer, start, end, moment),
        nearby=await survey.nearby(reader, viewer, start, end, moment),
    )


def _table(answer: Compliance) -> Response:
    rows = [flat(row.model_dump()) for row in answer.rows]
    total = dict.fromkeys(columns(answer.by), "total") | flat(answer.total.model_dump())
    names = list(rows[0] if rows else total)
    # What goes on from row to row has no total.
    return csv_response(names, [*rows, dict.fromkeys(names) | total], {})
