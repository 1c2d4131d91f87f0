"""What is due now: at which hot spots, how much, who is there, and how the shift will end."""

import asyncio
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, NamedTuple

from fastapi import Query
from pydantic import Field

from app.access.naming import Naming
from app.access.viewer import Right
from app.api.audited import Audited
from app.api.deps import Asker, DatabaseDep, Now
from app.api.fields import Moment, Name, Schema, example
from app.api.figures import Observability, Share
from app.api.naming import AsNamed
from app.api.route import guarded_router
from app.compliance.now import Presence, Slot, Standing, State, standing
from app.compliance.plan import Plan
from app.compliance.scene import Scene, record
from app.storage import hotspots
from app.storage import now as now_storage
from app.storage.carrying import Carrier
from app.storage.types import from_us, to_us
from geofence.model import METHOD, MINUTE_US

router = guarded_router("compliance")

Names = Mapping[int, tuple[str, str]]


class Inside(Schema):
    """Who is at a hot spot now."""

    officers: int = Field(description="how many; a device that is with nobody counts as one")
    numbers: list[str] = Field(description="of those whom you may see, or pseudonyms")
    since: Moment = Field(description="when their patrol began")
    seen: Moment = Field(
        description="when they were last seen there; who left is inside for minutes more, until "
        "it is sure that they do not come back into the same visit"
    )
    minutes: float = Field(description="from since to seen, which is what counts")
    overstayed: bool = Field(description="longer than the plan's maximum")


class Due(Schema):
    """A hot spot in the shift.

    The first that holds: `being_patrolled`, somebody is there; `done`, nothing is owed; `answered`,
    an officer could not attend; `not_measurable`, too little is observed to say; `overdue`, nobody
    has been there for as long as the plan allows; `due`.
    """

    hotspot: str
    name: str
    state: State
    required: int = Field(description="patrols")
    made: int = Field(description="qualifying patrols")
    owed: int = Field(description="patrols")
    minutes_owed: float = Field(description="of patrol, in the window")
    inside: Inside | None
    minutes_since_visit: float | None = Field(
        description="of 2 minutes or more, 0 while it lasts; null: none on this operational day"
    )
    minutes_since_patrol: float | None = Field(
        description="that qualifies, 0 while it lasts; null: none that day"
    )


class Shift(Schema):
    """A schedule window of a plan on an operational day, as it stands."""

    plan: str
    window: str
    day: dt.date
    start: Moment
    end: Moment
    cells: int = Field(description="hot spots that the plan asks for")
    cells_covered: int = Field(description="with a qualifying patrol")
    coverage: Share = Field(description="so far; the value is null where it is not measurable")
    coverage_target: float
    projected: float | None = Field(
        description="coverage at the end if it goes on at this rate, with those inside covered; "
        "null: too early, or not measurable"
    )
    at_risk: bool = Field(description="a quarter of it is over, and it is projected to fall short")
    observability: Observability = Field(description="up to the last hour that can be judged")
    measurable: bool | None = Field(description="enough of it was; null: unknown")
    hotspots: list[Due] = Field(description="the most urgent first")


_SHIFT = {
    "plan": "autumn",
    "window": "late",
    "day": "2026-01-15",
    "start": "2026-01-15T15:00:00.000000Z",
    "end": "2026-01-15T23:00:00.000000Z",
    "cells": 1,
    "cells_covered": 0,
    "coverage": {"value": 0.0, "low": 0.0, "high": 0.0, "n": 1},
    "coverage_target": 0.9,
    "projected": 1.0,
    "at_risk": False,
    "observability": {"value": 0.93, "n": 480},
    "measurable": True,
    "hotspots": [
        {
            "hotspot": "HS1",
            "name": "Market Place",
            "state": "being_patrolled",
            "required": 1,
            "made": 0,
            "owed": 1,
            "minutes_owed": 3.5,
            "inside": {
                "officers": 2,
                "numbers": ["1234"],
                "since": "2026-01-15T17:20:00.000000Z",
                "seen": "2026-01-15T17:26:30.000000Z",
                "minutes": 6.5,
                "overstayed": False,
            },
            "minutes_since_visit": 0.0,
            "minutes_since_patrol": None,
        }
    ],
}


