"""Where a shift's hot spots are: a map of their outlines in a plane, with a number at each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from app.reports.briefing import Spot
from geofence.geodesy import METRES_PER_DEGREE, metres_per_degree_east
from geofence.hotspots import unwrapped

WIDTH: Final = 340.0  # of paper, in points
HEIGHT: Final = 300.0
MARGIN: Final = 26.0
RADIUS: Final = 8.5  # of the disc that a number stands in
LEVELS: Final = 3  # shades of grey that a copier keeps apart
_LEAST_M: Final = 400.0  # a map of one hot spot shows what is around it, too
_BAR: Final = 110.0  # the longest that a scale bar may be, in points

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mark:
    """A hot spot on paper: its outline (SVG), a point in it, and where its number stands.

    `level`: 0, nothing is owed there, to LEVELS, the most is.
    """

    number: int
    outline: str
    at: tuple[float, float]
    disc: tuple[float, float]
    level: int


@dataclass(frozen=True, slots=True)
class Map:
    """Marks on paper, and a scale bar: how long it is, and of how many metres."""

    marks: Sequence[Mark]
    bar: float
    bar_m: float


def draw(spots: Sequence[Spot]) -> Map | None:
    """The map of some hot spots, north up; None where there is none."""
    if not spots:
        return None
    shapes = _in_plane(spots)
    points_per_m, (left, top) = _fit(shapes)
    on_paper = shapely.transform(
        shapes, lambda xy: (xy - (left, top)) * (points_per_m, -points_per_m)
    )
    # Less than a point would be lost on paper.
    on_paper = shapely.buffer(on_paper, 1.0, quad_segs=2)
    inside = shapely.get_coordinates(shapely.point_on_surface(on_paper))
    discs = _apart(inside)
    most = max((_owed(spot) for spot in spots), default=0)
    marks = [
        Mark(spot.number, _outline(shape), _pair(at), _pair(disc), _level(_owed(spot), most))
        for spot, shape, at, disc in zip(spots, on_paper, inside, discs, strict=True)
    ]
    bar_m = _round(_BAR / points_per_m)
    return Map(marks, float(bar_m * points_per_m), bar_m)


def _in_plane(spots: Sequence[Spot]) -> npt.NDArray[np.object_]:
    """Their outlines with their buffers, in metres east and north of the first."""
    degrees = unwrapped(np.array([spot.place.geometry for spot in spots], np.object_))
    centre = shapely.get_coordinates(shapely.centroid(degrees[0]))[0]
    metres = METRES_PER_DEGREE, metres_per_degree_east(centre[1:])[0]

    def project(lon_lat: Floats) -> Floats:
        east = (lon_lat[:, 0] - centre[0] + 180.0) % 360.0 - 180.0
        return np.column_stack([east * metres[1], (lon_lat[:, 1] - centre[1]) * metres[0]])

    plane = shapely.transform(degrees, project)
    return np.asarray(shapely.buffer(plane, [spot.place.buffer_m for spot in spots]), np.object_)


def _fit(shapes: npt.NDArray[np.object_]) -> tuple[float, tuple[float, float]]:
    """Points a metre, and what lies at the upper left corner; all shapes are in the middle."""
    west, south, east, north = shapely.total_bounds(shapes)
    across, up = max(east - west, _LEAST_M), max(north - south, _LEAST_M)
    points_per_m = min((WIDTH - 2 * MARGIN) / across, (HEIGHT - 2 * MARGIN) / up)
    left = (west + east) / 2 - WIDTH / 2 / points_per_m
    return points_per_m, (left, (south + north) / 2 + HEIGHT / 2 / points_per_m)


def _apart(inside: Floats) -> Floats:
    """Where discs go so that none covers another: each as near to its place as is still free."""
    placed = np.empty((0, 2))
    for place in inside:
        free = (
            spot
            for spot in _around(place)
            if not len(placed) or np.hypot(*(placed - spot).T).min() >= 2 * RADIUS + 1
        )
        placed = np.vstack([placed, next(free, place)])
    return placed


def _around(place: Floats) -> Iterator[Floats]:
    yield np.clip(place, RADIUS, (WIDTH - RADIUS, HEIGHT - RADIUS))
    for ring in range(1, 9):
        for angle in np.linspace(0, 2 * np.pi, 8 * ring, endpoint=False):
            step = ring * RADIUS * 1.1 * np.array([np.cos(angle), np.sin(angle)])
            moved = place + step
            if (moved > RADIUS).all() and (moved < (WIDTH - RADIUS, HEIGHT - RADIUS)).all():
                yield moved


def _owed(spot: Spot) -> int:
    """What a hot spot is owed; at least, where that is not known."""
    if spot.owed is None:
        return 0
    return spot.owed.low if spot.owed.patrols is None else spot.owed.patrols


def _level(owed: int, most: int) -> int:
    return -(-LEVELS * owed // most) if most else 0


def _outline(shape: shapely.Geometry) -> str:
    rings = shapely.get_rings(shapely.get_parts(shape))
    return " ".join(
        "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1]) + " Z"
        for ring in rings
    )


def _round(metres: float) -> float:
    """The greatest of 1, 2, 5, 10, 20, ... that is no more."""
    power = 10.0 ** np.floor(np.log10(metres))
    return float(max(step * power for step in (1, 2, 5) if step * power <= metres))


def _pair(point: Floats) -> tuple[float, float]:
    return float(point[0]), float(point[1])
