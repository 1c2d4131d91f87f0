"""How days went that a briefing tells of, as far as anything was recorded on them."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.compliance.figures import Figures
from app.compliance.groups import Period
from app.compliance.reckoning import Evidence
from app.compliance.report import Report, report
from app.compliance.veil import Sight
from app.reports.recorded import recorded, unknown, widened


@dataclass(frozen=True, slots=True)
class Past:
    """Some days' figures, and hours abstracted by reason; None: nothing was asked for on them.

    `unrecorded`: how many of the cells are of days on which nothing was recorded: what was done in
    these is not known.
    """

    days: Period
    figures: Figures | None
    abstractions: Mapping[str, float]
    unrecorded: int

    @property
    def recorded(self) -> bool:
        """Whether anything was, of what was asked for."""
        return self.figures is not None and self.unrecorded < self.figures.cells


def past(days: Period, evidence: Evidence, sight: Sight) -> Past:
    """How some days went, for somebody's sight."""
    return past_of(days, report(evidence, days, "total", sight))


def past_of(days: Period, found: Report) -> Past:
    """How some days went, by a report of them: in total, or by day."""
    total = found.total
    if not total.cells:
        return Past(days, None, found.abstractions, unrecorded=0)
    parts = [row.figures for row in found.rows] if recorded(total) else [total]
    silent = [one for one in parts if not recorded(one)]
    cells = sum(one.cells for one in silent)
    return Past(days, widened(total, silent), found.abstractions, cells)


def known(figures: Figures) -> Figures:
    """A day's figures, without shares where nothing was recorded."""
    return figures if recorded(figures) else unknown(figures)
