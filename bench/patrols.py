"""Made-up tracks around made-up hot spots, for measuring the engine."""

from dataclasses import dataclass

import numpy as np
import shapely

from geofence.geodesy import METRES_PER_DEGREE
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot

LON, LAT = -2.95, 53.4
EAST_M = METRES_PER_DEGREE * np.cos(np.radians(LAT))
HA_EACH = 40.0  # of land for each hot spot: a town of 20 km across has a thousand
RADII_M = (60.0, 120.0)
BUFFER_M = 20.0  # of every fourth
INTERVAL_S = 15
START_US = 1_772_463_600_000_000  # 2026-03-02T15:00:00Z
DRIVE_MPS = 8.0
STAY_FIXES = (20, 60)
BEAT_M = 3000.0  # how far at most, each way, to the next place
VISITING = 0.27  # of all stays are at a hot spot: a third of all fixes is in one or near it
NEAR_M = 100.0


@dataclass(frozen=True, slots=True)
class Patrols:
    """Tracks by device, then time, and the hot spots that half of their stays are at."""

    fixes: Fixes
    hotspots: list[Hotspot]

    @classmethod
    def random(cls, devices: int, fixes_each: int, hotspots: int, seed: int = 1) -> "Patrols":
        """Devices that drive to a hot spot or elsewhere, walk about there, and drive on."""
        random = np.random.default_rng(seed)
        side = np.sqrt(hotspots * HA_EACH * 1e4)
        centres = random.uniform(0.0, side, (hotspots, 2))
        tracks = [_track(random, centres, side, fixes_each) for _ in range(devices)]
        x, y = np.concatenate(tracks).T
        count = devices * fixes_each
        fixes = Fixes(
            device=np.repeat(np.arange(devices), fixes_each),
            time_us=START_US + np.tile(np.arange(fixes_each) * INTERVAL_S * 1_000_000, devices),
            lon=LON + (x + random.normal(0.0, 5.0, count)) / EAST_M,
            lat=LAT + (y + random.normal(0.0, 5.0, count)) / METRES_PER_DEGREE,
            accuracy_m=random.choice([5.0, 8.0, 12.0, 20.0], count),
        )
        return cls(fixes, [_hotspot(random, i, centre) for i, centre in enumerate(centres)])

    def polygons(self) -> np.ndarray:
        """The hot spots, grown by their buffers, in degrees: what a plain search looks in."""
        made = Hotspots.prepare(self.hotspots)
        centre, east = made.place[:, :2], made.place[:, 2]
        coordinates, of = shapely.get_coordinates(made.polygon, return_index=True)
        scale = np.column_stack([east[of], np.full(len(of), METRES_PER_DEGREE)])
        return shapely.set_coordinates(made.polygon.copy(), coordinates / scale + centre[of])

    def near(self, polygons: np.ndarray) -> float:
        """The share of fixes in a hot spot or within `NEAR_M` of it."""
        reach = NEAR_M / METRES_PER_DEGREE
        points = shapely.points(self.fixes.lon, self.fixes.lat)
        found = shapely.STRtree(polygons).query(points, predicate="dwithin", distance=reach)
        return len(np.unique(found[0])) / len(points)


def _track(random: np.random.Generator, centres: np.ndarray, side: float, count: int) -> np.ndarray:
    """Metres east and north, [count, 2]."""
    parts, have, here = [], 0, random.uniform(0.0, side, 2)
    while have < count:
        goal = np.clip(here + random.uniform(-BEAT_M, BEAT_M, 2), 0.0, side)
        visiting = random.random() < VISITING
        if visiting:
            goal = centres[np.argmin(np.hypot(*(centres - goal).T))]
        way = max(int(np.hypot(*(goal - here)) / (DRIVE_MPS * INTERVAL_S)), 1)
        stay = int(random.integers(*STAY_FIXES))
        parts.append(here + (goal - here) * (np.arange(way)[:, None] / way))
        parts.append(goal + random.normal(0.0, 40.0 if visiting else 10.0, (stay, 2)))
        have, here = have + way + stay, goal
    return np.concatenate(parts)[:count]


def _hotspot(random: np.random.Generator, number: int, centre: np.ndarray) -> Hotspot:
    """A star-shaped polygon of 5 to 24 corners, mostly concave."""
    corners = int(random.integers(5, 25))
    angle = np.sort(random.uniform(0.0, 2.0 * np.pi, corners))
    radius = random.uniform(*RADII_M, corners)
    ring = centre + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    polygon = shapely.Polygon((LON, LAT) + ring / (EAST_M, METRES_PER_DEGREE))
    whole = polygon if polygon.is_valid else polygon.convex_hull
    return Hotspot(number, whole, BUFFER_M if number % 4 == 0 else 0.0)
