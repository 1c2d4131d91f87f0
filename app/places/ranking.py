"""Cells ranked by the crime in them, and what share of all of it the first of them hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from app.places.crimes import Crimes
from app.places.grid import Grid
from geofence.model import Floats, Ints

STEPS: Final = (5, 10, 20, 30, 40, 60, 80, 100)
DIGITS: Final = 6
"""Of weights and their sums: sums in another order differ by less, and are to tie."""


class Point(NamedTuple):
    """What the first `top` cells hold: shares of 0 to 1."""

    top: int
    of_placed: float  # of the weight of crimes with a place
    of_all: float  # also of those without
    of_area: float  # of the area of cells with any crime in them


@dataclass(frozen=True, slots=True)
class Ranking:
    """The cells with crime in them, the one with most weight first; of as many, with most crimes.

    Last of all the place on the map decides, so that the order of crimes makes no difference.
    """

    cells: Ints  # [m, 2]
    weight: Floats  # [m]
    crimes: Ints  # [m]
    of_crime: Ints  # [n]: each crime's cell; -1 where it has no place
    total: float  # weight of all crimes, also of those without a place

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def placed(self) -> float:
        """The weight of crimes with a place."""
        return float(self.weight.sum())

    def curve(self, top: int) -> Sequence[Point]:
        """What the first 5, 10, 20 ... cells hold, up to `top` of them."""
        running = np.cumsum(self.weight)
        steps = sorted({min(step, len(self)) for step in (*STEPS, top) if step <= top})
        return [
            Point(
                step,
                _share(running[step - 1], self.placed),
                _share(running[step - 1], self.total),
                step / len(self),
            )
            for step in steps
            if step
        ]


def ranked(crimes: Crimes, weight: Floats, grid: Grid) -> Ranking:
    """The cells of `grid` by what the crimes in them weigh, [n]."""
    placed = np.flatnonzero(crimes.placed)
    of_placed = grid.cells(crimes.lon[placed], crimes.lat[placed])
    cells, which = np.unique(of_placed, axis=0, return_inverse=True)
    which = which.reshape(-1)
    sums = summed(which, weight[placed], len(cells))
    counts = np.bincount(which, minlength=len(cells))
    order = np.lexsort((cells[:, 1], cells[:, 0], -counts, -sums))
    rank = np.empty(len(cells), np.int64)
    rank[order] = np.arange(len(cells))
    of_crime = np.full(len(crimes), -1)
    of_crime[placed] = rank[which]
    return Ranking(cells[order], sums[order], counts[order], of_crime, float(weight.sum()))


def summed(cell: Ints, weight: Floats, cells: int) -> Floats:
    """The weight in each cell, [cells], from each crime's cell and weight, [n]."""
    return np.round(np.bincount(cell, weight, cells), DIGITS)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0
