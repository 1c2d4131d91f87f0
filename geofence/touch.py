"""Which fixes and legs come near which hot spots, and how surely (rule 1 of the dwell method)."""

from dataclasses import dataclass

import numpy as np
import shapely

from geofence.clip import boundary_distance
from geofence.hotspots import Hotspots
from geofence.model import Bools, Columns, Floats, Ints
from geofence.sweep import Passing, passing
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
    leg: Bools  # a moving leg leads here that may touch the hot spot
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
    inside, sure = _inside(hotspots, found), ~found.close
    at = np.flatnonzero(found.close)
    sure[at] = _sure(hotspots, found.take(at), track.accuracy_m[found.row[at]], inside[at])
    key = found.hotspot * len(track) + found.row
    return Touches(key, found.hotspot, found.row, found.x, found.y, found.leg, inside, sure)


def _inside(hotspots: Hotspots, found: Passing) -> Bools:
    """Say which rows are inside, boundary included."""
    inside = np.zeros(len(found.row), np.bool_)
    box, x, y = hotspots.box[found.hotspot], found.x, found.y
    boxed = (x >= box[:, 0]) & (x <= box[:, 2]) & (y >= box[:, 1]) & (y <= box[:, 3])
    at = np.flatnonzero(boxed)
    inside[at] = shapely.intersects_xy(hotspots.polygon[found.hotspot[at]], x[at], y[at])
    return inside


def _sure(hotspots: Hotspots, close: Passing, accuracy: Floats, inside: Bools) -> Bools:
    """Say which of the fixes close by are surely where they are, inside or outside."""
    distance = boundary_distance(hotspots, close.hotspot, close.x, close.y)
    sure: Bools = np.where(inside, distance >= accuracy, distance > 2.0 * accuracy)
    return sure | (accuracy <= 0.0)
