"""Coverage and compliance of a plan."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Annotated

from fastapi import Query, Response

from app.access.viewer import Right, Viewer
from app.api.deps import AsAt, DatabaseDep, Format, Now, viewer_with
from app.api.errors import Invalid
from app.api.fields import Day, Name
from app.api.figures import Compliance, DayRow, Figures, HotspotRow, Row, WindowRow, flat
from app.api.route import guarded_router
from app.api.tables import csv_response
from app.compliance import figures
from app.compliance.calendar import Calendar
from app.compliance.cells import most_cells
from app.compliance.report import Evidence, Grouping, Period, report
from app.storage import assignments, hotspots, plans, recomputes, visit_reads
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
    """How a plan was kept: coverage and compliance, each with its range, in total and by rows.

    It is the same for all who may ask: of places, made from everybody's visits. Without `as_at`,
    visits that are still open count as they stand; with it, only those that were closed by then
    do, and it comes out the same whenever it is asked. As CSV, the last row is the total.
    """
    period = _period(first, last)
    async with database.read() as reader:
        evidence = await _evidence(reader, viewer, plan, period, as_at=as_at, now=now)
        calendar = evidence.plans[-1].plan.calendar
        names = await hotspots.names(reader, viewer, as_at or now)
        start, end = _times(period, calendar)
        open_visits = await visit_reads.open_count(reader, viewer, start, end, as_at)
        recomputing = await recomputes.touching(reader, viewer, start, end, as_at)
    found = await asyncio.to_thread(report, evidence, period, by)
    answer = Compliance(
        plan=plan,
        first=first,
        last=last,
        as_at=as_at or now,
        by=by,
        method=METHOD,
        coverage_target=evidence.plans[-1].plan.coverage_target,
        open_visits=open_visits,
        recomputing=recomputing,
        retrospective=found.retrospective,
        total=Figures.model_validate(found.total),
        rows=[_row(by, key, row, names) for key, row in found.rows],
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
    start, end = _times(period.widened().widened(), history[-1].plan.calendar)
    return Evidence(
        plans=history,
        hotspots=spots,
        visits=await visit_reads.columns(reader, viewer, start, end, as_at),
        assignments=await assignments.columns(reader, viewer, start, end, moment),
        as_at_us=to_us(moment),
    )


def _row(
    by: Grouping,
    key: int | str,
    found: figures.Figures,
    names: Mapping[int, tuple[str, str]],
) -> Row:
    shown = Figures.model_validate(found).model_dump()
    if by == "window":
        return WindowRow(window=str(key), **shown)
    if by == "day":
        return DayRow(day=dt.date.fromordinal(int(key)), **shown)
    hotspot, name = names[int(key)]
    return HotspotRow(hotspot=hotspot, name=name, **shown)


def _table(answer: Compliance) -> Response:
    keys = {"hotspot": ("hotspot", "name"), "day": ("day",), "window": ("window",), "total": ()}
    total = dict.fromkeys(keys[answer.by], "total") | answer.total.model_dump()
    rows = [flat(row) for row in (*(row.model_dump() for row in answer.rows), total)]
    return csv_response(list(rows[-1]), rows, {})
