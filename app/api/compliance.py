"""Coverage and compliance of a plan."""

import asyncio
import datetime as dt
from dataclasses import asdict
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Query, Response

from app.access.naming import Naming
from app.access.viewer import Right, Viewer
from app.api.audited import Audited
from app.api.deps import AsAt, Asker, DatabaseDep, Days, Now, TableFormat
from app.api.errors import Invalid
from app.api.fields import Name
from app.api.figurerows import Abstracted, Compliance, Names, OfficerRow, Row, shown
from app.api.figures import Figures
from app.api.figuretables import figure_table
from app.api.naming import AsNamed
from app.api.route import guarded_router
from app.api.state import least_officers_of
from app.compliance.groups import Grouping, Period
from app.compliance.reckoning import Evidence
from app.compliance.report import Report, report
from app.compliance.veil import Sight
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
_SEVERAL: Final = {"team": ("team", "teams"), "organisation": ("organisation", "organisations")}


@router.get(
    "/compliance",
    response_model=Compliance,
    responses={200: {"content": {"text/csv": {"example": "hotspot,name,cells,...\r\n"}}}},
)
async def get_compliance(
    *,
    viewer: Asker,
    note: Audited,
    naming: AsNamed,
    least: Annotated[int, Depends(least_officers_of)],
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
    rows, which are of those whom one sees, and rows of teams and organisations: where on
    one of these days too few of one's officers had a device, or were on duty, whom one does not
    know, it has none of its own, as it would tell of them. Without `as_at`, visits that are still
    open count as they stand; with it, only those that were closed by then do, and it comes out the
    same whenever it is asked. As a table, the last row is the total.
    """
    if by == "officer":
        viewer.require(Right.READ_VISITS)
        note.show(Right.READ_VISITS)
    async with database.read() as reader:
        evidence = await _evidence(reader, viewer, OfPlan(plan, days, as_at, now))
        names = await _names(reader, naming, by, as_at or now)
        sight = await people.sight(reader, viewer, least)
        left = await unsettled(reader, viewer, days, evidence, as_at)
    asked = _Asked(days, by, names, sight, left)
    return await asyncio.to_thread(_answer, evidence, asked, form)


class _Asked(NamedTuple):
    """Days and rows that were asked for, by whom, their names, and what of them is not settled."""

    days: Period
    by: Grouping
    names: Names
    sight: Sight
    unsettled: Unsettled


def _answer(evidence: Evidence, asked: _Asked, form: Format) -> Response:
    found = report(evidence, asked.days, asked.by, asked.sight)
    answer = Compliance(
        plan=evidence.plan.key,
        first=asked.days.first,
        last=asked.days.last,
        as_at=from_us(evidence.as_at_us),
        by=asked.by,
        method=METHOD,
        coverage_target=evidence.plan.coverage_target,
        retrospective=found.retrospective,
        folded=_folded(found, asked),
        abstractions=[
            Abstracted(reason=reason, hours=hours) for reason, hours in found.abstractions.items()
        ],
        total=Figures.model_validate(found.total),
        rows=_rows(found, asked),
        **asdict(asked.unsettled),
    )
    if form is not Format.JSON:
        return figure_table(form, answer)
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


def _rows(found: Report, asked: _Asked) -> list[Row]:
    rows = [shown(asked.by, row, asked.names) for row in found.rows]
    # In the order in which they were enrolled, pseudonyms could be told apart.
    return sorted(rows, key=lambda row: row.officer if isinstance(row, OfficerRow) else "")


def _folded(found: Report, asked: _Asked) -> str | None:
    if not found.folded:
        return None
    one, several = _SEVERAL[asked.by]
    which = f"1 {one} is" if found.folded == 1 else f"{found.folded} {several} are"
    return (
        f"{which} counted in the row of none: by rows of their own, or by what the others leave of "
        f"the total, figures of fewer than {asked.sight.least} officers whom you may not know "
        "would be seen"
    )


async def _evidence(reader: Reader, viewer: Viewer, asked: OfPlan) -> Evidence:
    about = await basis(reader, viewer, asked.plan, asked.as_at or asked.now)
    if about.most_cells(asked.days) > MOST_CELLS:
        what = f"that may be more than {MOST_CELLS:,} cells (window x hot spot x day): ask for less"
        raise Invalid(where="to", what=what)
    return await evidence_of(reader, viewer, about, asked)


async def _names(reader: Reader, naming: Naming, by: Grouping, moment: dt.datetime) -> Names:
    viewer = naming.viewer
    return Names(
        hotspots=await hotspots.names(reader, viewer, moment),
        teams=await people.team_names(reader, viewer) if by == "team" else {},
        officers=await _officers(reader, naming) if by == "officer" else {},
    )


async def _officers(reader: Reader, naming: Naming) -> dict[int, tuple[str, str | None]]:
    named = await people.nameable(reader, naming.viewer)
    return {
        id_: named.get(id_, (naming.officer(number, id_, None), None))
        for id_, (number, _) in (await people.seen(reader, naming.viewer)).items()
    }
