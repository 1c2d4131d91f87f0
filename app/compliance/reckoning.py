"""What everybody's visits amount to in each cell of a plan over some days: what figures add up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.account import Account, Grounds, account
from app.compliance.attendance import Attendance
from app.compliance.calendar import DAY
from app.compliance.cells import Cells, HotspotVersions, PlanVersion, cells
from app.compliance.circumstances import answered, surveyed
from app.compliance.duty import (
    NO_ABSTRACTIONS,
    NO_ANSWERS,
    NO_DEVICES,
    NO_DUTY_TIMES,
    NO_OFFICERS,
    Abstractions,
    Answers,
    Devices,
    DutyTimes,
    Officers,
)
from app.compliance.effort import Effort, effort
from app.compliance.groups import Period
from app.compliance.observed import NO_HOURS, NO_NEARBY, Hours, Nearby
from app.compliance.plan import Plan
from app.compliance.presence import counted, reach
from app.compliance.roster import excused, roster, taken_us
from app.compliance.shifts import Shifts
from app.compliance.tracking import tracking
from app.compliance.visits import Assignments, VisitColumns, attribute
from app.compliance.work import Work, work


@dataclass(frozen=True, slots=True)
class Evidence:
    """What figures are made from, as known at `as_at_us`.

    Visits, assignments and all that stands beside them are everybody's. Visits and assignments are
    of the period and as far beyond as presence goes on that reaches into its windows; the others of
    the period widened twice: to where the windows of the days around it may reach. `answers` are of
    this plan.
    """

    plans: Sequence[PlanVersion]
    hotspots: HotspotVersions
    visits: VisitColumns
    assignments: Assignments
    as_at_us: int
    duty: DutyTimes = NO_DUTY_TIMES
    abstractions: Abstractions = NO_ABSTRACTIONS
    officers: Officers = NO_OFFICERS
    devices: Devices = NO_DEVICES
    answers: Answers = NO_ANSWERS
    hours: Hours = NO_HOURS
    nearby: Nearby = NO_NEARBY

    @property
    def plan(self) -> Plan:
        """The plan's last version."""
        return self.plans[-1].plan


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What was done, by whom, and the account of each cell that it makes.

    The cells are of the days around the period, too; `grounds.asked` are those of the period.
    """

    attendance: Attendance
    done: Work
    effort: Effort
    whole: Account

    @property
    def grounds(self) -> Grounds:
        """What holds whoever's visits are counted."""
        return self.whole.grounds

    @property
    def cells(self) -> Cells:
        """The cells of the days around the period, too."""
        return self.grounds.cells


def reckon(evidence: Evidence, period: Period) -> Reckoning:
    """What everybody's visits amount to in each cell of a period."""
    owned = counted(attribute(evidence.visits))
    around = _around(evidence, owned, period)
    asked = cells(evidence.plans, evidence.hotspots, around.first, around.last, evidence.as_at_us)
    attendance = _attendance(evidence, asked)
    staffed = attendance.together()
    grounds = _grounds(evidence, period, asked, staffed)
    done = work(owned, asked)
    everybody = np.zeros_like(evidence.assignments.officer)
    worked = effort(done, evidence.assignments, everybody)
    whole = account(grounds, done, worked.of(0, len(asked)), evidence.nearby.times, staffed)
    return Reckoning(attendance, done, worked, whole)


def _around(evidence: Evidence, owned: VisitColumns, period: Period) -> Period:
    """The period with all days whose windows compete with its own for a patrol.

    So a day's figures are the same in whatever period they are asked for. Windows may reach into
    the next operational day.
    """
    calendar, around = evidence.plan.calendar, period.widened()
    start_us, end_us = calendar.start_of(period.first), calendar.start_of(around.last + DAY)
    first, last = map(calendar.day_of, reach(owned, start_us, end_us))
    return Period(min(around.first, first - DAY), max(around.last, last))


def _attendance(evidence: Evidence, asked: Cells) -> Attendance:
    rostered = roster(evidence.duty, evidence.officers, asked.slots)
    return Attendance(
        len(asked.slots),
        rostered,
        taken_us(rostered, evidence.abstractions, evidence.officers),
        tracking(rostered, evidence.assignments, evidence.hours, evidence.as_at_us),
    )


def _grounds(evidence: Evidence, period: Period, asked: Cells, staffed: Shifts) -> Grounds:
    return Grounds(
        cells=asked,
        asked=period.holds(asked),
        answered=answered(asked, evidence.answers),
        excused=excused(asked.slots, staffed.duty_us, staffed.away_us, evidence.abstractions),
        surveyed=surveyed(asked, evidence.hours),
        frame_us=period.times(evidence.plan.calendar),
        as_at_us=evidence.as_at_us,
        calendar=evidence.plan.calendar,
    )
