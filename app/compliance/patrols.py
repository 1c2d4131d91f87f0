"""Visits into patrols: united in time, whoever made them, and placed in the cells of a plan."""

from dataclasses import dataclass, replace

import numpy as np

from app.compliance.cells import REST, Cells
from app.compliance.intervals import (
    Intervals,
    Ints,
    hulls,
    meeting,
    shared,
    sums,
    unite,
    united,
)
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
        return sums(self.sure.group, self.sure.length_us, len(self))

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
    seen[label[~(visits.enter_seen & visits.exit_seen)]] = False
    sure = united(replace(visits.sure, group=label[visits.sure.group]))
    return Patrols(stays, hulls(label, visits.outer), sure, seen), label


def place(found: Patrols, cells: Cells) -> Ints:
    """The row of the cell that each patrol belongs to; OUTSIDE where there is none.

    That is the one whose window holds most of it, the earlier on a tie; what no window of its hot
    spot holds any of belongs to the rest of the operational day that it starts in.
    """
    rest = cells.kind == REST
    placed = _by_start(found.stays, cells, np.flatnonzero(rest))
    frames = np.flatnonzero(~rest)
    windows = Intervals(cells.hotspot[frames], cells.start_us[frames], cells.end_us[frames])
    patrol, window, common = shared(found.stays, windows)
    moment = (found.stays.length_us[patrol] == 0) & (common.start_us < windows.end_us[window])
    inside = (common.length_us > 0) | moment
    patrol, window, length = patrol[inside], window[inside], common.length_us[inside]
    order = np.lexsort((-window, length, patrol))
    # Of several windows of a patrol the last in this order is the one that stays.
    placed[patrol[order]] = frames[window[order]]
    return placed


def _by_start(stays: Intervals, cells: Cells, days: Ints) -> Ints:
    """The row, of those of whole operational days, in which each stay starts, or OUTSIDE."""
    placed = np.full(len(stays), OUTSIDE, np.int64)
    starts = Intervals(stays.group, stays.start_us, stays.start_us)
    frames = Intervals(cells.hotspot[days], cells.start_us[days], cells.end_us[days])
    stay, day = meeting(starts, frames)
    inside = stays.start_us[stay] < frames.end_us[day]
    placed[stay[inside]] = days[day[inside]]
    return placed
