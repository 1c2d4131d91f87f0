"""Local planes in metres, and longitudes across the antimeridian."""

import numpy as np

from geofence.model import Floats

EARTH_RADIUS_M = 6371008.8  # mean radius of WGS84 (IUGG R1), as the dwell method has it
HALF_THE_EARTH = 180.0  # degrees of longitude; also how far they are counted
FULL_CIRCLE = 360.0
METRES_PER_DEGREE = EARTH_RADIUS_M * np.pi / 180.0


def unwrap(degrees: Floats) -> Floats:
    """Return longitude differences in degrees as the shorter way round, -180 to 180."""
    far = np.abs(degrees) > HALF_THE_EARTH
    if not far.any():
        return degrees
    return np.where(far, (degrees + HALF_THE_EARTH) % FULL_CIRCLE - HALF_THE_EARTH, degrees)


def metres_per_degree_east(lat: Floats) -> Floats:
    """Return the length in metres of one degree of longitude at latitudes in degrees."""
    return METRES_PER_DEGREE * np.cos(np.radians(lat))


def steps_m(lon: Floats, lat: Floats) -> Floats:
    """Return metres between consecutive positions in degrees, [n - 1]: good over kilometres."""
    east = metres_per_degree_east(lat[1:]) * unwrap(np.diff(lon))
    return np.asarray(np.hypot(METRES_PER_DEGREE * np.diff(lat), east), np.float64)
