"""Plans, and what each was before it was changed."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.compliance.calendar import Calendar, zone
from app.compliance.cells import PlanVersion
from app.compliance.plan import Plan, Window
from app.storage.engine import Reader, Writer
from app.storage.pages import Page, Slice, by_id, unique
from app.storage.schema import plan_hotspots, plan_windows, plans
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
    windows = [
        {
            "plan_id": plan_id,
            "name": window.name,
            "weekdays": sum(1 << weekday for weekday in window.weekdays),
            "start": f"{window.start:%H:%M}",
            "end": f"{window.end:%H:%M}",
            "patrols": window.patrols,
        }
        for window in plan.windows
    ]
    await writer.execute(sa.insert(plan_windows), windows)
    if plan.hotspots is not None:
        spots = [{"plan_id": plan_id, "hotspot_id": spot} for spot in sorted(plan.hotspots)]
        await writer.execute(sa.insert(plan_hotspots), spots)


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


async def _versions(reader: Reader, condition: sa.ColumnElement[bool]) -> Sequence[PlanVersion]:
    rows = (await reader.execute(sa.select(plans).where(condition).order_by(plans.c.id))).all()
    ids = [row.id for row in rows]
    windows: dict[int, list[Window]] = {}
    asked = plan_windows.c.plan_id.in_(ids)
    query = sa.select(plan_windows).where(asked).order_by(plan_windows.c.id)
    for row in await reader.execute(query):
        windows.setdefault(row.plan_id, []).append(_window(row))
    spots: dict[int, set[int]] = {}
    for row in await reader.execute(
        sa.select(plan_hotspots).where(plan_hotspots.c.plan_id.in_(ids))
    ):
        spots.setdefault(row.plan_id, set()).add(row.hotspot_id)
    return [
        PlanVersion(
            _plan(row, windows[row.id], spots.get(row.id)),
            to_us(row.known_from),
            None if row.known_to is None else to_us(row.known_to),
        )
        for row in rows
    ]


def _window(row: sa.Row[tuple[object, ...]]) -> Window:
    return Window(
        name=row.name,
        start=dt.time.fromisoformat(row.start),
        end=dt.time.fromisoformat(row.end),
        weekdays=frozenset(day for day in range(7) if row.weekdays >> day & 1),
        patrols=row.patrols,
    )


def _plan(row: sa.Row[tuple[object, ...]], windows: list[Window], spots: set[int] | None) -> Plan:
    return Plan(
        key=row.key,
        name=row.name,
        windows=tuple(windows),
        first_day=row.first_day,
        last_day=row.last_day,
        hotspots=None if spots is None else frozenset(spots),
        minimum_minutes=row.minimum_minutes,
        maximum_minutes=row.maximum_minutes,
        coverage_target=row.coverage_target,
        calendar=Calendar(zone(row.timezone), dt.time.fromisoformat(row.day_start)),
    )


def _values(plan: Plan, now: dt.datetime) -> dict[str, object]:
    return {
        "key": plan.key,
        "name": plan.name,
        "timezone": plan.calendar.zone.key,
        "day_start": f"{plan.calendar.day_start:%H:%M}",
        "minimum_minutes": plan.minimum_minutes,
        "maximum_minutes": plan.maximum_minutes,
        "coverage_target": plan.coverage_target,
        "first_day": plan.first_day,
        "last_day": plan.last_day,
        "known_from": now,
    }
