"""Hot spots in degrees as places on a plane in metres."""

import numpy as np

from app.capacity.question import Floats
from geofence.geodesy import METRES_PER_DEGREE, metres_per_degree_east, unwrap


def metres(lon: Floats, lat: Floats, centre: tuple[float, float]) -> tuple[Floats, Floats]:
    """Metres east and north of `centre` (longitude, latitude) of places in degrees.

    Good over the kilometres of a force's beat; the antimeridian may lie between.
    """
    lon0, lat0 = centre
    east = metres_per_degree_east(np.asarray(lat0)) * unwrap(lon - lon0)
    return np.asarray(east), np.asarray(METRES_PER_DEGREE * (lat - lat0))


def middle(lon: Floats, lat: Floats) -> tuple[float, float]:
    """The mean longitude and latitude of places in degrees."""
    away = unwrap(lon - lon[0])
    return float(lon[0] + away.mean()), float(lat.mean())
