"""What became of a plan: its figures over a stretch of operational days."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.attendance import Attendance
from app.compliance.cells import Slots
from app.compliance.figures import Figures
from app.compliance.groups import TIMES, Grouping, Key, Makers, Period, everything, groups
from app.compliance.intervals import Ints
from app.compliance.layout import Layout, layout
from app.compliance.makers import Crews, apart
from app.compliance.reckoning import Evidence, reckon
from app.compliance.roster import taken_by_reason_us
from app.compliance.trend import Trend, trends
from app.compliance.veil import veiled
from geofence.model import MINUTE_US


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
    reckoned, calendar = reckon(evidence, period), evidence.plan.calendar
    asked, grounds, whole = reckoned.cells, reckoned.grounds, reckoned.whole
    total = layout(asked, everything(asked, period, calendar))
    match by:
        case "total":
            rows = []
        case "team" | "organisation" | "source" | "officer":
            crews = _crews(evidence, by, seen)
            made = apart(crews, grounds, reckoned.done, evidence.nearby, reckoned.attendance)
            rows = [Row(key, part.figures(total)[0]) for key, part in made]
        case _:
            parts = layout(asked, groups(asked, period, by, calendar))
            rows = _rows(parts, whole.figures(parts), by, asked.slots)
    return Report(
        total=whole.figures(total)[0],
        rows=rows,
        abstractions=_by_reason(evidence, reckoned.attendance, total.slots.slot),
        retrospective=bool(asked.retrospective[grounds.asked].any()),
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
