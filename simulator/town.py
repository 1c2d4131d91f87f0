"""A town of the simulator's own making: streets, a police station and twenty hot spots."""

from dataclasses import dataclass

import numpy as np

from simulator.plane import Bools, Floats, Plane, area, inside
from simulator.streets import Streets, lay_out

HOT_SPOTS = 20
SQUARE_METRES_A_HECTARE = 10_000.0
STREET_WIDTH_M = 40.0
LONGEST_M = 400.0
APART_M = 200.0
QUIET_M = 60.0

GeoJson = dict[str, object]

NAMES = (
    *("Alder", "Birch", "Cedar", "Elder", "Hazel", "Juniper", "Laurel", "Maple", "Rowan", "Walnut"),
    *("Chandler", "Cooper", "Fuller", "Mercer", "Potter", "Saddler", "Tanner", "Thatcher"),
    *("Weaver", "Wheeler"),
)
WAYS = ("Street", "Lane", "Parade", "Row", "Square")


@dataclass(frozen=True, slots=True)
class Place:
    """A hot spot: its ring, float64[k, 2] in metres, around a junction of the streets."""

    id: str
    name: str
    ring: Floats
    buffer_m: float
    junction: int

    def holds(self, x: Floats, y: Floats) -> Bools:
        """Which points, in metres, are in this hot spot, its buffer included."""
        return inside(self.ring, x, y, self.buffer_m)

    def somewhere(self, rng: np.random.Generator) -> Floats:
        """A point drawn evenly from its ring, buffer or not: float64[2] in metres."""
        low, high = self.ring.min(axis=0), self.ring.max(axis=0)
        while True:
            point: Floats = rng.uniform(low, high)
            if self.holds(point[:1], point[1:])[0]:
                return point


@dataclass(frozen=True, slots=True)
class Town:
    """Where a shift takes place."""

    plane: Plane
    streets: Streets
    station: int
    places: tuple[Place, ...]
    quiet: tuple[int, ...]
    """Junctions well away from every hot spot."""

    def hotspots(self) -> GeoJson:
        """The hot spots as a GeoJSON FeatureCollection (RFC 7946), to the centimetre."""
        features = [self._feature(place) for place in self.places]
        return {"type": "FeatureCollection", "features": features}

    def _feature(self, place: Place) -> GeoJson:
        closed = np.vstack([place.ring, place.ring[:1]])
        degrees = np.column_stack(self.plane.degrees(*closed.T)).round(7)
        properties: dict[str, object] = {"id": place.id, "name": place.name}
        if place.buffer_m:
            properties["buffer_m"] = place.buffer_m
        geometry = {"type": "Polygon", "coordinates": [degrees.tolist()]}
        return {"type": "Feature", "properties": properties, "geometry": geometry}


def build(rng: np.random.Generator) -> Town:
    """A town from a random generator, at a made-up spot in the north of England."""
    plane = Plane(
        lon0=round(-2.9 + rng.uniform(-0.1, 0.1), 4), lat0=round(53.4 + rng.uniform(-0.05, 0.05), 4)
    )
    streets = lay_out(rng)
    station = int(np.argmin(np.hypot(*streets.junctions.T)))
    places = _choose_places(streets, station, rng)
    x, y = streets.junctions.T
    taken = [inside(place.ring, x, y, place.buffer_m + QUIET_M) for place in places]
    quiet = tuple(np.flatnonzero(~np.logical_or.reduce(taken)).tolist())
    return Town(plane, streets, station, places, quiet)


def _choose_places(streets: Streets, station: int, rng: np.random.Generator) -> tuple[Place, ...]:
    """Hot spots around junctions drawn at random, none near another or the station."""
    names = [f"{first} {WAYS[i % len(WAYS)]}" for i, first in enumerate(NAMES)]
    names = [str(name) for name in rng.permutation(names)]
    circles = [(streets.junctions[station], 0.0)]
    places: list[Place] = []
    for junction in rng.permutation(len(streets.junctions)).tolist():
        if len(places) == HOT_SPOTS:
            break
        ring = _shape(streets, junction, rng)
        centre = streets.junctions[junction]
        reach = float(np.hypot(*(ring - centre).T).max())
        if all(np.hypot(*(centre - c)) >= reach + r + APART_M for c, r in circles):
            circles.append((centre, reach))
            buffer_m = float(rng.choice([0.0, 0.0, 0.0, 10.0]))
            number = len(places)
            places.append(Place(f"HS{number + 1:02}", names[number], ring, buffer_m, junction))
    return tuple(places)


def _shape(streets: Streets, junction: int, rng: np.random.Generator) -> Floats:
    """A square, hexagon, L or strip of a street, of 0.5 to 4 ha, around a junction."""
    size = rng.uniform(0.6, 3.8) * SQUARE_METRES_A_HECTARE
    neighbour = int(rng.choice(streets.neighbours[junction]))
    along = streets.junctions[neighbour] - streets.junctions[junction]
    outline = {"square": _SQUARE, "hexagon": _HEXAGON, "ell": _ELL, "strip": _SQUARE}
    kind = str(rng.choice(list(outline)))
    ring: Floats = outline[kind] * np.sqrt(size / area(outline[kind]))
    if kind == "strip":
        ring = outline[kind] * np.array([min(size / STREET_WIDTH_M, LONGEST_M), STREET_WIDTH_M])
    east, north = along / np.hypot(*along)
    turn = np.array([[east, north], [-north, east]])
    placed: Floats = ring @ turn + streets.junctions[junction]
    return placed


_SQUARE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
_HEXAGON = np.array([[np.cos(a), np.sin(a)] for a in np.arange(6) * np.pi / 3])
# The elbow is at the origin, so that the junction lies inside.
_ELL = np.array([[-0.5, -0.5], [1.5, -0.5], [1.5, 0.5], [0.5, 0.5], [0.5, 1.5], [-0.5, 1.5]])
