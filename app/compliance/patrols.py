"""Visits into patrols: united in time, whoever made them, and placed in the cells of a plan."""

from dataclasses import dataclass, replace

import numpy as np

from app.compliance.cells import Cells
from app.compliance.intervals import Intervals, Ints, hulls, meeting, unite, united
from app.compliance.visits import Bools, VisitColumns

OUTSIDE = -1


@dataclass(frozen=True, slots=True)
class Patrols:
    """Patrols, one a row, ordered by hot spot and start; microseconds UTC.

    `outer` is the longest that each can have been; `sure` its certain time, disjoint, each stretch
    with the patrol's row as its group. `ends_seen`: whether both ends of all its visits were.
    """

    stays: Intervals
    outer: Intervals
    sure: Intervals
    ends_seen: Bools

    def __len__(self) -> int:
        return len(self.stays)

    @property
    def low_us(self) -> Ints:
        """Certain time of each."""
        low = np.zeros(len(self), dtype=np.int64)
        np.add.at(low, self.sure.group, self.sure.length_us)
        return low

    def uncertain(self, minimum_us: Ints) -> Bools:
        """Whether the data leave open that a patrol lasted its minimum (a column)."""
        possible = (self.outer.length_us >= minimum_us) | ~self.ends_seen
        return (self.low_us < minimum_us) & possible

    def take(self, keep: Bools) -> "Patrols":
        """Those rows, and their certain time."""
        sure = self.sure.take(keep[self.sure.group])
        row = np.cumsum(keep) - 1
        return Patrols(
            stays=self.stays.take(keep),
            outer=self.outer.take(keep),
            sure=replace(sure, group=row[sure.group]),
            ends_seen=self.ends_seen[keep],
        )


def patrols(visits: VisitColumns) -> tuple[Patrols, Ints]:
    """Visits at one hot spot that overlap or touch, united; and each visit's patrol, by row.

    Takes attributed visits, without pass-throughs. A double crew is one patrol.
    """
    label = unite(visits.stays)
    stays = hulls(label, visits.stays)
    seen = np.ones(len(stays), dtype=bool)
    np.logical_and.at(seen, label, visits.enter_seen & visits.exit_seen)
    sure = united(replace(visits.sure, group=label[visits.sure.group]))
    return Patrols(stays, hulls(label, visits.outer), sure, seen), label


def place(found: Patrols, cells: Cells) -> Ints:
    """The row of the cell whose window holds most of each patrol, the earlier on a tie.

    OUTSIDE where no window of its hot spot holds any of it.
    """
    stays, frames = found.stays, Intervals(cells.hotspot, cells.start_us, cells.end_us)
    patrol, cell = meeting(stays, frames)
    shared = np.minimum(stays.end_us[patrol], frames.end_us[cell]) - np.maximum(
        stays.start_us[patrol], frames.start_us[cell]
    )
    moment = (stays.length_us[patrol] == 0) & (stays.start_us[patrol] < frames.end_us[cell])
    inside = (shared > 0) | moment
    patrol, cell, shared = patrol[inside], cell[inside], shared[inside]
    order = np.lexsort((cell, -shared, patrol))
    rows, best = np.unique(patrol[order], return_index=True)
    placed = np.full(len(found), OUTSIDE, dtype=np.int64)
    placed[rows] = cell[order][best]
    return placed
