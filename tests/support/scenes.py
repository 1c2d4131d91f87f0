"""A plan's afternoon by hand: minutes after 15:00 UTC, hot spots 1 to 4, 10 to 15 minutes each."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from compliance_rows import MINUTE, Visit, assignments, visits

from app.compliance.calendar import Calendar
from app.compliance.cells import NEVER_US, HotspotVersions, PlanVersion
from app.compliance.duty import NOBODY, Answers, DutyTimes, Officers
from app.compliance.observed import Hours
from app.compliance.plan import Plan, Window
from app.compliance.scene import Scene
from geofence.model import HOUR_US

DAY = dt.date(2026, 1, 15)
THREE = round(dt.datetime(2026, 1, 15, 15, tzinfo=dt.UTC).timestamp()) // 60
LATE = Window("late", dt.time(15), dt.time(23))
PLAN = Plan("p", "Late turns", (LATE,), DAY, calendar=Calendar())


@dataclass(frozen=True)
class Stay:
    """A device at a hot spot, in minutes; `open` is said to be there still."""

    device: int
    hotspot: int
    enter: float
    exit: float
    open: bool = False
    exit_seen: bool = True


def us(minutes: float) -> int:
    """Microseconds UTC of a moment in minutes after 15:00."""
    return round((THREE + minutes) * MINUTE)


def scene(
    now: float,
    *stays: Stay,
    plan: Plan = PLAN,
    entered: Collection[tuple[int, int]] | None = None,
    answered: Collection[int] = (),
    observed: Sequence[int] | None = None,
    spots: int = 4,
    back: float = 0,
) -> Scene:
    """How it is at a moment; whoever is `open` is told to be there, unless that is given.

    `observed`: officer 1 is on duty from 15:00 to 23:00 with device 1, of which so many minutes
    were observed in each of the hours from 15:00 on.
    """
    rows = [
        Visit(one.device, one.hotspot, THREE + one.enter, THREE + one.exit, exit_seen=one.exit_seen)
        for one in stays
    ]
    ids, always = np.arange(1, spots + 1), np.full(spots, NEVER_US)
    if entered is None:
        entered = {(one.device, one.hotspot) for one in stays if one.open}
    return Scene(
        plans=[PlanVersion(plan, 0)],
        hotspots=HotspotVersions(ids, 0 * ids, always, 0 * ids, always),
        visits=replace(visits(*rows), open=np.array([one.open for one in stays], np.bool_)),
        assignments=assignments(*([] if observed is None else [(1, 1, THREE, THREE + 480)])),
        duty=_duty(us(0), us(480)) if observed is not None else _duty(),
        officers=Officers(np.array([1]), np.array([NOBODY]), np.array([0]), ("police",)),
        hours=_hours(observed or ()),
        answers=Answers(
            np.array(list(answered), np.int64),
            np.full(len(answered), DAY.toordinal()),
            np.zeros(len(answered), np.int64),
            ("late",),
        ),
        entered=frozenset(entered),
        first=plan.calendar.day_of(us(now - back)),
        since_us=us(now - back),
        now_us=us(now),
    )


def _duty(*times: int) -> DutyTimes:
    ids, edges = np.ones(len(times) // 2, np.int64), np.array(times, np.int64)
    return DutyTimes(ids, edges[::2], edges[1::2])


def _hours(observed: Sequence[int]) -> Hours:
    hour_us = us(0) + HOUR_US * np.arange(len(observed))
    bits = np.array([(1 << minutes) - 1 for minutes in observed], np.int64)
    return Hours(np.ones(len(observed), np.int64), hour_us, bits)
