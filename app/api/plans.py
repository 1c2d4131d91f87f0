"""Plans: hot spots, schedule windows, patrols per window, minutes per patrol."""

from typing import Annotated, Literal, get_args

from fastapi import Path
from pydantic import Field

from app.access.viewer import Right, Viewer
from app.api.deps import DatabaseDep, Manager, Now, Part, cursor_of, viewer_with
from app.api.errors import Invalid
from app.api.fields import Day, Listing, LocalTime, Name, Schema, example
from app.api.route import guarded_router
from app.compliance import plan as planning
from app.compliance.calendar import Calendar, zone
from app.storage import hotspots, plans
from app.storage.engine import Reader
from app.storage.errors import NotFound

router = guarded_router("plans")
PlaceReader = Annotated[Viewer, viewer_with(Right.READ_COMPLIANCE)]

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
Keyed = Annotated[Name, Path()]

_EXAMPLE = {
    "name": "Autumn nights",
    "hotspots": ["HS1", "HS2"],
    "windows": [
        {
            "name": "late",
            "weekdays": ["wed", "thu", "fri", "sat"],
            "start": "15:00",
            "end": "23:00",
            "patrols": 1,
        }
    ],
    "minimum_minutes": 10,
    "maximum_minutes": 15,
    "coverage_target": 0.9,
    "timezone": "Europe/London",
    "day_start": "06:00",
    "first_day": "2026-09-01",
    "last_day": "2026-11-30",
}


class Window(Schema):
    """A stretch of local time; one that ends at or before its start ends on the next date.

    It belongs to the operational day in which it starts, which is what `weekdays` names.
    """

    name: Name
    weekdays: list[Weekday] = Field(list(WEEKDAYS), min_length=1)
    start: LocalTime
    end: LocalTime
    patrols: int = Field(1, ge=1, le=1000, description="required of each hot spot")


class PlanValues(Schema):
    """What is asked for, on operational days from `first_day` to `last_day` (null: on and on)."""

    model_config = example(_EXAMPLE)

    name: Name
    hotspots: list[Name] | Literal["all"] = Field(
        "all", description="ids, or `all`: every hot spot that there is on a day"
    )
    windows: list[Window] = Field(min_length=1, max_length=100)
    minimum_minutes: float = Field(10, gt=0, le=1440)
    maximum_minutes: float = Field(15, gt=0, le=1440)
    coverage_target: float = Field(0.9, gt=0, le=1)
    timezone: Name = "Europe/London"
    day_start: LocalTime = Calendar().day_start
    first_day: Day
    last_day: Day | None = None


class Plan(PlanValues):
    """A plan by its key."""

    model_config = example({"key": "autumn", **_EXAMPLE})

    key: Name


@router.put("/plans/{key}")
async def put_plan(
    key: Keyed,
    values: PlanValues,
    viewer: Annotated[Viewer, Manager],
    database: DatabaseDep,
    now: Now,
) -> Plan:
    """Makes a plan what it is from now on: it counts from the next operational day.

    What it was before is kept, and counts for the days before. Days that began before there was
    any plan of that key go by the first one, and are marked retrospective.
    """
    plan = Plan(key=key, **values.model_dump())
    async with database.write() as writer:
        await plans.put(writer, await _meant(writer, viewer, plan), now)
    return plan


@router.get("/plans")
async def list_plans(viewer: PlaceReader, database: DatabaseDep, part: Part) -> Listing[Plan]:
    """The plans as they now are."""
    async with database.read() as reader:
        page = await plans.page(reader, viewer, part)
        keys = await hotspots.keys(reader, viewer)
    return Listing(items=[_shown(plan, keys) for plan in page.items], next=cursor_of(page))


@router.get("/plans/{key}")
async def get_plan(key: Keyed, viewer: PlaceReader, database: DatabaseDep) -> Plan:
    """A plan as it now is."""
    async with database.read() as reader:
        plan = await plans.one(reader, viewer, key)
        if plan is None:
            msg = f"there is no plan {key!r}"
            raise NotFound(msg)
        return _shown(plan, await hotspots.keys(reader, viewer))


async def _meant(reader: Reader, viewer: Viewer, plan: Plan) -> planning.Plan:
    """The plan as compliance takes it. Raises Invalid, PlanError, Refused."""
    spots = None
    if plan.hotspots != "all":
        spots = frozenset((await hotspots.ids(reader, viewer, plan.hotspots)).values())
    try:
        calendar = Calendar(zone(plan.timezone), plan.day_start)
    except ValueError as exc:
        raise Invalid(where="timezone", what=str(exc)) from exc
    return planning.Plan(
        key=plan.key,
        name=plan.name,
        windows=tuple(
            planning.Window(
                window.name,
                window.start,
                window.end,
                frozenset(WEEKDAYS.index(day) for day in window.weekdays),
                window.patrols,
            )
            for window in plan.windows
        ),
        first_day=plan.first_day,
        last_day=plan.last_day,
        hotspots=spots,
        minimum_minutes=plan.minimum_minutes,
        maximum_minutes=plan.maximum_minutes,
        coverage_target=plan.coverage_target,
        calendar=calendar,
    )


def _shown(plan: planning.Plan, keys: dict[int, str]) -> Plan:
    return Plan(
        key=plan.key,
        name=plan.name,
        hotspots="all" if plan.hotspots is None else [keys[id_] for id_ in sorted(plan.hotspots)],
        windows=[
            Window(
                name=window.name,
                weekdays=[WEEKDAYS[day] for day in sorted(window.weekdays)],
                start=window.start,
                end=window.end,
                patrols=window.patrols,
            )
            for window in plan.windows
        ],
        minimum_minutes=plan.minimum_minutes,
        maximum_minutes=plan.maximum_minutes,
        coverage_target=plan.coverage_target,
        timezone=plan.calendar.zone.key,
        day_start=plan.calendar.day_start,
        first_day=plan.first_day,
        last_day=plan.last_day,
    )
