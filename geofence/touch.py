"""Which fixes and legs come near which hot spots, and how surely (rule 1 of the dwell method)."""

from dataclasses import dataclass

import numpy as np

from geofence.clip import place
from geofence.hotspots import Hotspots
from geofence.model import Bools, Columns, Floats, Ints
from geofence.sweep import passing
from geofence.track import Track


@dataclass(frozen=True, slots=True)
class Touches(Columns):
    """Rows of a track beside the hot spots that they, or the legs to them, may touch.

    In order of hot spot, then row; `key` rises with both. A row that is not here is surely outside.
    """

    key: Ints
    hotspot: Ints
    row: Ints
    x: Floats  # metres in the plane of the hot spot
    y: Floats
    leg: Bools  # a leg leads here, or may if it is a still one, that may touch the hot spot
    inside: Bools
    sure: Bools  # inside: surely inside; outside: surely outside

    @property
    def near(self) -> Bools:
        """Not surely outside."""
        return self.inside | ~self.sure

    def before(self, position: Ints) -> Ints:
        """Return the positions of the rows before those at `position`, at the same hot spot; -1."""
        there = (position > 0) & (self.key[position - 1] == self.key[position] - 1)
        return np.where(there, position - 1, -1)

    def inside_before(self, position: Ints) -> Bools:
        """Say if the rows before those at `position` are inside the same hot spot; shapes [m]."""
        before = self.before(position)
        return (before >= 0) & self.inside[before]


def touch(track: Track, hotspots: Hotspots) -> Touches:
    """Return the rows from each device's anchor on that may touch `hotspots`."""
    found = passing(track, hotspots)
    inside, sure = np.zeros(len(found.row), np.bool_), ~found.close
    at = np.flatnonzero(found.close)
    inside[at], distance = place(hotspots, found.hotspot[at], found.x[at], found.y[at])
    accuracy = track.accuracy_m[found.row[at]]
    sure[at] = np.where(inside[at], distance >= accuracy, distance > 2.0 * accuracy)
    key = found.hotspot * len(track) + found.row
    return Touches(key, found.hotspot, found.row, found.x, found.y, found.leg, inside, sure)
