"""Tables that people take away, whole and in the format that they ask for."""

from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response

from app.access.viewer import Viewer
from app.api.deps import AsAt, Asker, Days, Now, TableFormat, ordered
from app.api.fields import Moment, Name
from app.api.outgoing import outgoing
from app.api.route import guarded_router
from app.api.state import database_of, least_officers_of, now_of
from app.reports.formats import FORMS, Format
from app.reports.people_export import PEOPLE, of_people, veil
from app.reports.place_export import PLACES, of_places
from app.reports.table import Export, OfPlan
from app.storage.engine import Reader
from app.storage.visit_reads import Wanted

router = guarded_router("tables")


def _of_plan(
    plan: Annotated[Name, Query(description="the plan's key")], days: Days, now: Now, as_at: AsAt
) -> OfPlan:
    return OfPlan(plan, days, as_at, now)


Asked = Annotated[OfPlan, Depends(_of_plan)]
Pseudonyms = Annotated[
    bool, Query(description="of a table: pseudonyms for devices and officers, not their names")
]
Study = Annotated[
    Name | None,
    Query(description="of a table: pseudonyms that are the same in all tables of that study"),
]
EXAMPLES: Final = {
    form.essence: {"example": f"a {name} file"}
    for name, form in FORMS.items()
    if name is not Format.JSON
}
_JSON: Final = {"example": {"table": "cells", "parameters": {"plan": "autumn"}, "items": []}}
_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    200: {"content": {"application/json": _JSON, **EXAMPLES}}
}


async def table_of_people(
    request: Request,
    viewer: Viewer,
    name: str,
    wanted: Wanted,
    form: Format,
    *,
    pseudonyms: bool,
    study: str | None,
) -> Response:
    """Visits or pings of those whom the viewer sees.

    Raises Forbidden, Refused where a pseudonym would stand for somebody who is asked for by name,
    Busy.
    """
    source = PEOPLE[name]
    viewer.require(source.right)
    now = now_of(request)
    veiled = await veil(
        database_of(request),
        viewer,
        wanted,
        pseudonyms=pseudonyms,
        study=study,
        least=least_officers_of(request),
    )

    async def opened(reader: Reader) -> Export:
        drawn = form is Format.GEOJSON
        return await of_people(reader, viewer, source, wanted, veiled, drawn=drawn, now=now)

    return await outgoing(request, form, name, opened)


@router.get("/pings", responses=_RESPONSES, response_model=None)
async def get_pings(
    *,
    request: Request,
    viewer: Asker,
    as_at: AsAt,
    form: TableFormat,
    start: Annotated[Moment, Query(alias="from", description="of then or later")],
    end: Annotated[Moment, Query(alias="to", description="of before then")],
    device: Annotated[Name | None, Query(description="its name")] = None,
    officer: Annotated[Name | None, Query(description="who had the device: their number")] = None,
    pseudonyms: Pseudonyms = False,
    study: Study = None,
) -> Response:
    """Every position that devices sent while they were with those whom you may see.

    `as_at` is as of when it was known who had which device.
    """
    ordered(start, end)
    wanted = Wanted(start, end, device=device, officer=officer, as_at=as_at)
    return await table_of_people(
        request, viewer, "pings", wanted, form, pseudonyms=pseudonyms, study=study
    )


@router.get("/patrols", responses=_RESPONSES, response_model=None)
async def get_patrols(request: Request, viewer: Asker, asked: Asked, form: TableFormat) -> Response:
    """The patrols at a plan's hot spots, from 2 minutes on, by whomever; they name nobody."""
    return await _table_of_places(request, viewer, "patrols", asked, form)


@router.get("/cells", responses=_RESPONSES, response_model=None)
async def get_cells(request: Request, viewer: Asker, asked: Asked, form: TableFormat) -> Response:
    """What became of each hot spot in each window on each day of a plan: what its figures count."""
    return await _table_of_places(request, viewer, "cells", asked, form)


@router.get("/place-days", responses=_RESPONSES, response_model=None)
async def get_place_days(
    request: Request, viewer: Asker, asked: Asked, form: TableFormat
) -> Response:
    """What was meant for each hot spot on each day of a plan, and what was done there."""
    return await _table_of_places(request, viewer, "place-days", asked, form)


async def _table_of_places(
    request: Request, viewer: Viewer, name: str, asked: OfPlan, form: Format
) -> Response:
    async def opened(reader: Reader) -> Export:
        return await of_places(reader, viewer, PLACES[name], asked, drawn=form is Format.GEOJSON)

    return await outgoing(request, form, name, opened)
