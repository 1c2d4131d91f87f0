"""What became of a plan: its figures over a stretch of operational days."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.compliance import figures
from app.compliance.calendar import DAY, Calendar
from app.compliance.cells import HotspotVersions, PlanVersion, cells
from app.compliance.figures import Figures
from app.compliance.tally import tally
from app.compliance.visits import Assignments, VisitColumns

Grouping = Literal["hotspot", "day", "window", "total"]


@dataclass(frozen=True, slots=True)
class Period:
    """Operational days from `first` to `last`, both included."""

    first: dt.date
    last: dt.date

    def widened(self) -> "Period":
        """With the day before and the day after.

        Their windows compete for patrols at the edges, so that a day's figures are the same in
        whatever period they are asked for.
        """
        return Period(self.first - DAY, self.last + DAY)

    def times(self, calendar: Calendar) -> tuple[int, int]:
        """From when until when, microseconds UTC."""
        return calendar.start_of(self.first), calendar.start_of(self.last + DAY)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What figures are made from, as known at `as_at_us`.

    Visits and assignments are everybody's, of the period widened twice: to where the windows of
    the days around it may reach.
    """

    plans: Sequence[PlanVersion]
    hotspots: HotspotVersions
    visits: VisitColumns
    assignments: Assignments
    as_at_us: int


@dataclass(frozen=True, slots=True)
class Report:
    """Figures in total and for each `key`: a hot spot's id, a day's ordinal or a window's name."""

    total: Figures
    rows: Sequence[tuple[int | str, Figures]]
    retrospective: bool


def report(evidence: Evidence, period: Period, grouping: Grouping) -> Report:
    """Coverage and compliance of the plan over a period."""
    around = period.widened()
    required = cells(
        evidence.plans, evidence.hotspots, around.first, around.last, evidence.as_at_us
    )
    counted = tally(evidence.visits, evidence.assignments, required, evidence.as_at_us)
    first, last = period.first.toordinal(), period.last.toordinal()
    chosen = (first <= required.day) & (required.day <= last)
    rows: list[tuple[int | str, Figures]] = []
    if grouping == "window":
        by_window = figures.by(counted, chosen, required.window)
        rows += [(required.windows[index], found) for index, found in by_window]
    elif grouping != "total":
        key = required.hotspot if grouping == "hotspot" else required.day
        rows += figures.by(counted, chosen, key)
    total = figures.total(counted, chosen)
    return Report(total, rows, bool(required.retrospective[chosen].any()))
