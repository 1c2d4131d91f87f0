"""Visits of tracks made by hand, with times in seconds since the start."""

import worlds
from worlds import START_US

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile

SQUARE = [Hotspot(1, worlds.degrees(worlds.square(0, 0, 50)))]
FAR = 500


def visits(
    fixes: Fixes, hotspots: list[Hotspot] = SQUARE, profile: Profile | None = None
) -> list[worlds.Visit]:
    """Each visit as a dictionary, times in seconds since the start."""
    told = worlds.told(run(fixes, Hotspots.prepare(hotspots), profile or Profile())).values()
    return [
        {
            name: (value - START_US) / 1e6
            if name in {"enter_us", "exit_us", "first_us", "last_us"} or name.startswith("outer")
            else value / 1e6
            if name.endswith("_us")
            else value
            for name, value in visit.items()
        }
        for visit in told
    ]
