"""Does a ranking hold? What the first cells of a period hold of the crime of the next one."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from app.compliance.calendar import Calendar
from app.places.crimes import Crimes
from app.places.months import month_after, months
from app.places.ranking import Ranking, summed
from geofence.model import Floats, Ints

LEAST_CRIMES: Final = 5
"""For each cell of the top, in a period: of fewer, chance alone makes the order."""
LEAST_STEPS: Final = 2
"""From a month to the one after it: of fewer, halves say more."""
STEADY, UNSTEADY = 0.8, 0.5
"""Of what the best choice would have gained: from the first on a ranking is steady, below the
second it is not. Ours: no study sets them."""
_HALVES: Final = 2


class Step(NamedTuple):
    """From one period to the next, named by their first days."""

    before: dt.date
    after: dt.date
    overlap: float  # share of the first cells of the one that are among those of the other
    correlation: float | None  # Spearman's, of the one's first cells; None: they are all alike
    held: float  # share of the next period's weight in the first cells of the one before
    best: float  # share of it in the next period's own first cells


@dataclass(frozen=True, slots=True)
class Stability:
    """How the first `top` of `cells` cells fared from period to period; each step counts alike.

    No steps: nothing can be said, and `unknown` says why.
    """

    top: int
    cells: int
    period: str  # "month", or "half"
    steps: Sequence[Step]
    unknown: str = ""

    @property
    def chance(self) -> float:
        """The share that as many cells hold which are drawn by lot."""
        return self.top / self.cells

    @property
    def kept(self) -> float:
        """What the cells of the period before gained over chance, as a share of the best's gain.

        Of crime without places of its own it is about 0; less, where crime moves away.
        """
        best = sum(step.best - self.chance for step in self.steps)
        return sum(step.held - self.chance for step in self.steps) / best if best > 0 else 0.0

    @property
    def verdict(self) -> str:
        """In a word: "steady", "half steady", "unsteady" or "unknown"."""
        if not self.steps:
            return "unknown"
        if self.kept >= STEADY:
            return "steady"
        return "half steady" if self.kept >= UNSTEADY else "unsteady"


def stability(
    crimes: Crimes, weight: Floats, ranking: Ranking, top: int, calendar: Calendar
) -> Stability:
    """How the first `top` cells would have fared, chosen by one period and patrolled in the next.

    Periods are local months, each with the one after it; where few follow each other, or have few
    crimes, the two halves of all months. Each crime must weigh something.
    """
    placed = np.flatnonzero(ranking.of_crime >= 0)
    # Of cells that weigh as much in a period the map decides: the rank over all of them knows what
    # came later.
    on_map = np.lexsort(ranking.cells.T)
    cells, top = len(ranking), min(top, len(ranking))
    month, first_days = months(crimes.take(placed), calendar)
    period, days, pairs = _periods(month, first_days, top)
    name = "half" if len(pairs) == 1 else "month"
    unknown = _unknown(np.bincount(period, minlength=len(days)), top, cells)
    if unknown:
        return Stability(top, cells, name, [], unknown)
    sums = [_sums(ranking, weight, placed[period == number])[on_map] for number in range(len(days))]
    steps = [_step(sums[one], sums[other], top, days[one], days[other]) for one, other in pairs]
    return Stability(top, cells, name, steps)


def _unknown(crimes: Ints, top: int, cells: int) -> str:
    """Why nothing can be said of periods with so many crimes; empty where something can."""
    if len(crimes) == 1:
        return "there is one month only"
    if top == cells:
        return f"there are but {cells} cells with crime, and all of them are chosen"
    # Months have enough on average, and are more: else they would be halves.
    if len(crimes) == _HALVES and crimes.min() < LEAST_CRIMES * top:
        return (
            f"there are {crimes.min()} crimes in one half of the months, and {top} places need"
            f" {LEAST_CRIMES * top} in each"
        )
    return ""


def _sums(ranking: Ranking, weight: Floats, some: Ints) -> Floats:
    """The weight of some crimes in each cell, [m]."""
    return summed(ranking.of_crime[some], weight[some], len(ranking))


def _periods(
    month: Ints, days: list[dt.date], top: int
) -> tuple[Ints, list[dt.date], list[tuple[int, int]]]:
    """The period of each crime, [n], the first day of each period, and which are to be compared."""
    steps = [
        (one, other)
        for one, other in pairwise(range(len(days)))
        if days[other] == month_after(days[one])
    ]
    if len(steps) >= LEAST_STEPS and len(month) >= LEAST_CRIMES * top * len(days):
        return month, days, steps
    if len(days) > 1:
        half = len(days) // 2
        return (month >= half).astype(np.int64), [days[0], days[half]], [(0, 1)]
    return month, days, []


def _step(one: Floats, other: Floats, top: int, before: dt.date, after: dt.date) -> Step:
    first, best = _first(one, top), _first(other, top)
    total = other.sum()
    return Step(
        before,
        after,
        overlap=len(np.intersect1d(first, best)) / top,
        correlation=_spearman(one[first], other[first]),
        held=float(other[first].sum() / total),
        best=float(other[best].sum() / total),
    )


def _first(weight: Floats, top: int) -> Ints:
    """The `top` cells that weigh most; of those that weigh as much, the first."""
    return np.argsort(-weight, kind="stable")[:top]


def _spearman(one: Floats, other: Floats) -> float | None:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    pair = pl.DataFrame({"one": one, "other": other})
    return float(pair.select(pl.corr("one", "other", method="spearman")).item())
