"""Coverage and compliance of a plan."""

import asyncio
import datetime as dt
from dataclasses import asdict
from typing import Annotated, Final, NamedTuple

from fastapi import Query, Response

from app.access.viewer import Right, Viewer
from app.api.deps import AsAt, Asker, DatabaseDep, Days, Now, TableFormat
from app.api.errors import Invalid
from app.api.fields import Name
from app.api.figurerows import Abstracted, Compliance, Names, shown
from app.api.figures import Figures
from app.api.figuretables import figure_table
from app.api.route import guarded_router
from app.compliance.groups import Grouping, Period
from app.compliance.reckoning import Evidence
from app.compliance.report import report
from app.reports.evidence import basis, evidence_of
from app.reports.formats import Format
from app.reports.table import OfPlan
from app.reports.unsettled import Unsettled, unsettled
from app.storage import hotspots, people
from app.storage.engine import Reader
from app.storage.types import from_us
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
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
    as_at: AsAt,
    form: TableFormat,
    plan: Annotated[Name, Query(description="its key")],
    days: Days,
    by: Grouping = "hotspot",
) -> Response:
    """How a plan was kept: coverage, compliance and what belongs beside them, in total and by rows.

    It is the same for all who may ask: of places, made from everybody's visits; but for officers'
    rows, which are of those whom one sees, and rows of teams and organisations, which are of more
    than one whom one does not. Without `as_at`, visits that are still open count as
    they stand; with it, only those that were closed by then do, and it comes out the same whenever
    it is asked. As a table, the last row is the total.
    """
    if by in _OF_OFFICERS:
        viewer.require(Right.READ_VISITS)
    async with database.read() as reader:
        evidence = await _evidence(reader, viewer, OfPlan(plan, days, as_at, now))
        names = await _names(reader, viewer, by, as_at or now)
        left = await unsettled(reader, viewer, days, evidence, as_at)
    asked = _Asked(days, by, names, left)
    return await asyncio.to_thread(_answer, evidence, asked, form)


class _Asked(NamedTuple):
    """Days and rows that were asked for, their names, and what of them is not settled."""

    days: Period
    by: Grouping
    names: Names
    unsettled: Unsettled


def _answer(evidence: Evidence, asked: _Asked, form: Format) -> Response:
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
        **asdict(asked.unsettled),
    )
    if form is not Format.JSON:
        return figure_table(form, answer)
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


async def _evidence(reader: Reader, viewer: Viewer, asked: OfPlan) -> Evidence:
    about = await basis(reader, viewer, asked.plan, asked.as_at or asked.now)
    if about.most_cells(asked.days) > MOST_CELLS:
        what = f"that may be more than {MOST_CELLS:,} cells (window x hot spot x day): ask for less"
        raise Invalid(where="to", what=what)
    return await evidence_of(reader, viewer, about, asked)


async def _names(reader: Reader, viewer: Viewer, by: Grouping, moment: dt.datetime) -> Names:
    return Names(
        hotspots=await hotspots.names(reader, viewer, moment),
        teams=await people.team_names(reader, viewer) if by == "team" else {},
        officers=await people.seen(reader, viewer) if by in _OF_OFFICERS else {},
    )
