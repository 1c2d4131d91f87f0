"""What was done: patrols and pass-throughs, each with the row of the cell that it belongs to."""

from dataclasses import dataclass

import numpy as np

from app.compliance.cells import REQUIRED, Cells
from app.compliance.intervals import Intervals, Ints, meeting, shared, sums, united
from app.compliance.patrols import OUTSIDE, Patrols, patrols, place
from app.compliance.visits import Assignments, Bools, VisitColumns


@dataclass(frozen=True, slots=True)
class Placed:
    """Patrols, or pass-throughs, with the row of the cell that each belongs to."""

    patrols: Patrols
    cell: Ints
    cells: Cells
    qualifies: Bools
    uncertain: Bools

    @property
    def length_us(self) -> Ints:
        """How long each lasted, in its window or not."""
        return self.patrols.stays.length_us

    @property
    def arrivals(self) -> tuple[Ints, Intervals]:
        """Those that qualify where something was required: the cell's row, and the stay."""
        asked = self.qualifies & (self.cells.kind[self.cell] == REQUIRED)
        return self.cell[asked], self.patrols.stays.take(asked)

    def clipped_us(self, times: Intervals, row: Ints | None = None) -> Ints:
        """How much of each stretch of time lies in the window of its patrol's cell."""
        cell = self.cell if row is None else self.cell[row]
        return times.clip(self.cells.start_us[cell], self.cells.end_us[cell]).length_us

    @property
    def highest_us(self) -> Ints:
        """What each may bring to its window: at least the minimum, where it may have lasted it."""
        least = np.where(self.uncertain, self.cells.minimum_us[self.cell], 0)
        return np.maximum(self.clipped_us(self.patrols.outer), least)

    def take(self, keep: Bools) -> "Placed":
        """Those rows."""
        return Placed(
            self.patrols.take(keep),
            self.cell[keep],
            self.cells,
            self.qualifies[keep],
            self.uncertain[keep],
        )


@dataclass(frozen=True, slots=True)
class Work:
    """What visits make of a plan's cells: patrols, their officers' time, and pass-throughs."""

    found: Placed
    officer_us: Ints
    passing: Placed

    @property
    def doubtful(self) -> Placed:
        """The uncertain pass-throughs that may be patrols which nothing else shows.

        One that meets a patrol which may qualify is that patrol, seen once more.
        """
        may = self.found.patrols.stays.take(self.found.uncertain | self.found.qualifies)
        keep = self.passing.uncertain.copy()
        unsure = np.flatnonzero(keep)
        met, _ = meeting(self.passing.patrols.stays.take(unsure), may)
        keep[unsure[met]] = False
        return self.passing.take(keep)


def work(visits: VisitColumns, assignments: Assignments, cells: Cells) -> Work:
    """What attributed visits make of a plan's cells; `assignments` say which officers' time it is.

    Patrols that belong to no cell are left out.
    """
    lasting = visits.take(~visits.pass_through)
    united_visits, patrol = patrols(lasting)
    officer_us = _officer_us(lasting, patrol, assignments, len(united_visits))
    found, inside = _placed(united_visits, cells)
    passing, _ = _placed(patrols(visits.take(visits.pass_through))[0], cells)
    return Work(found, officer_us[inside], passing)


def _placed(found: Patrols, cells: Cells) -> tuple[Placed, Bools]:
    """Those of the patrols that belong to some cell; and which of all these are."""
    cell = place(found, cells)
    inside = cell != OUTSIDE
    kept, cell = found.take(inside), cell[inside]
    minimum_us = cells.minimum_us[cell]
    qualifies = kept.stays.length_us >= minimum_us
    return Placed(kept, cell, cells, qualifies, kept.uncertain(minimum_us)), inside


def _officer_us(visits: VisitColumns, patrol: Ints, assignments: Assignments, size: int) -> Ints:
    """Officer time of each patrol; two devices on one officer count once, an unassigned one not."""
    visit, held, part = shared(visits.times, assignments.times)
    _, officer = np.unique(assignments.officer[held], return_inverse=True)
    many = int(officer.max(initial=0)) + 1
    times = united(Intervals(patrol[visit] * many + officer, part.start_us, part.end_us))
    return sums(times.group // many, times.length_us, size)
