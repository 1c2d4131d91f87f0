"""Coverage and compliance of a plan."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import Query, Response

from app.access.viewer import Right, Viewer
from app.api.deps import AsAt, DatabaseDep, Days, Format, Now, viewer_with
from app.api.errors import Invalid
from app.api.fields import Name
from app.api.figurerows import Abstracted, Compliance, Names, columns, shown
from app.api.figures import Figures, flat
from app.api.route import guarded_router
from app.api.tables import csv_response
from app.compliance.calendar import Calendar
from app.compliance.cells import most_cells
from app.compliance.groups import Grouping, Period
from app.compliance.report import Evidence, report
from app.compliance.tracking import settled_us
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
MOST_CELLS = 2_000_000
# Rows that may be of one officer.
_OF_OFFICERS: Final = frozenset({"officer", "team", "organisation"})


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
    days: Days,
    by: Grouping = "hotspot",
) -> Response:
    """How a plan was kept: coverage, compliance and what belongs beside them, in total and by rows.

    It is the same for all who may ask: of places, made from everybody's visits; but for officers'
    rows, which are of those whom one sees, and rows of teams and organisations, which are of more
    than one whom one does not. Without `as_at`, visits that are still open count as
    they stand; with it, only those that were closed by then do, and it comes out the same whenever
    it is asked. As CSV, the last row is the total.
    """
    if by in _OF_OFFICERS:
        viewer.require(Right.READ_VISITS)
    async with database.read() as reader:
        evidence = await _evidence(reader, viewer, plan, days, as_at=as_at, now=now)
        names = await _names(reader, viewer, by, as_at or now)
        unsettled = await _unsettled(reader, viewer, days, evidence, as_at)
    asked = _Asked(days, by, names, unsettled)
    return await asyncio.to_thread(_answer, evidence, asked, form)


class _Asked(NamedTuple):
    """Days and rows that were asked for, their names, and what of them is not settled."""

    days: Period
    by: Grouping
    names: Names
    unsettled: Mapping[str, int]


def _answer(evidence: Evidence, asked: _Asked, form: Literal["json", "csv"]) -> Response:
    found = report(evidence, asked.days, asked.by, asked.names.officers.keys())
    answer = Compliance(
        plan=evidence.plan.key,
        first=asked.days.first,
        last=asked.days.last,
        as_at=from_us(evidence.as_at_us),
        by=asked.by,
        method=METHOD,
        coverage_target=evidence.plan.coverage_target,
        retrospective=found.retrospective,
        abstractions=[
            Abstracted(reason=reason, hours=hours) for reason, hours in found.abstractions.items()
        ],
        total=Figures.model_validate(found.total),
        rows=[shown(asked.by, row, asked.names) for row in found.rows],
        **asked.unsettled,
    )
    if form == "csv":
        return _table(answer)
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


async def _unsettled(
    reader: Reader,
    viewer: Viewer,
    days: Period,
    evidence: Evidence,
    as_at: dt.datetime | None,
) -> dict[str, int]:
    """What may still change the figures of some days, by the names in the answer."""
    start, end = _times(days, evidence.plan.calendar)
    judged = min(to_us(end), settled_us(evidence.as_at_us))
    surveying = judged > to_us(start) and (evidence.hours.pending.start_us < judged).any()
    return {
        "open_visits": await visit_reads.open_count(reader, viewer, start, end, as_at),
        "recomputing": await recomputes.touching(reader, viewer, start, end, as_at),
        "surveying": bool(surveying),
    }


def _times(period: Period, calendar: Calendar) -> tuple[dt.datetime, dt.datetime]:
    start_us, end_us = period.times(calendar)
    return from_us(start_us), from_us(end_us)


async def _names(reader: Reader, viewer: Viewer, by: Grouping, moment: dt.datetime) -> Names:
    return Names(
        hotspots=await hotspots.names(reader, viewer, moment),
        teams=await people.team_names(reader, viewer) if by == "team" else {},
        officers=await people.seen(reader, viewer) if by in _OF_OFFICERS else {},
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
        officers=await people.columns(reader, viewer, moment),
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
