"""What bears on a plan's windows of these days: what was done in them, and who is there now."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.compliance.calendar import DAY, Calendar
from app.compliance.cells import Cells, HotspotVersions, PlanVersion, Slots, cells, days
from app.compliance.circumstances import Circumstances, answered, of_slots
from app.compliance.duty import Answers, DutyTimes, Officers
from app.compliance.intervals import Ints
from app.compliance.observed import Hours
from app.compliance.patrols import Patrols
from app.compliance.plan import Plan
from app.compliance.roster import roster
from app.compliance.tally import Tally, tallied
from app.compliance.tracking import tracking
from app.compliance.visits import Assignments, Bools, VisitColumns, attribute
from app.compliance.work import work


@dataclass(frozen=True, slots=True)
class Scene:
    """A plan and what is known at `now_us` of its windows that were not over at `since_us`.

    Visits are everybody's, from the first of their operational days, `first`, on. `entered`: which
    devices are at which hot spots (ids) now, as people have been told.
    """

    plans: Sequence[PlanVersion]
    hotspots: HotspotVersions
    visits: VisitColumns
    assignments: Assignments
    duty: DutyTimes
    officers: Officers
    hours: Hours
    answers: Answers
    entered: Collection[tuple[int, int]]
    first: dt.date
    since_us: int
    now_us: int

    @property
    def plan(self) -> Plan:
        """The plan as it now is."""
        return self.plans[-1].plan

    @property
    def calendar(self) -> Calendar:
        """The plan's days."""
        return self.plan.calendar


@dataclass(frozen=True, slots=True)
class Record:
    """What was done: of each cell, in `counted`, and each patrol, with the row of its `cell`.

    Whose time it was is not counted.

    `answered`: the cells that an officer answered for. `tracked` and `observed` have the minutes so
    far of each of the cells' slots. Visits are attributed; `patrol` is the row of each one's,
    OUTSIDE for a pass-through, and `here` whether its device is there now.
    """

    cells: Cells
    counted: Tally
    answered: Bools
    tracked: Ints
    observed: Ints
    patrols: Patrols
    cell: Ints
    visits: VisitColumns
    patrol: Ints
    here: Bools

    def devices(self, rows: Bools) -> tuple[int, ...]:
        """The devices of some visits (a mask), each once, ascending."""
        return tuple(np.unique(self.visits.device[rows]).tolist())


def first_day(versions: Sequence[PlanVersion], since_us: int, now_us: int) -> dt.date | None:
    """The first operational day with a window that has begun and was not over at `since_us`.

    By any version of the plan; None: there is no such window, and nothing to look at.
    """
    found: list[dt.date] = []
    for plan in (version.plan for version in versions):
        # A window may reach into the next day.
        first, last = plan.calendar.day_of(since_us) - DAY, plan.calendar.day_of(now_us)
        for day in filter(plan.runs_on, days(first, last)):
            times = [plan.times_of(window, day) for window in plan.windows]
            if any(one and one[0] <= now_us and one[1] > since_us for one in times):
                found.append(day)
    return min(found, default=None)


def record(scene: Scene) -> Record:
    """What was done, as far as it is known."""
    # The windows of the days around compete for patrols at the edges.
    last = scene.calendar.day_of(scene.now_us) + DAY
    around = cells(scene.plans, scene.hotspots, scene.first - DAY, last, scene.now_us)
    owned = attribute(scene.visits)
    done = work(owned, around)
    tracked, observed = _tracked(scene, around.slots)
    share = observed / np.maximum(tracked, 1)
    beside = replace(
        Circumstances.unknown(around),
        answered=answered(around, scene.answers),
        unmeasurable=of_slots(around, (tracked > 0) & (share < around.slots.least)),
    )
    return Record(
        cells=around,
        counted=tallied(done, beside, np.zeros(len(around), np.int64), scene.now_us),
        answered=beside.answered,
        tracked=tracked,
        observed=observed,
        patrols=done.patrols,
        cell=done.cell,
        visits=owned,
        patrol=done.patrol,
        here=_here(owned, scene.entered),
    )


def _tracked(scene: Scene, slots: Slots) -> tuple[Ints, Ints]:
    """Minutes of each slot tracked and observed, of all whose duty times count."""
    rostered = roster(scene.duty, scene.officers, slots)
    found = tracking(rostered, scene.assignments, scene.hours, scene.now_us)
    everybody = np.zeros(len(found.slot), np.int64)
    (tracked,), (observed,) = found.minutes(everybody, 1, len(slots))
    return tracked, observed


def _here(visits: VisitColumns, entered: Collection[tuple[int, int]]) -> Bools:
    """Which visits are those that their devices are in now.

    Of one device's at one hot spot the last: one before it that broke off stays open, too.
    """
    last: dict[tuple[int, int], int] = {}
    rows = np.flatnonzero(visits.open)
    for row in rows[np.argsort(visits.enter_us[rows], kind="stable")].tolist():
        last[int(visits.device[row]), int(visits.hotspot[row])] = row
    here = np.zeros(len(visits), np.bool_)
    here[[row for place, row in last.items() if place in entered]] = True
    return here
