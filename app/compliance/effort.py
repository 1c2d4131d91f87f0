"""Officers' time on patrols: how much work they were, and whose."""

from dataclasses import dataclass

import numpy as np

from app.compliance.intervals import Intervals, Ints, shared, sums, united
from app.compliance.patrols import OUTSIDE
from app.compliance.visits import Assignments
from app.compliance.work import Work


@dataclass(frozen=True, slots=True)
class Effort:
    """Officers' time by maker, ascending: columns.

    `patrol` is the row among all patrols, `cell` that of its cell; an officer's time on one patrol
    may be in several rows.
    """

    maker: Ints
    officer: Ints
    patrol: Ints
    cell: Ints
    length_us: Ints

    def of(self, maker: int, cells: int) -> Ints:
        """A maker's time in each of so many cells."""
        first, end = np.searchsorted(self.maker, [maker, maker + 1])
        return sums(self.cell[first:end], self.length_us[first:end], cells)


def effort(done: Work, assignments: Assignments, maker: Ints) -> Effort:
    """Whose time went into the patrols of a plan's cells; `maker` says whose each assignment is.

    Time is placed by the whole patrol, whoever else was on it, so that what makers brought adds up.
    Two devices of one maker on one officer count once; one that nobody had does not count.
    """
    lasting = np.flatnonzero(done.patrol != OUTSIDE)
    placed = lasting[done.cell[done.patrol[lasting]] != OUTSIDE]
    row, held, part = shared(done.visits.times.take(placed), assignments.times)
    hands, hand = np.unique(np.stack([maker, assignments.officer]), axis=1, return_inverse=True)
    many = max(hands.shape[1], 1)
    patrol = done.patrol[placed[row]]
    times = united(Intervals(patrol * many + hand[held], part.start_us, part.end_us))
    whose, officer = hands[:, times.group % many]
    order = np.argsort(whose, kind="stable")
    patrol = times.group[order] // many
    return Effort(whose[order], officer[order], patrol, done.cell[patrol], times.length_us[order])
