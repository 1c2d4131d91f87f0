"""Plans: hot spots, schedule windows, patrols per window, minutes per patrol; and their cells."""

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import numpy as np
from fastapi import Path, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from app.api.deps import AsAt, Asker, DatabaseDep, Days, Now, Part, TableFormat, cursor_of
from app.api.errors import Invalid
from app.api.fields import Day, Listing, Moment, Name, Schema, example, rfc3339
from app.api.planned import Plan, PlanValues, StoredPlan, meant, shown
from app.api.route import guarded_router
from app.api.tables import table_response
from app.compliance import existence
from app.compliance.cells import CONTROL, REST, Cells, cells, most_cells
from app.compliance.notes import notes
from app.reports.formats import Format
from app.storage import hotspots, people, plans
from app.storage.errors import NotFound
from app.storage.types import from_us, to_us

router = guarded_router("plans")
Keyed = Annotated[Name, Path()]
MOST_CELLS = 100_000


@router.put("/plans/{key}")
async def put_plan(
    key: Keyed,
    values: PlanValues,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
) -> StoredPlan:
    """Makes a plan what it is from now on: it counts from the next operational day.

    What it was before is kept, and counts for the days before. Days that began before there was
    any plan of that key go by the first one, and are marked retrospective. `notes` tell what to
    know of it: hot spots that are not there on all of its days, windows that overlap, and such.
    """
    given = Plan(key=key, **dict(values))
    async with database.write() as writer:
        ids = {spot: id_ for id_, spot in (await hotspots.keys(writer, viewer)).items()}
        teams = None
        if given.teams is not None:
            teams = await people.team_ids(writer, given.teams, where="teams")
        plan = meant(given, ids, teams)
        spots = await hotspots.columns(writer, viewer, now)
        days = existence.days_of(plan, spots, to_us(now))
        existence.require_valid(plan, days)
        await plans.put(writer, plan, now)
        stored = shown(plan, plan.keys, await people.team_names(writer, viewer))
    return StoredPlan(**dict(stored), notes=notes(plan, days))


@router.get("/plans")
async def list_plans(viewer: Asker, database: DatabaseDep, part: Part) -> Listing[Plan]:
    """The plans as they now are."""
    async with database.read() as reader:
        page = await plans.page(reader, viewer, part)
        keys = await hotspots.keys(reader, viewer)
        teams = await people.team_names(reader, viewer)
    return Listing(items=[shown(plan, keys, teams) for plan in page.items], next=cursor_of(page))


@router.get("/plans/{key}")
async def get_plan(key: Keyed, viewer: Asker, database: DatabaseDep) -> Plan:
    """A plan as it now is."""
    async with database.read() as reader:
        plan = await plans.one(reader, viewer, key)
        if plan is None:
            raise _no_plan(key)
        keys = await hotspots.keys(reader, viewer)
        return shown(plan, keys, await people.team_names(reader, viewer))


def _no_plan(key: str) -> NotFound:
    return NotFound(f"there is no plan {key!r}")


class Cell(Schema):
    """One hot spot in one window on one operational day, and how many patrols it is to have."""

    model_config = example(
        {
            "hotspot": "HS1",
            "window": "late",
            "day": "2026-09-02",
            "start": "2026-09-02T14:00:00.000000Z",
            "end": "2026-09-02T22:00:00.000000Z",
            "required": 3,
            "arm": "treatment",
        }
    )

    hotspot: str
    window: str
    day: Day
    start: Moment
    end: Moment
    required: int
    arm: Literal["treatment", "control"] = Field(description="without a trial, all are `treatment`")


@router.get(
    "/plans/{key}/cells",
    response_model=Listing[Cell],
    responses={200: {"content": {"text/csv": {"example": ",".join(Cell.model_fields)}}}},
)
async def list_cells(
    *,
    key: Keyed,
    viewer: Asker,
    database: DatabaseDep,
    now: Now,
    as_at: AsAt,
    form: TableFormat,
    days: Days,
) -> Response:
    """What a plan asks for, cell by cell, and what was drawn in its trial; all of them at once.

    Control cells ask for nothing. Cells of days to come are as they would be, were nothing changed.
    """
    async with database.read() as reader:
        history = await plans.history(reader, viewer, key, as_at or now)
        spots = await hotspots.columns(reader, viewer, as_at or now)
        keys = await hotspots.keys(reader, viewer)
    if not history:
        raise _no_plan(key)
    if most_cells(history, spots, days.first, days.last) > MOST_CELLS:
        what = f"that may be more than {MOST_CELLS:,} cells (window x hot spot x day): ask for less"
        raise Invalid(where="to", what=what)

    def answer() -> Response:
        found = cells(history, spots, days.first, days.last, to_us(as_at or now))
        rows = list(_rows(found, keys))
        if form is not Format.JSON:
            about = {name: field.description or name for name, field in Cell.model_fields.items()}
            return table_response(form, "Cells", about, rows, {"plan": key})
        return JSONResponse({"items": rows, "next": None})

    return await asyncio.to_thread(answer)


def _rows(found: Cells, keys: Mapping[int, str]) -> Iterator[dict[str, str | int]]:
    times = np.unique(np.concatenate([found.start_us, found.end_us])).tolist()
    shown_times = {time_us: rfc3339(from_us(time_us)) for time_us in times}
    for row in np.flatnonzero(found.kind != REST).tolist():
        yield {
            "hotspot": keys[int(found.hotspot[row])],
            "window": found.windows[found.window[row]],
            "day": dt.date.fromordinal(int(found.day[row])).isoformat(),
            "start": shown_times[int(found.start_us[row])],
            "end": shown_times[int(found.end_us[row])],
            "required": int(found.required[row]),
            "arm": "control" if found.kind[row] == CONTROL else "treatment",
        }
