"""What became of a plan: its figures over a stretch of operational days."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.account import Account, Grounds, account
from app.compliance.attendance import Attendance
from app.compliance.cells import Cells, HotspotVersions, PlanVersion, Slots, cells
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
from app.compliance.effort import effort
from app.compliance.figures import Figures
from app.compliance.groups import TIMES, Grouping, Key, Makers, Period, everything, groups
from app.compliance.intervals import Ints
from app.compliance.layout import Layout, layout
from app.compliance.makers import Crews, apart
from app.compliance.observed import NO_HOURS, NO_NEARBY, Hours, Nearby
from app.compliance.plan import Plan
from app.compliance.roster import excused, roster, taken_by_reason_us, taken_us
from app.compliance.shifts import Shifts
from app.compliance.tracking import tracking
from app.compliance.trend import Trend, trends
from app.compliance.veil import veiled
from app.compliance.visits import Assignments, VisitColumns, attribute
from app.compliance.work import Work, work
from geofence.model import MINUTE_US


@dataclass(frozen=True, slots=True)
class Evidence:
    """What figures are made from, as known at `as_at_us`.

    Visits, assignments and all that stands beside them are everybody's, of the period widened
    twice: to where the windows of the days around it may reach. `answers` are of this plan.
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
class Row:
    """The figures of one group; of days, weeks and months with how coverage goes on."""

    key: Key
    figures: Figures
    trend: Trend | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Figures in total and by rows.

    `abstractions`: officers' hours on duty that were taken off the plan, by reason, in total.
    """

    total: Figures
    rows: Sequence[Row]
    abstractions: Mapping[str, float]
    retrospective: bool


def report(
    evidence: Evidence, period: Period, by: Grouping, seen: Collection[int] | None = None
) -> Report:
    """Coverage, compliance and their companions of the plan over a period.

    By officer, of those who may be `seen` (ids; None: all); by team and organisation, so that no
    row is of one officer who may not.
    """
    around, calendar = period.widened(), evidence.plan.calendar
    asked = cells(evidence.plans, evidence.hotspots, around.first, around.last, evidence.as_at_us)
    attendance = _attendance(evidence, asked)
    staffed = attendance.together()
    grounds = _grounds(evidence, period, asked, staffed)
    done = work(attribute(evidence.visits), asked)
    whole = _whole(evidence, grounds, done, staffed)
    total = layout(asked, everything(asked, period, calendar))
    match by:
        case "total":
            rows = []
        case "team" | "organisation" | "source" | "officer":
            made = apart(_crews(evidence, by, seen), grounds, done, evidence.nearby, attendance)
            rows = [Row(key, part.figures(total)[0]) for key, part in made]
        case _:
            parts = layout(asked, groups(asked, period, by, calendar))
            rows = _rows(parts, whole.figures(parts), by, asked.slots)
    return Report(
        total=whole.figures(total)[0],
        rows=rows,
        abstractions=_by_reason(evidence, attendance, total.slots.slot),
        retrospective=bool(asked.retrospective[grounds.asked].any()),
    )


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


def _whole(evidence: Evidence, grounds: Grounds, done: Work, staffed: Shifts) -> Account:
    """What everybody's visits amount to."""
    officers = evidence.assignments.officer
    everybody = effort(done, evidence.assignments, np.zeros_like(officers))
    return account(
        grounds, done, everybody.of(0, len(grounds.cells)), evidence.nearby.times, staffed
    )


def _crews(evidence: Evidence, by: Makers, seen: Collection[int] | None) -> Crews:
    return Crews(
        by=by,
        assignments=evidence.assignments,
        duty=evidence.duty,
        officers=veiled(evidence.officers, seen),
        devices=evidence.devices,
        seen=seen,
    )


def _rows(parts: Layout, found: Sequence[Figures], by: Grouping, slots: Slots) -> list[Row]:
    if by not in TIMES:
        return [Row(key, one) for key, one in zip(parts.groups.keys, found, strict=True)]
    trend = trends(
        [one.coverage.value for one in found], parts.slots.highest(slots.target).tolist()
    )
    return [Row(*row) for row in zip(parts.groups.keys, found, trend, strict=True)]


def _by_reason(evidence: Evidence, attendance: Attendance, slots: Ints) -> Mapping[str, float]:
    """Hours in some slots."""
    rostered = attendance.rostered
    rostered = rostered.take(np.isin(rostered.slot, slots))
    found = taken_by_reason_us(rostered, evidence.abstractions, evidence.officers)
    return {reason: length_us / MINUTE_US / 60 for reason, length_us in found.items()}