class Standings(Schema):
    """How the shifts that are on now stand."""

    model_config = example(
        {"as_at": "2026-01-15T17:26:35.000000Z", "method": METHOD, "shifts": [_SHIFT]}
    )

    as_at: Moment
    method: int = Field(description="version of the dwell method")
    shifts: list[Shift]


class _Known(NamedTuple):
    """By whom devices are carried, what hot spots (ids) are called, and who asks when."""

    carriers: Mapping[int, Carrier]
    names: Names
    naming: Naming
    now: dt.datetime


@router.get("/now")
async def get_now(
    *,
    viewer: Asker,
    note: Audited,
    naming: AsNamed,
    database: DatabaseDep,
    now: Now,
    plan: Annotated[Name | None, Query(description="its key; without it, all plans")] = None,
) -> Standings:
    """What is due in the shifts that are on now: hot spots, the most urgent first.

    Places and counts are the same for all who may ask; of who is there you see whom you may see.
    """
    note.show(Right.READ_VISITS)
    async with database.read() as reader:
        scenes = await now_storage.scenes(reader, viewer, now, now, plan)
        names = await hotspots.names(reader, viewer, now) if scenes else {}
    found = await asyncio.to_thread(_stand, scenes)
    async with database.read() as reader:
        carriers = await now_storage.carriers(reader, viewer, _inside(found), now)
    known = _Known(carriers, names, naming, now)
    shifts = [_shift(of, slot, known) for of, slot in found]
    return Standings(as_at=now, method=METHOD, shifts=shifts)


def _stand(scenes: Iterable[Scene]) -> list[tuple[Plan, Slot]]:
    return [(scene.plan, slot) for scene in scenes for slot in standing(scene, record(scene))]


def _inside(found: Iterable[tuple[Plan, Slot]]) -> frozenset[int]:
    """The devices that are at some hot spot."""
    spots = (spot for _, slot in found for spot in slot.hotspots)
    return frozenset(device for spot in spots if spot.inside for device in spot.inside.devices)


def _shift(plan: Plan, slot: Slot, known: _Known) -> Shift:
    return Shift(
        plan=plan.key,
        window=slot.window,
        day=dt.date.fromordinal(slot.day),
        start=from_us(slot.start_us),
        end=from_us(slot.end_us),
        cells=len(slot.hotspots),
        cells_covered=slot.covered,
        coverage=Share.model_validate(slot.coverage),
        coverage_target=plan.coverage_target,
        projected=slot.projected,
        at_risk=slot.at_risk,
        observability=Observability.model_validate(slot.observability),
        measurable=slot.measurable,
        hotspots=[_due(spot, known) for spot in slot.hotspots],
    )


def _due(spot: Standing, known: _Known) -> Due:
    hotspot, name = known.names[spot.hotspot]
    last, inside = spot.last, spot.inside
    patrolling = inside is not None and inside.since_us == last.begun_us
    lasting = patrolling and last.qualifying_us == last.ended_us
    return Due(
        hotspot=hotspot,
        name=name,
        state=spot.state,
        required=spot.required,
        made=spot.made,
        owed=spot.owed,
        minutes_owed=spot.owed_us / MINUTE_US,
        inside=_shown(inside, known) if inside else None,
        minutes_since_visit=0.0 if patrolling else _since(last.ended_us, known.now),
        minutes_since_patrol=0.0 if lasting else _since(last.qualifying_us, known.now),
    )


def _since(time_us: int | None, now: dt.datetime) -> float | None:
    return None if time_us is None else (to_us(now) - time_us) / MINUTE_US


def _shown(inside: Presence, known: _Known) -> Inside:
    officers = {known.carriers.get(device, device) for device in inside.devices}
    seen = _seen(officers, known.naming)
    return Inside(
        officers=len(officers),
        numbers=sorted(seen),
        since=from_us(inside.since_us),
        seen=from_us(inside.seen_us),
        minutes=(inside.seen_us - inside.since_us) / MINUTE_US,
        overstayed=inside.overstayed,
    )


def _seen(officers: Iterable[Carrier | int], naming: Naming) -> Iterator[str]:
    sees = naming.viewer.sees
    for one in officers:
        if isinstance(one, Carrier) and sees(Right.READ_VISITS, one.officer_id, one.team_id):
            yield naming.officer(one.number, one.officer_id, one.team_id)
