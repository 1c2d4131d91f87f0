"""Which positions lie in the neighbourhood of hot spots, and which are far from them all."""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geofence.geodesy import FULL_CIRCLE, METRES_PER_DEGREE
from geofence.hotspots import Hotspots
from geofence.model import DAY_US, Bools, Floats, Ints

Area: TypeAlias = Polygon | MultiPolygon
_MOST_AREAS = 32  # kept in mind: days of one batch seldom differ in which versions count


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The land around each version of hot spots, in degrees, by the version's place in a table.

    A version's neighbourhood counts from a day before it does to a day after: who walks in when it
    begins was seen before that.
    """

    from_day: Ints
    to_day: Ints
    land: NDArray[np.object_]  # polygons
    _areas: dict[bytes, Area] = field(default_factory=dict)

    @classmethod
    def of(cls, hotspots: Hotspots, metres: float) -> "Neighbourhood":
        """Return the land no farther than `metres` from `hotspots`, measured in their planes."""
        grown = hotspots.grown(metres)
        xy, whose = shapely.get_coordinates(grown.polygon, return_index=True)
        lon0, lat0, east_m = grown.place[whose].T
        degrees = np.column_stack([lon0 + xy[:, 0] / east_m, lat0 + xy[:, 1] / METRES_PER_DEGREE])
        land = shapely.set_coordinates(grown.polygon.copy(), degrees)
        days = hotspots.valid_from_us // DAY_US, -(-hotspots.valid_to_us // DAY_US)
        return cls(days[0] - 1, days[1] + 1, land)

    def near(self, time_us: Ints, lon: Floats, lat: Floats) -> Bools:
        """Say which positions (degrees, [n]) lie in it, by the versions that counted on their day.

        A position alone decides, not what came with it.
        """
        near = np.zeros(len(time_us), np.bool_)
        days, of = np.unique(time_us // DAY_US, return_inverse=True)
        for number, day in enumerate(days.tolist()):
            rows = np.flatnonzero(of == number)
            area = self._area((self.from_day <= day) & (day < self.to_day))
            # A place has many longitudes: the land may pass the antimeridian.
            for turn in (0.0, FULL_CIRCLE, -FULL_CIRCLE):
                near[rows] |= shapely.contains_xy(area, lon[rows] + turn, lat[rows])
        return near

    def _area(self, counted: Bools) -> Area:
        """The land of some versions in one piece."""
        key = counted.tobytes()
        area = self._areas.get(key)
        if area is None:
            area = shapely.union_all(self.land[counted])
            shapely.prepare(area)
            if len(self._areas) >= _MOST_AREAS:
                self._areas.clear()
            self._areas[key] = area
        return area
