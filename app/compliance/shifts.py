"""How well each slot was observed and staffed; and the sums of a group's distinct slots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.cells import Slots
from app.compliance.intervals import Ints, sums
from app.compliance.layout import Layout
from app.compliance.plan import MINUTE_US
from app.compliance.visits import Bools

HOUR_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Shifts:
    """One row a slot: minutes tracked and observed, duty time and what abstractions took of it."""

    tracked: Ints
    observed: Ints
    duty_us: Ints
    away_us: Ints

    def unmeasurable(self, least: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Bools:
        """The slots (a mask) of whose tracked minutes less than the least share was observed."""
        # Shares are compared, as a group's is, not minutes: products are rounded otherwise.
        share = self.observed / np.maximum(self.tracked, 1)
        found: Bools = (self.tracked > 0) & (share < least)
        return found


@dataclass(frozen=True, slots=True)
class Observability:
    """The share of `n` tracked minutes that was observed; None where no duty time is known."""

    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Staffing:
    """How well a group's slots were observed, and what abstractions took of their duty time.

    `measurable`: whether enough was observed to say that nobody came. None where it is not known.
    """

    observability: Observability
    measurable: bool | None
    abstracted_hours: float | None


def staffing(shifts: Shifts, slots: Slots, layout: Layout) -> Sequence[Staffing]:
    """Of each group: of the slots that its required cells are in, each counted once.

    Where plans differ in what is the least that must be observed, the strictest counts.
    """
    group, slot, size = layout.slot_group, layout.slot, len(layout.groups)
    least = np.zeros(size)
    np.maximum.at(least, group, slots.least[slot])
    columns = (shifts.tracked, shifts.observed, shifts.duty_us, shifts.away_us)
    totals = [sums(group, column[slot], size).tolist() for column in columns]
    return [_staffing(*row) for row in zip(*totals, least.tolist(), strict=True)]


def _staffing(tracked: int, observed: int, duty_us: int, away_us: int, least: float) -> Staffing:
    share = observed / tracked if tracked else None
    return Staffing(
        Observability(share, tracked),
        None if share is None else share >= least,
        away_us / MINUTE_US / HOUR_MINUTES if duty_us else None,
    )
