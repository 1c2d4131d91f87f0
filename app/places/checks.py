"""What to look at before a place is patrolled: its size, its width, overlaps, police stations."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geofence.geodesy import METRES_PER_DEGREE
from geofence.hotspots import Hotspots
from geofence.model import Floats, Hotspot, Ints

LARGEST_M2: Final = np.pi * 150.0**2
"""A circle of 150 m radius, the largest hot spot of the trials that found an effect: 7 ha."""
LONGEST_M: Final = 400.0
"""From end to end: who stands in the middle cannot see further than 200 m along a street."""
ERROR_M: Final = 15.0
"""The error of a phone's or radio's fix in town is 7 to 15 m: where no point is that far from the
edge, a fix is never surely inside."""
OVERLAP_M2: Final = 1.0  # less is how two draw one line
STATION_M: Final = 50.0
"""So near, fixes of officers indoors fall into the hot spot."""


class Kind(StrEnum):
    """What a caution is about."""

    LARGE = auto()
    NARROW = auto()
    OVERLAP = auto()
    STATION = auto()


class Caution(NamedTuple):
    """Something to look at: of which hot spots, and what it is, in a sentence."""

    kind: Kind
    about: tuple[str, ...]
    says: str


class Spot(NamedTuple):
    """A hot spot, drawn or suggested: degrees WGS84, grown by `buffer_m` metres."""

    key: str
    geometry: BaseGeometry
    buffer_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Stations:
    """Points, degrees, [n], where officers are but do not patrol; `called` is what they are."""

    lon: Floats
    lat: Floats
    called: Sequence[str]

    def and_also(self, others: "Stations") -> "Stations":
        """These and others."""
        lon, lat = np.concatenate([self.lon, others.lon]), np.concatenate([self.lat, others.lat])
        return Stations(lon, lat, [*self.called, *others.called])


NO_STATIONS: Final = Stations(np.empty(0), np.empty(0), ())


@dataclass(frozen=True, slots=True)
class Spots:
    """Hot spots made ready for checks: each in metres in its own plane, [h]."""

    keys: Sequence[str]
    ready: Hotspots

    @classmethod
    def of(cls, given: Sequence[Spot]) -> "Spots":
        """Hot spots, which must be valid polygons or several."""
        numbered = [Hotspot(i, spot.geometry, spot.buffer_m) for i, spot in enumerate(given)]
        return cls([spot.key for spot in given], Hotspots.prepare(numbered))

    def holding(self, lon: Floats, lat: Floats, within_m: float = 0.0) -> tuple[Ints, Ints]:
        """Pairs of hot spot and point, degrees, [n]: which are in it, or so near; by hot spot."""
        points = shapely.STRtree(shapely.points(lon, lat))
        spots, places = points.query(_boxes(self.ready, within_m), predicate="intersects")
        x, y = self.ready.plane(spots, lon[places], lat[places])
        distance = shapely.distance(self.ready.polygon[spots], shapely.points(x, y))
        near = distance <= within_m
        return spots[near].astype(np.int64), places[near].astype(np.int64)


def cautions(spots: Spots, stations: Stations = NO_STATIONS) -> list[Caution]:
    """What to look at in hot spots, none of which it forbids; in their order, by kind."""
    if not spots.keys:
        return []
    return [*_large(spots), *_narrow(spots), *_overlapping(spots), *_at_stations(spots, stations)]


def told(found: Sequence[Caution], most: int) -> list[str]:
    """What cautions say, the first `most` of each kind, and how many more there are of it."""
    lines = []
    for kind in Kind:
        says = [one.says for one in found if one.kind is kind]
        lines += says[:most]
        if len(says) > most:
            lines.append(f"and {len(says) - most} more that {_ALIKE[kind]}")
    return lines


_ALIKE: Final = {
    Kind.LARGE: "are too large for one officer to see",
    Kind.NARROW: "are too narrow for GPS",
    Kind.OVERLAP: "overlap",
    Kind.STATION: "are at a police station",
}


def in_degrees(ready: Hotspots) -> NDArray[np.object_]:
    """The polygons, grown, in degrees; where the plane of each has its middle."""
    return np.array(
        [
            shapely.transform(polygon, lambda xy, p=place: xy / (p[2], METRES_PER_DEGREE) + p[:2])
            for polygon, place in zip(ready.polygon, ready.place, strict=True)
        ],
        object,
    )


def half_widths_m(polygons: NDArray[np.object_]) -> Floats:
    """How far the point furthest from the edge is from it, [h], of valid polygons in metres."""
    circles = shapely.maximum_inscribed_circle(polygons, tolerance=0.5)
    return np.asarray(shapely.length(circles), np.float64)


def overlaps(degrees: NDArray[np.object_]) -> list[tuple[int, int, float]]:
    """Pairs of valid polygons, degrees, [h], in order, that share ground, and how many m² of it.

    Less than `OVERLAP_M2` is none.
    """
    pairs = shapely.STRtree(degrees).query(degrees, predicate="intersects").T
    pairs = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0)
    shared = shapely.intersection(*degrees[pairs.T])
    east = np.cos(np.radians(shapely.bounds(degrees)[pairs[:, 0], 1]))
    area_m2 = shapely.area(shared) * METRES_PER_DEGREE**2 * east
    found = zip(*pairs.T.tolist(), area_m2.tolist(), strict=True)
    return [(one, other, m2) for one, other, m2 in found if m2 >= OVERLAP_M2]


def _large(spots: Spots) -> list[Caution]:
    area = shapely.area(spots.ready.polygon)
    length = 2 * shapely.minimum_bounding_radius(spots.ready.polygon)
    return [
        Caution(
            Kind.LARGE,
            (spots.keys[i],),
            f"{spots.keys[i]} covers {area[i] / 10_000:.1f} ha and is {length[i]:.0f} m long: one"
            f" officer sees {LARGEST_M2 / 10_000:.0f} ha and {LONGEST_M:.0f} m at most",
        )
        # A circle drawn with corners, and its buffer, may be a little more than the circle.
        for i in np.flatnonzero((area > 1.01 * LARGEST_M2) | (length > LONGEST_M)).tolist()
    ]


def _narrow(spots: Spots) -> list[Caution]:
    half = half_widths_m(spots.ready.polygon)
    return [
        Caution(
            Kind.NARROW,
            (spots.keys[i],),
            f"{spots.keys[i]} is {2 * half[i]:.0f} m wide where it is widest: with GPS good to"
            f" {ERROR_M:.0f} m no fix in it is surely inside; give it a buffer, or draw it wider",
        )
        for i in np.flatnonzero(half < ERROR_M).tolist()
    ]


def _overlapping(spots: Spots) -> list[Caution]:
    area = shapely.area(spots.ready.polygon)
    return [
        Caution(
            Kind.OVERLAP,
            (spots.keys[i], spots.keys[j]),
            f"{spots.keys[i]} and {spots.keys[j]} overlap by {m2:.0f} m²,"
            f" {m2 / min(area[i], area[j]):.0%} of the smaller: a moment there counts for one of"
            " them only",
        )
        for i, j, m2 in overlaps(in_degrees(spots.ready))
    ]


def _at_stations(spots: Spots, stations: Stations) -> list[Caution]:
    if not len(stations.lon):
        return []
    found: dict[tuple[int, str], None] = {}
    for spot, place in zip(*spots.holding(stations.lon, stations.lat, STATION_M), strict=True):
        found.setdefault((int(spot), stations.called[place]))
    return [
        Caution(
            Kind.STATION,
            (spots.keys[spot],),
            f"{spots.keys[spot]} holds {called}, or is within {STATION_M:.0f} m of it: officers"
            " there would count as on patrol, and crimes found there may be recorded there",
        )
        for spot, called in found
    ]


def _boxes(ready: Hotspots, metres: float) -> NDArray[np.object_]:
    """Boxes round the polygons, in degrees, so many metres wider."""
    grown = ready.box + np.array([-metres, -metres, metres, metres])
    scale = np.column_stack([ready.place[:, 2], np.full(len(ready), METRES_PER_DEGREE)] * 2)
    west, south, east, north = (grown / scale + np.tile(ready.place[:, :2], 2)).T
    boxes: NDArray[np.object_] = shapely.box(west, south, east, north)
    return boxes
