"""Duty time in slots, what abstractions took of it, and how much of it was observed."""

from dataclasses import dataclass

import numpy as np

from app.compliance.intervals import Ints, sums
from app.compliance.roster import Roster
from app.compliance.shifts import Shifts
from app.compliance.tracking import Tracking


@dataclass(frozen=True, slots=True)
class Attendance:
    """A roster, what abstractions took of each of its rows, and how it was tracked."""

    slots: int
    rostered: Roster
    taken_us: Ints
    tracking: Tracking

    def together(self) -> Shifts:
        """Each slot's, of all officers."""
        rows = np.zeros(len(self.rostered), np.int64)
        return self.apart(rows, np.zeros(len(self.tracking), np.int64), 1)[0]

    def apart(self, rostered: Ints | None, tracked: Ints, makers: int) -> list[Shifts]:
        """Each slot's by maker, from the makers (0, 1, ...) of the roster's and tracking's rows.

        Where a roster says nothing of makers (None), none of it is any one's.
        """
        seen, observed = self.tracking.minutes(tracked, makers, self.slots)
        duty_us, away_us = (
            self._by_maker(column, rostered, makers)
            for column in (self.rostered.times.length_us, self.taken_us)
        )
        return [Shifts(*rows) for rows in zip(seen, observed, duty_us, away_us, strict=True)]

    def _by_maker(self, column: Ints, maker: Ints | None, makers: int) -> Ints:
        if maker is None:
            return np.zeros((makers, self.slots), np.int64)
        group = maker * self.slots + self.rostered.slot
        return sums(group, column, makers * self.slots).reshape(makers, self.slots)
