"""Where shifts take place that go by hot spots given from outside: their places, and the ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from simulator.plane import Floats, Plane, area
from simulator.streets import BLOCK_M, Streets, lay_out
from simulator.town import GeoJson, Place

MOST_BLOCKS = 40
"""Across a town with streets of its own; in a larger one people go by the crow's way, bent."""
OUTSKIRTS_BLOCKS = 4
DETOUR = 1.3
"""Where there are no streets: how much longer than straight a way is."""

Ring = Sequence[Sequence[float]]


class GroundError(ValueError):
    """Hot spots that no shift can be made up for."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Hot spots, a station amid them, and the streets between, if the town is not too large."""

    plane: Plane
    places: tuple[Place, ...]
    middles: Floats
    """Of the places: float64[n, 2] in metres."""
    station: Floats
    streets: Streets | None
    _ways: dict[tuple[int, int], list[int]] = field(default_factory=dict, repr=False)

    def way(self, start: Floats, goal: Floats, rng: np.random.Generator) -> list[Floats]:
        """The points, in metres, over which to get from one to another, the goal included."""
        if self.streets is None:
            return [_corner(start, goal, float(rng.choice([-1.0, 1.0]))), goal]
        ends = self.streets.nearest(start), self.streets.nearest(goal)
        if ends not in self._ways:
            self._ways[ends] = self.streets.way(*ends)
        return [*self.streets.junctions[self._ways[ends]], goal]

    def anywhere(self, rng: np.random.Generator) -> Floats:
        """A point in metres, in the box that holds the middles of all hot spots."""
        point: Floats = rng.uniform(self.middles.min(axis=0), self.middles.max(axis=0))
        return point


def survey(hotspots: GeoJson, rng: np.random.Generator) -> Ground:
    """The ground around the polygons of a FeatureCollection, with streets from the generator.

    Of a hot spot in several parts the largest is patrolled, its outline alone. Raises GroundError
    where there is no hot spot, or one is no polygon.
    """
    features = cast("Sequence[Mapping[str, object]]", hotspots.get("features"))
    if not features:
        msg = "there are no hot spots"
        raise GroundError(msg)
    outlines = [_outline(feature) for feature in features]
    lon0, lat0 = np.concatenate(outlines).mean(axis=0).tolist()
    plane = Plane(lon0, lat0)
    rings = [np.column_stack(plane.metres(*outline.T)) for outline in outlines]
    streets = _streets(rings, rng)
    middles = np.array([ring.mean(axis=0) for ring in rings])
    places = tuple(
        _place(number, feature, ring, streets)
        for number, (feature, ring) in enumerate(zip(features, rings, strict=True), 1)
    )
    return Ground(plane, places, middles, middles.mean(axis=0), streets)


def _outline(feature: Mapping[str, object]) -> Floats:
    """The outer ring of a feature's polygon, or of its largest: [k, 2] in degrees, not closed."""
    geometry = cast("Mapping[str, object]", feature.get("geometry") or {})
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Polygon":
            polygons = [cast("Sequence[Ring]", coordinates)]
        case "MultiPolygon":
            polygons = list(cast("Sequence[Sequence[Ring]]", coordinates))
        case other:
            msg = f"a hot spot is a {other}, and no polygon"
            raise GroundError(msg)
    rings = [np.array(polygon[0], np.float64)[:-1, :2] for polygon in polygons]
    return max(rings, key=area)


def _streets(rings: Sequence[Floats], rng: np.random.Generator) -> Streets | None:
    reach = max(float(np.hypot(*ring.T).max()) for ring in rings)
    blocks = int(np.ceil(2.0 * reach / BLOCK_M)) + OUTSKIRTS_BLOCKS
    return lay_out(rng, blocks) if blocks <= MOST_BLOCKS else None


def _place(
    number: int, feature: Mapping[str, object], ring: Floats, streets: Streets | None
) -> Place:
    properties = cast("Mapping[str, object]", feature.get("properties") or {})
    key = str(properties.get("id", number))
    buffer_m = float(cast("float | None", properties.get("buffer_m")) or 0.0)
    junction = 0 if streets is None else streets.nearest(ring.mean(axis=0))
    return Place(key, str(properties.get("name", key)), ring, buffer_m, junction)


def _corner(start: Floats, goal: Floats, side: float) -> Floats:
    """Where a way of two equal straight parts turns that is longer than straight by the detour."""
    along = goal - start
    across = np.array([-along[1], along[0]])
    corner: Floats = start + along / 2.0 + side * across * np.sqrt(DETOUR**2 - 1.0) / 2.0
    return corner
