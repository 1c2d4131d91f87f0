"""Plans, and what each was before it was changed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.compliance.calendar import Calendar, zone
from app.compliance.cells import PlanVersion
from app.compliance.plan import DrawnTrial, ListedTrial, Plan, Window
from app.storage import bulk
from app.storage.engine import Reader, Writer
from app.storage.pages import Page, Slice, by_id, unique
from app.storage.schema import hotspots, plan_days, plan_hotspots, plan_teams, plan_windows, plans
from app.storage.types import to_us


async def put(writer: Writer, plan: Plan, now: dt.datetime) -> None:
    """Makes a plan what it is from now on, and keeps what it was; the same again is no change.

    Raises Conflict where somebody else is changing it.
    """
    known = sa.and_(plans.c.key == plan.key, plans.c.known_to.is_(None))
    await writer.execute(sa.select(plans.c.id).where(known).with_for_update())
    if plan in [version.plan for version in await _versions(writer, known)]:
        return
    await writer.execute(sa.update(plans).where(known).values(known_to=now))
    with unique(f"the plan {plan.key!r} is being changed by somebody else"):
        plan_id = await writer.scalar(
            sa.insert(plans).values(_values(plan, now)).returning(plans.c.id)
        )
    for table, rows in _parts(plan).items():
        await bulk.insert(writer, table, [{"plan_id": plan_id, **row} for row in rows])


async def page(reader: Reader, viewer: Viewer, part: Slice) -> Page[Plan]:
    """The plans as they now are."""
    viewer.require(Right.READ_COMPLIANCE)
    query = sa.select(plans.c.id).where(plans.c.known_to.is_(None))
    found = await by_id(reader, query, plans.c.id, part, lambda row: row.id)
    versions = await _versions(reader, plans.c.id.in_(list(found.items)))
    return Page([version.plan for version in versions], found.next)


async def one(reader: Reader, viewer: Viewer, key: str) -> Plan | None:
    """The plan of that key as it now is; None if there is none."""
    viewer.require(Right.READ_COMPLIANCE)
    found = await _versions(reader, sa.and_(plans.c.key == key, plans.c.known_to.is_(None)))
    return found[0].plan if found else None


async def history(
    reader: Reader, viewer: Viewer, key: str, as_at: dt.datetime
) -> Sequence[PlanVersion]:
    """What the plan of that key was at any time up to a moment."""
    viewer.require(Right.READ_COMPLIANCE)
    return await _versions(reader, sa.and_(plans.c.key == key, plans.c.known_from <= as_at))


async def known_since(reader: Reader, viewer: Viewer, key: str) -> dt.datetime | None:
    """When a plan of that key was first loaded; None: never."""
    viewer.require(Right.READ_COMPLIANCE)
    first = sa.select(sa.func.min(plans.c.known_from)).where(plans.c.key == key)
    since: dt.datetime | None = await reader.scalar(first)
    return since


async def _versions(reader: Reader, condition: sa.ColumnElement[bool]) -> Sequence[PlanVersion]:
    rows = (await reader.execute(sa.select(plans).where(condition).order_by(plans.c.id))).all()
    ids = [row.id for row in rows]
    found = {
        table: await _by_plan(reader, table, order, ids)
        for table, order in (
            (plan_windows, plan_windows.c.id),
            (plan_hotspots, plan_hotspots.c.hotspot_id),
            (plan_days, plan_days.c.day),
            (plan_teams, plan_teams.c.team_id),
        )
    }
    return [
        PlanVersion(
            _plan(row, {table: by_plan.get(row.id, []) for table, by_plan in found.items()}),
            to_us(row.known_from),
            None if row.known_to is None else to_us(row.known_to),
        )
        for row in rows
    ]


_Parts = Mapping[sa.Table, Sequence[sa.Row[Any]]]


async def _by_plan(
    reader: Reader, table: sa.Table, order: sa.ColumnElement[Any], ids: Sequence[int]
) -> dict[int, list[sa.Row[Any]]]:
    """A table's rows of some plans, by plan; those about a hot spot with its key."""
    query = sa.select(table).where(table.c.plan_id.in_(ids)).order_by(order)
    if "hotspot_id" in table.c:
        query = query.add_columns(hotspots.c.key).join(hotspots).order_by(hotspots.c.id)
    found: dict[int, list[sa.Row[Any]]] = {}
    for row in await reader.execute(query):
        found.setdefault(row.plan_id, []).append(row)
    return found


