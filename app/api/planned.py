"""Plans as the API says them, and what compliance takes them for."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag

from app.api.errors import Invalid
from app.api.fields import Day, LocalTime, Name, Schema, example
from app.compliance import plan as planning
from app.compliance.calendar import Calendar, zone
from app.compliance.limits import (
    LONGEST_OVERDUE_MINUTES,
    LONGEST_PATROL_MINUTES,
    MOST_PATROLS,
    MOST_TRIAL_DAYS,
    MOST_WINDOWS,
)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)

_EXAMPLE = {
    "name": "Autumn nights",
    "hotspots": ["HS1", "HS2"],
    "weights": {"HS1": 3},
    "windows": [
        {
            "name": "late",
            "weekdays": ["wed", "thu", "fri", "sat"],
            "start": "15:00",
            "end": "23:00",
            "patrols": 4,
            "by_weight": True,
        }
    ],
    "minimum_minutes": 10,
    "maximum_minutes": 15,
    "coverage_target": 0.9,
    "least_observability": 0.8,
    "overdue_minutes": 60,
    "trial": {"seed": 20260901, "treated": 1},
    "teams": ["Centre, late turn"],
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
    patrols: int = Field(1, ge=1, le=MOST_PATROLS, description="required of each hot spot")
    by_weight: bool = Field(
        False,  # noqa: FBT003 -- Pydantic's default comes first
        description="`patrols` are of all hot spots together, shared by their weights",
    )


class Drawn(Schema):
    """So many hot spots are under treatment each day, by lot; the others are its controls.

    On each operational day they are ranked by the SHA-256 of `seed:YYYY-MM-DD:hot spot`, in
    hexadecimal, and the first `treated` are under treatment: anybody can draw them again.
    """

    seed: int
    treated: int


class TrialDay(Schema):
    """Whether a hot spot is under treatment on an operational day, or a control."""

    hotspot: Name
    day: Day
    treatment: bool


class Listed(Schema):
    """Which hot spots are under treatment, and which are controls, on which days.

    Nothing is asked for, and nothing controlled, where a hot spot is not listed.
    """

    days: list[TrialDay] = Field(min_length=1, max_length=MOST_TRIAL_DAYS)


def _kind_of_trial(given: object) -> str:
    listed = "days" in given if isinstance(given, Mapping) else isinstance(given, Listed)
    return "listed" if listed else "drawn"


Trial = Annotated[
    Annotated[Drawn, Tag("drawn")] | Annotated[Listed, Tag("listed")],
    Discriminator(_kind_of_trial),
]


class PlanValues(Schema):
    """What is asked for, on operational days from `first_day` to `last_day` (null: on and on)."""

    model_config = example(_EXAMPLE)

    name: Name
    hotspots: list[Name] | Literal["all"] = Field(
        "all", description="ids, or `all`: every hot spot that there is on a day"
    )
    weights: dict[Name, float] = Field(
        {},
        description="crime or harm of hot spots that are named, for windows `by_weight`; else 1",
    )
    windows: list[Window] = Field(min_length=1, max_length=MOST_WINDOWS)
    minimum_minutes: float = Field(10, gt=0, le=LONGEST_PATROL_MINUTES)
    maximum_minutes: float = Field(15, gt=0, le=LONGEST_PATROL_MINUTES)
    coverage_target: float = Field(0.9, gt=0, le=1)
    least_observability: float = Field(
        0.8, ge=0, le=1, description="observed share of duty below which nothing can be measured"
    )
    overdue_minutes: float = Field(
        60,
        gt=0,
        le=LONGEST_OVERDUE_MINUTES,
        description="without a visit, after which a hot spot is overdue",
    )
    trial: Trial | None = None
    teams: list[Name] | None = Field(
        None, description="whose duty times and abstractions count; null: everybody's"
    )
    timezone: Name = "Europe/London"
    day_start: LocalTime = Calendar().day_start
    first_day: Day
    last_day: Day | None = None


class Plan(PlanValues):
    """A plan by its key."""

    model_config = example({"key": "autumn", **_EXAMPLE})

    key: Name


class StoredPlan(Plan):
    """A plan that was stored, and what to know of it."""

    model_config = example(
        {
            "key": "autumn",
            **_EXAMPLE,
            "notes": ["HS2: valid from 2026-10-01 on, so that nothing is asked for there before"],
        }
    )

    notes: list[str]


def meant(plan: Plan, ids: Mapping[str, int], team_ids: frozenset[int] | None) -> planning.Plan:
    """The plan as compliance takes it; `ids` of all hot spots by key. Raises Invalid, PlanError."""
    try:
        calendar = Calendar(zone(plan.timezone), plan.day_start)
    except ValueError as exc:
        raise Invalid(where="timezone", what=str(exc)) from exc
    named = None
    if plan.hotspots != "all":
        named = frozenset(_id(ids, key, "hotspots") for key in plan.hotspots)
    weights = {_id(ids, key, "weights"): weight for key, weight in plan.weights.items()}
    trial = _trial(plan.trial, ids)
    listed = trial.days if isinstance(trial, planning.ListedTrial) else {}
    mentioned = {*(named or ()), *weights, *(spot for spot, _ in listed)}
    return planning.Plan(
        key=plan.key,
        name=plan.name,
        windows=tuple(_window(window) for window in plan.windows),
        first_day=plan.first_day,
        last_day=plan.last_day,
        hotspots=named,
        minimum_minutes=plan.minimum_minutes,
        maximum_minutes=plan.maximum_minutes,
        coverage_target=plan.coverage_target,
        least_observability=plan.least_observability,
        overdue_minutes=plan.overdue_minutes,
        weights=weights,
        trial=trial,
        keys={id_: key for key, id_ in ids.items() if id_ in mentioned},
        teams=team_ids,
        calendar=calendar,
    )


def _id(ids: Mapping[str, int], key: str, where: str) -> int:
    if key not in ids:
        raise Invalid(where=where, what=f"there is no hot spot {key!r}")
    return ids[key]


def _window(window: Window) -> planning.Window:
    return planning.Window(
        window.name,
        window.start,
        window.end,
        frozenset(WEEKDAYS.index(day) for day in window.weekdays),
        window.patrols,
        window.by_weight,
    )


def _trial(
    trial: Drawn | Listed | None, ids: Mapping[str, int]
) -> planning.DrawnTrial | planning.ListedTrial | None:
    match trial:
        case None:
            return None
        case Drawn():
            return planning.DrawnTrial(trial.seed, trial.treated)
    days = {}
    for index, one in enumerate(trial.days):
        where = f"trial.days[{index}]"
        place_day = _id(ids, one.hotspot, where), one.day
        if place_day in days:
            raise Invalid(where=where, what=f"{one.hotspot} is listed on {one.day} twice")
        days[place_day] = one.treatment
    return planning.ListedTrial(days)


def shown(plan: planning.Plan, keys: Mapping[int, str], team_names: Mapping[int, str]) -> Plan:
    """A plan as the API says it, with hot spots by their keys and teams by their names."""
    named = sorted(plan.hotspots or ())
    return Plan(
        key=plan.key,
        name=plan.name,
        hotspots="all" if plan.hotspots is None else [keys[id_] for id_ in named],
        weights={keys[id_]: weight for id_, weight in sorted(plan.weights.items())},
        windows=[
            Window(
                name=window.name,
                weekdays=[WEEKDAYS[day] for day in sorted(window.weekdays)],
                start=window.start,
                end=window.end,
                patrols=window.patrols,
                by_weight=window.by_weight,
            )
            for window in plan.windows
        ],
        minimum_minutes=plan.minimum_minutes,
        maximum_minutes=plan.maximum_minutes,
        coverage_target=plan.coverage_target,
        least_observability=plan.least_observability,
        overdue_minutes=plan.overdue_minutes,
        trial=_shown_trial(plan.trial, keys),
        teams=None if plan.teams is None else sorted(team_names[id_] for id_ in plan.teams),
        timezone=plan.calendar.zone.key,
        day_start=plan.calendar.day_start,
        first_day=plan.first_day,
        last_day=plan.last_day,
    )


def _shown_trial(
    trial: planning.DrawnTrial | planning.ListedTrial | None, keys: Mapping[int, str]
) -> Drawn | Listed | None:
    match trial:
        case None:
            return None
        case planning.DrawnTrial(seed, treated):
            return Drawn(seed=seed, treated=treated)
    days = [
        TrialDay(hotspot=keys[spot], day=day, treatment=treatment)
        for (spot, day), treatment in sorted(trial.days.items(), key=_by_day)
    ]
    return Listed(days=days)


def _by_day(listed: tuple[tuple[int, dt.date], bool]) -> tuple[dt.date, int]:
    (spot, day), _ = listed
    return day, spot
