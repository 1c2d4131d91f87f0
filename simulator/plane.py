"""The simulator's own ground: a plane in metres, its degrees, and what lies inside a ring on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# The WGS84 ellipsoid: what satellite receivers measure on.
EQUATOR_M = 6_378_137.0
ECCENTRICITY_SQUARED = 0.006_694_379_990_14


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane that touches the WGS84 ellipsoid at (lon0, lat0): x metres east, y metres north."""

    lon0: float
    lat0: float

    def degrees(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Longitudes and latitudes in degrees of points in metres, of the same shape."""
        east_m, north_m = self._radii()
        return self.lon0 + np.degrees(x / east_m), self.lat0 + np.degrees(y / north_m)

    def metres(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """The points in metres, of the same shape, that have those degrees."""
        east_m, north_m = self._radii()
        x: Floats = np.radians(lon - self.lon0) * east_m
        y: Floats = np.radians(lat - self.lat0) * north_m
        return x, y

    def _radii(self) -> tuple[float, float]:
        """Metres a radian of longitude and of latitude."""
        sine = np.sin(np.radians(self.lat0))
        bend = 1.0 - ECCENTRICITY_SQUARED * sine**2
        north_m = EQUATOR_M * (1.0 - ECCENTRICITY_SQUARED) / bend**1.5
        east_m = EQUATOR_M * np.cos(np.radians(self.lat0)) / np.sqrt(bend)
        return float(east_m), float(north_m)


def inside(ring: Floats, x: Floats, y: Floats, grown_m: float = 0.0) -> Bools:
    """Which points lie inside a ring, or within `grown_m` metres of it.

    `ring` is float64[k, 2] without a closing point; `x` and `y` share one shape, that of the
    answer. A ray to the east crosses the ring an odd number of times from an inside point.
    """
    within = np.zeros(x.shape, dtype=np.bool_)
    for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y1 != y2:
            straddles = (y1 > y) != (y2 > y)
            within ^= straddles & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return within | (distance(ring, x, y) <= grown_m) if grown_m > 0 else within


def distance(ring: Floats, x: Floats, y: Floats) -> Floats:
    """Metres from points to the nearest edge of a ring, inside or out."""
    nearest = np.full(x.shape, np.inf)
    for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        dx, dy = end - start
        along = ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy)
        along = np.clip(along, 0.0, 1.0)
        gap = np.hypot(x - start[0] - along * dx, y - start[1] - along * dy)
        nearest = np.minimum(nearest, gap)
    return nearest


def area(ring: Floats) -> float:
    """Square metres inside a ring, by the shoelace formula."""
    x, y = ring.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2.0)
