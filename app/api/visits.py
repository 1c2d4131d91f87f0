"""Visits: when was which device in which hot spot, and for how long."""

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import Field

from app.access.naming import Naming
from app.api.deps import (
    AsAt,
    Asker,
    DatabaseDep,
    Now,
    TableFormat,
    begin,
    cursor_of,
    ordered,
    part_of_list,
)
from app.api.errors import Invalid
from app.api.exports import EXAMPLES, Pseudonyms, Study, table_of_people
from app.api.fields import Listing, Moment, Name, Schema, example
from app.api.naming import AsNamed, meant
from app.api.route import guarded_router
from app.reports.formats import Format
from app.storage import recomputes, visit_reads
from app.storage.pages import Slice
from app.storage.types import to_us
from ingest.moment import SECOND_US

router = guarded_router("visits")
VisitPart = Annotated[Slice, part_of_list(default=100, most=1000, ordered_by=2)]
From = Annotated[
    Moment | None,
    Query(
        alias="from",
        description="begun then or later; without it, in a list for officers and supervisors: in "
        "the last 31 days, or those before `to`",
    ),
]


class Visit(Schema):
    """One device's stay at one hot spot; lengths in seconds, to the microsecond.

    Always `low_s` <= `dwell_s` <= `high_s`: bounds that no choice of path between fixes breaks.
    """

    model_config = example(
        {
            "device": "phone-03",
            "hotspot": "HS1",
            "enter": "2026-01-15T15:02:11.250000Z",
            "exit": "2026-01-15T15:14:30.000000Z",
            "dwell_s": 738.75,
            "inside_s": 690.5,
            "bridged_s": 40.0,
            "low_s": 665.0,
            "high_s": 775.0,
            "enter_seen": True,
            "exit_seen": True,
            "fixes": 47,
            "mean_speed_mps": 0.8,
            "pass_through": False,
            "id": 4711,
            "method": 1,
            "open": False,
            "known_from": "2026-01-15T15:15:02.000000Z",
        }
    )

    device: str
    hotspot: str
    enter: Moment
    exit: Moment
    dwell_s: float
    inside_s: float
    bridged_s: float
    low_s: float
    high_s: float
    enter_seen: bool
    exit_seen: bool
    fixes: int
    mean_speed_mps: float
    pass_through: bool
    id: int | None = Field(description="null for who sees no names: all have the same")
    method: int
    open: bool
    known_from: Moment


class Visits(Listing[Visit]):
    """A part of a list of visits."""

    recomputing: bool = Field(
        description="visits of this time are, or at that moment were, being worked out anew"
    )


@router.get(
    "/visits",
    response_model=Visits,
    responses={200: {"content": EXAMPLES}},
)
async def list_visits(
    *,
    request: Request,
    viewer: Asker,
    database: DatabaseDep,
    naming: AsNamed,
    now: Now,
    part: VisitPart,
    as_at: AsAt,
    form: TableFormat,
    start: From = None,
    end: Annotated[Moment | None, Query(alias="to", description="begun before then")] = None,
    hotspot: Annotated[Name | None, Query(description="its id")] = None,
    device: Annotated[Name | None, Query(description="its name, as you see it")] = None,
    officer: Annotated[Name | None, Query(description="who had the device: their number")] = None,
    open: Annotated[bool | None, Query(description="only open ones, or only closed ones")] = None,  # noqa: A002 -- the parameter's name
    pseudonyms: Pseudonyms = False,
    study: Study = None,
) -> Visits | Response:
    """The visits that you may see, by the time they began.

    Officers see those of the devices they carried, supervisors those of their teams. Who has no
    right to names sees pseudonyms that are always the same for them, and asks by these. As JSON
    visits come a part of the list at a time; in other formats as a table of all of them, with who
    had the device when the visit began, and with pseudonyms of that table alone.
    """
    if form is not Format.JSON:
        _refuse_parts(request)
        ordered(start, end)
        wanted = visit_reads.Wanted(start, end, hotspot, device, officer, open, as_at)
        return await table_of_people(
            request, viewer, "visits", wanted, form, pseudonyms=pseudonyms, study=study
        )
    start = begin(viewer, start, end, now)
    async with database.read() as reader:
        device = await meant(reader, naming, "device", device)
        officer = await meant(reader, naming, "officer", officer)
        wanted = visit_reads.Wanted(start, end, hotspot, device, officer, open, as_at)
        page = await visit_reads.page(reader, viewer, wanted, part)
        recomputing = await recomputes.touching(reader, viewer, start, end, as_at)
    items, cursor = [_shown(visit, naming) for visit in page.items], cursor_of(page)
    return Visits(items=items, next=cursor, recomputing=recomputing)


def _refuse_parts(request: Request) -> None:
    for name in ("limit", "cursor"):
        if name in request.query_params:
            raise Invalid(where=name, what="only the JSON list comes in parts; a table is whole")


def _shown(visit: visit_reads.Visit, naming: Naming) -> Visit:
    return Visit(
        device=naming.device(visit.device),
        hotspot=visit.hotspot,
        enter=visit.enter,
        exit=visit.exit,
        dwell_s=(to_us(visit.exit) - to_us(visit.enter)) / SECOND_US,
        inside_s=visit.inside_us / SECOND_US,
        bridged_s=visit.bridged_us / SECOND_US,
        low_s=visit.low_us / SECOND_US,
        high_s=(to_us(visit.outer_to) - to_us(visit.outer_from)) / SECOND_US,
        enter_seen=visit.enter_seen,
        exit_seen=visit.exit_seen,
        fixes=visit.fixes,
        mean_speed_mps=visit.mean_speed_mps,
        pass_through=visit.pass_through,
        id=visit.id if naming.by_name else None,
        method=visit.method,
        open=visit.open,
        known_from=visit.known_from,
    )
