"""What is known of one device over a span: its fixes in columns, and what it said of itself."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geofence.geodesy import steps_m
from geofence.model import Bools, Columns, Floats, Ints
from ingest.decoders.staleness import STALE_ACCURACY_M

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Track(Columns):
    """Fixes of one device by device time, no two of one time; all columns of one length."""

    time_us: Ints  # microseconds since the Unix epoch, UTC, by the device's clock
    received_us: Ints  # the same, by ours
    lon: Floats  # degrees
    lat: Floats
    accuracy_m: Floats  # NaN or negative: unknown
    speed_mps: Floats  # NaN: not told

    def __len__(self) -> int:
        return len(self.time_us)

    def vague(self, most_m: float) -> Bools:
        """Which fixes are less accurate than the engine takes: bool[n]."""
        return np.isfinite(self.accuracy_m) & (self.accuracy_m > most_m)

    @property
    def stale(self) -> Bools:
        """Which positions are old ones, kept by a made-up accuracy that says so: bool[n]."""
        return self.vague(np.nextafter(STALE_ACCURACY_M, 0.0))

    def moved_m(self) -> Floats:
        """How far apart consecutive fixes are in metres, [n - 1]: good over some kilometres."""
        return steps_m(self.lon, self.lat)


class Saying(NamedTuple):
    """Something a device said of itself: when (microseconds UTC), and one of `ingest.fix.EVENTS`.

    Other words are kept as they came.
    """

    time_us: int
    kind: str