def _plan(row: sa.Row[Any], parts: _Parts) -> Plan:
    spots, days, teams = parts[plan_hotspots], parts[plan_days], parts[plan_teams]
    return Plan(
        key=row.key,
        name=row.name,
        windows=tuple(_window(window) for window in parts[plan_windows]),
        first_day=row.first_day,
        last_day=row.last_day,
        hotspots=frozenset(spot.hotspot_id for spot in spots) if spots else None,
        minimum_minutes=row.minimum_minutes,
        maximum_minutes=row.maximum_minutes,
        coverage_target=row.coverage_target,
        least_observability=row.least_observability,
        overdue_minutes=row.overdue_minutes,
        weights={spot.hotspot_id: spot.weight for spot in spots},
        trial=_trial(row, days),
        keys={spot.hotspot_id: spot.key for spot in (*spots, *days)},
        teams=frozenset(team.team_id for team in teams) if teams else None,
        calendar=Calendar(zone(row.timezone), dt.time.fromisoformat(row.day_start)),
    )


def _window(row: sa.Row[Any]) -> Window:
    return Window(
        name=row.name,
        start=dt.time.fromisoformat(row.start),
        end=dt.time.fromisoformat(row.end),
        weekdays=frozenset(day for day in range(7) if row.weekdays >> day & 1),
        patrols=row.patrols,
        by_weight=row.by_weight,
    )


def _trial(row: sa.Row[Any], days: Sequence[sa.Row[Any]]) -> DrawnTrial | ListedTrial | None:
    match row.trial:
        case "drawn":
            return DrawnTrial(row.trial_seed, row.trial_treated)
        case "listed":
            return ListedTrial({(day.hotspot_id, day.day): day.treatment for day in days})
        case _:
            return None


def _values(plan: Plan, now: dt.datetime) -> dict[str, object]:
    drawn = plan.trial if isinstance(plan.trial, DrawnTrial) else None
    listed = "listed" if isinstance(plan.trial, ListedTrial) else None
    return {
        "key": plan.key,
        "name": plan.name,
        "timezone": plan.calendar.zone.key,
        "day_start": f"{plan.calendar.day_start:%H:%M}",
        "minimum_minutes": plan.minimum_minutes,
        "maximum_minutes": plan.maximum_minutes,
        "coverage_target": plan.coverage_target,
        "least_observability": plan.least_observability,
        "overdue_minutes": plan.overdue_minutes,
        "first_day": plan.first_day,
        "last_day": plan.last_day,
        "trial": listed if drawn is None else "drawn",
        "trial_seed": None if drawn is None else drawn.seed,
        "trial_treated": None if drawn is None else drawn.treated,
        "known_from": now,
    }


def _parts(plan: Plan) -> dict[sa.Table, list[dict[str, object]]]:
    """The rows of the tables that belong to a plan."""
    days = plan.trial.days if isinstance(plan.trial, ListedTrial) else {}
    return {
        plan_windows: [
            {
                "name": window.name,
                "weekdays": sum(1 << weekday for weekday in window.weekdays),
                "start": f"{window.start:%H:%M}",
                "end": f"{window.end:%H:%M}",
                "patrols": window.patrols,
                "by_weight": window.by_weight,
            }
            for window in plan.windows
        ],
        plan_hotspots: [
            {"hotspot_id": spot, "weight": plan.weights.get(spot, 1.0)}
            for spot in sorted(plan.hotspots or ())
        ],
        plan_days: [
            {"hotspot_id": spot, "day": day, "treatment": treatment}
            for (spot, day), treatment in days.items()
        ],
        plan_teams: [{"team_id": team} for team in sorted(plan.teams or ())],
    }
