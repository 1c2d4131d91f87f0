"""How well each slot was observed and staffed; and the sums of a group's distinct slots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.cells import Shares, Slots
from app.compliance.intervals import Ints
from app.compliance.layout import Layout, SlotsOf
from app.compliance.visits import Bools
from geofence.model import MINUTE_US

HOUR_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Shifts:
    """One row a slot: minutes tracked and observed, duty time and what abstractions took of it."""

    tracked: Ints
    observed: Ints
    duty_us: Ints
    away_us: Ints

    def unmeasurable(self, least: Shares) -> Bools:
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

    `measurable`: whether enough was observed to say that nobody came; of the slots that a trial's
    controls are in, and of those of both arms, apart. None where it is not known.
    """

    observability: Observability
    measurable: bool | None
    controls_measurable: bool | None
    both_measurable: bool | None
    abstracted_hours: float | None


def staffing(shifts: Shifts, slots: Slots, layout: Layout) -> Sequence[Staffing]:
    """Of each group: of the slots that its required cells are in, each counted once.

    Where plans differ in what is the least that must be observed, the strictest counts.
    """
    required, controls, both = (
        _watched(shifts, slots, some)
        for some in (layout.slots, layout.control_slots, layout.slots_of_both)
    )
    duty_us, away_us = (layout.slots.sums(row).tolist() for row in (shifts.duty_us, shifts.away_us))
    return [
        Staffing(
            observability=required[number][0],
            measurable=required[number][1],
            controls_measurable=controls[number][1],
            both_measurable=both[number][1],
            abstracted_hours=away / MINUTE_US / HOUR_MINUTES if duty else None,
        )
        for number, (duty, away) in enumerate(zip(duty_us, away_us, strict=True))
    ]


def _watched(
    shifts: Shifts, slots: Slots, some: SlotsOf
) -> list[tuple[Observability, bool | None]]:
    """How well some slots of each group were observed, and whether that was enough."""
    columns = (some.sums(shifts.tracked), some.sums(shifts.observed), some.highest(slots.least))
    return [_judged(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _judged(tracked: int, observed: int, least: float) -> tuple[Observability, bool | None]:
    if not tracked:
        return Observability(None, 0), None
    share = observed / tracked
    return Observability(share, tracked), share >= least
