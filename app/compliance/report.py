"""What became of a plan: its figures over a stretch of operational days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.attendance import Attendance
from app.compliance.cells import Slots
from app.compliance.duty import Officers
from app.compliance.figures import Figures
from app.compliance.groups import TIMES, Grouping, Key, Makers, Period, everything, groups
from app.compliance.intervals import Intervals, Ints, ragged
from app.compliance.layout import Layout, layout
from app.compliance.makers import Crews, apart
from app.compliance.reckoning import Evidence, reckon
from app.compliance.roster import taken_by_reason_us
from app.compliance.trend import Trend, trends
from app.compliance.veil import ALL, Sight, Turnout, Veiled, reasons_veiled, veiled
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
    `folded`: how many teams, or organisations, are counted in the row of none, as theirs would tell
    of too few officers.
    """

    total: Figures
    rows: Sequence[Row]
    abstractions: Mapping[str, float]
    retrospective: bool
    folded: int = 0


def report(evidence: Evidence, period: Period, by: Grouping, sight: Sight = ALL) -> Report:
    """Coverage, compliance and their companions of the plan over a period, for somebody's sight.

    By officer, of those whom they follow; by team and organisation, so that no row is of too few
    officers whom they do not know.
    """
    reckoned, calendar = reckon(evidence, period), evidence.plan.calendar
    asked, grounds, whole = reckoned.cells, reckoned.grounds, reckoned.whole
    total = layout(asked, everything(asked, period, calendar))
    officers = _told_apart(evidence, period, by, sight)
    match by:
        case "total":
            rows = []
        case "team" | "organisation" | "source" | "officer":
            crews = _crews(evidence, by, officers.officers, sight)
            made = apart(crews, grounds, reckoned.done, evidence.nearby, reckoned.attendance)
            rows = [Row(key, part.figures(total)[0]) for key, part in made]
        case _:
            parts = layout(asked, groups(asked, period, by, calendar))
            rows = _rows(parts, whole.figures(parts), by, asked.slots)
    return Report(
        total=whole.figures(total)[0],
        rows=rows,
        abstractions=_by_reason(evidence, reckoned.attendance, total.slots.slot, sight),
        retrospective=bool(asked.retrospective[grounds.asked].any()),
        folded={"team": officers.teams, "organisation": officers.organisations}.get(by, 0),
    )


def _told_apart(evidence: Evidence, period: Period, by: Grouping, sight: Sight) -> Veiled:
    if by not in {"team", "organisation"} or sight.known is None:
        return Veiled(evidence.officers)
    return veiled(evidence.officers, _turnout(evidence, period), sight)


def _turnout(evidence: Evidence, period: Period) -> Turnout:
    """The officers who had a device, and those on duty, on each operational day: two occasions."""
    edges_us = np.array(period.edges_us(evidence.plan.calendar))
    many = 2 * len(edges_us)
    held = evidence.assignments
    kinds = Intervals(held.officer, held.start_us, held.end_us), evidence.duty.times
    pairs = []
    for kind, there in enumerate(kinds):
        row, day = _days(there, edges_us)
        pairs.append(there.group[row] * many + 2 * day + kind)
    each = np.unique(np.concatenate(pairs))
    return Turnout(each // many, each % many)


def _days(there: Intervals, edges_us: Ints) -> tuple[Ints, Ints]:
    """Each stretch of time as often as it meets a day, and beside it which: between two edges."""
    first = np.searchsorted(edges_us[1:], there.start_us, side="right")
    end = np.searchsorted(edges_us[:-1], there.end_us, side="left")
    return ragged(first, np.maximum(end - first, 0))


def _crews(evidence: Evidence, by: Makers, officers: Officers, sight: Sight) -> Crews:
    return Crews(
        by=by,
        assignments=evidence.assignments,
        duty=evidence.duty,
        officers=officers,
        devices=evidence.devices,
        seen=sight.followed,
    )


def _rows(parts: Layout, found: Sequence[Figures], by: Grouping, slots: Slots) -> list[Row]:
    if by not in TIMES:
        return [Row(key, one) for key, one in zip(parts.groups.keys, found, strict=True)]
    trend = trends(
        [one.coverage.value for one in found], parts.slots.highest(slots.target).tolist()
    )
    return [Row(*row) for row in zip(parts.groups.keys, found, trend, strict=True)]


def _by_reason(
    evidence: Evidence, attendance: Attendance, slots: Ints, sight: Sight
) -> Mapping[str, float]:
    """Hours in some slots."""
    rostered = attendance.rostered
    rostered = rostered.take(np.isin(rostered.slot, slots))
    told = reasons_veiled(evidence.abstractions, sight)
    found = taken_by_reason_us(rostered, told, evidence.officers)
    return {reason: length_us / MINUTE_US / 60 for reason, length_us in found.items()}
