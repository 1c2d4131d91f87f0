"""What was done: patrols and pass-throughs, each with the row of the cell that it belongs to."""

from dataclasses import dataclass

import numpy as np

from app.compliance.cells import REQUIRED, Cells
from app.compliance.intervals import Intervals, Ints, meeting
from app.compliance.patrols import OUTSIDE, Patrols, patrols, place
from app.compliance.visits import Bools, VisitColumns


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
    """What attributed `visits` make of a plan's cells: patrols and pass-throughs.

    `patrols` are all that there are, with the row of each one's `cell`, or OUTSIDE; those `found`
    belong to some. `patrol` is the row of each visit's among all, OUTSIDE of a pass-through.
    """

    visits: VisitColumns
    found: Placed
    passing: Placed
    patrols: Patrols
    cell: Ints
    patrol: Ints

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


def work(visits: VisitColumns, cells: Cells) -> Work:
    """What attributed visits make of a plan's cells.

    Patrols that belong to no cell are none of those found.
    """
    lasting = ~visits.pass_through
    united_visits, label = patrols(visits.take(lasting))
    patrol = np.full(len(visits), OUTSIDE, np.int64)
    patrol[lasting] = label
    cell = place(united_visits, cells)
    passing, _ = patrols(visits.take(visits.pass_through))
    return Work(
        visits=visits,
        found=_placed(united_visits, cell, cells),
        passing=_placed(passing, place(passing, cells), cells),
        patrols=united_visits,
        cell=cell,
        patrol=patrol,
    )


def _placed(found: Patrols, cell: Ints, cells: Cells) -> Placed:
    """Those of the patrols that belong to some cell, given each one's."""
    inside = cell != OUTSIDE
    kept, cell = found.take(inside), cell[inside]
    minimum_us = cells.minimum_us[cell]
    qualifies = kept.stays.length_us >= minimum_us
    return Placed(kept, cell, cells, qualifies, kept.uncertain(minimum_us))
