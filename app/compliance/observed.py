"""How well devices were observed, and when they were near a hot spot but not in it: columns."""

from dataclasses import dataclass

import numpy as np

from app.compliance.intervals import Intervals, Ints, looked_up
from app.compliance.visits import Bools
from geofence.model import FOREVER, HOUR_US


@dataclass(frozen=True, slots=True)
class Pending:
    """From when on devices are still to be surveyed; one row each, microseconds UTC."""

    device: Ints
    start_us: Ints


_NONE = np.empty(0, np.int64)
NO_PENDING = Pending(_NONE, _NONE)


@dataclass(frozen=True, slots=True)
class Hours:
    """One row a device and hour (its start, microseconds UTC) in which it was heard of.

    Bit n of `observed` tells whether minute n of the hour was wholly observed. Of what is
    `pending`, nothing is known yet.
    """

    device: Ints
    hour_us: Ints
    observed: Ints
    pending: Pending = NO_PENDING

    def known(self, device: Ints, hour_us: Ints) -> Bools:
        """Whether hours of devices (columns) were surveyed, though they may have no row."""
        start_us = looked_up(device, self.pending.device, self.pending.start_us, FOREVER)
        found: Bools = hour_us + HOUR_US <= start_us
        return found


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


NO_HOURS = Hours(_NONE, _NONE, _NONE)
NO_NEARBY = Nearby(_NONE, _NONE, _NONE, _NONE)
