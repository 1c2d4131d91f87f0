"""How well devices were observed, and when they were near a hot spot but not in it: columns."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.compliance.intervals import Intervals, Ints

HOUR_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Hours:
    """One row a device and hour (its start, microseconds UTC) in which the device was surveyed.

    Bit n of `observed` tells whether minute n of the hour was wholly observed.
    """

    device: Ints
    hour_us: Ints
    observed: Ints


@dataclass(frozen=True, slots=True)
class Nearby:
    """When devices were outside a hot spot, but within 50 m of it; microseconds UTC.

    No stretch is longer than an hour; those of one device at one hot spot are disjoint.
    """

    device: Ints
    hotspot: Ints
    start_us: Ints
    end_us: Ints

    @property
    def times(self) -> Intervals:
        """When, by hot spot."""
        return Intervals(self.hotspot, self.start_us, self.end_us)

    @property
    def by_device(self) -> Intervals:
        """When, by device."""
        return Intervals(self.device, self.start_us, self.end_us)


_NONE = np.empty(0, np.int64)
NO_HOURS = Hours(_NONE, _NONE, _NONE)
NO_NEARBY = Nearby(_NONE, _NONE, _NONE, _NONE)
