"""One operational day of a plan: its windows, and what each asks of which hot spots."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.compliance.calendar import DAY
from app.compliance.intervals import Ints
from app.compliance.plan import Plan, Window
from app.compliance.trial import arms
from app.compliance.weights import quotas


@dataclass(frozen=True, slots=True)
class Day:
    """An operational day, and the version of the plan that it goes by.

    `valid` gives the hot spots (ids) that exist at a moment, as they were known for this day.
    `retrospective`: that the plan was loaded after the day began.
    """

    date: dt.date
    plan: Plan
    valid: Callable[[int], Ints]
    retrospective: bool

    def slots(self) -> Iterator["Slot"]:
        """The windows of the day."""
        treated, controls = self._arms()
        for window in self.plan.windows:
            times = self.plan.times_of(window, self.date)
            if times is None:
                continue
            valid = self._asked(times[0])
            due = valid if self.plan.trial is None else np.intersect1d(valid, treated)
            required = _required(self.plan, window, due)
            some = required > 0
            yield Slot(
                self,
                window,
                times,
                due[some],
                required[some],
                np.full(int(some.sum()), self.plan.trial is not None),
                np.intersect1d(valid, controls),
            )

    def rest(self, slots: Sequence["Slot"]) -> "Slot":
        """All that lies in none of its windows."""
        treated, controls = self._arms()
        times_us = {self._start_us, *(slot.times[0] for slot in slots)}
        every = np.concatenate([self._asked(time_us) for time_us in times_us])
        others = np.setdiff1d(every, controls)
        times = self._start_us, self.plan.calendar.start_of(self.date + DAY)
        none = np.zeros(len(others), np.int64)
        arm = np.isin(others, treated) & (self.plan.trial is not None)
        return Slot(self, None, times, others, none, arm, controls)

    @property
    def _start_us(self) -> int:
        return self.plan.calendar.start_of(self.date)

    def _arms(self) -> tuple[Ints, Ints]:
        return arms(self.plan, self.date, self._asked(self._start_us))

    def _asked(self, time_us: int) -> Ints:
        """Ids of the plan's hot spots that exist at a moment."""
        valid = self.valid(time_us)
        named = self.plan.hotspots
        return valid if named is None else valid[np.isin(valid, list(named))]


@dataclass(frozen=True, slots=True)
class Slot:
    """One window on one day, or (None) the rest of the day, with its hot spots by arm.

    `required` are the patrols asked for at each that is `due` any, `treated` whether it is under a
    trial's treatment.
    """

    day: Day
    window: Window | None
    times: tuple[int, int]
    due: Ints
    required: Ints
    treated: npt.NDArray[np.bool_]
    controls: Ints


def _required(plan: Plan, window: Window, due: Ints) -> Ints:
    """How many patrols a window asks of each hot spot."""
    if not window.by_weight:
        return np.full(len(due), window.patrols, np.int64)
    return np.array(
        quotas(window.patrols, tuple(plan.weights.get(spot, 1.0) for spot in due.tolist())),
        np.int64,
    )
