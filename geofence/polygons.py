"""Is a GeoJSON geometry a hot spot? Every fault in words that say what is wrong and where."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from reprlib import Repr

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geofence.geodesy import METRES_PER_DEGREE, metres_per_degree_east
from geofence.hotspots import eastward, is_torn, unwrapped

SQUARE_METRES_PER_HA = 10_000.0
LEAST_AREA_M2 = 1.0  # less is a line or a point, drawn with the errors of degrees
MAX_LATITUDE = 85.0  # beyond, a degree of longitude is too short for a plane in metres
RING_POSITIONS = 4  # RFC 7946, section 3.1.6: at least four, the last one equal to the first
FAULTS = {
    "Self-intersection": "crosses itself",
    "Ring Self-intersection": "touches itself",
    "Hole lies outside shell": "has a hole outside of it",
    "Holes are nested": "has a hole within a hole",
    "Interior is disconnected": "is cut in two by its holes",
    "Nested shells": "has a part within a part",
    "Duplicate Rings": "has the same ring twice",
}
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 60


@dataclass(frozen=True, slots=True)
class Checked:
    """A geometry without faults, its area in hectares with its buffer; or its faults."""

    geometry: Polygon | MultiPolygon | None
    area_ha: float
    faults: tuple[str, ...]


def check(geometry: object, *, buffer_m: float = 0.0, max_area_ha: float = math.inf) -> Checked:
    """Return the polygon that a GeoJSON `geometry` (RFC 7946) is, or all that is wrong with it.

    Degrees WGS84; a third coordinate is dropped. A polygon across the antimeridian may be cut there
    or not. `max_area_ha` is the most that a hot spot may cover: it is what one officer can see.
    """
    faults = tuple(_malformed(geometry))
    if faults:
        return Checked(None, 0.0, faults)
    assert isinstance(geometry, Mapping)  # noqa: S101 - for the type checker: _malformed saw to it
    polygon = _polygon(geometry)
    fault = _crossed(polygon)
    if fault:
        return Checked(None, 0.0, (fault,))
    area = area_ha(polygon, buffer_m=buffer_m)
    if area > max_area_ha:
        too_big = (
            f"covers {_hectares(area)} ha; a hot spot is what one officer can see,"
            f" {_hectares(max_area_ha)} ha at most"
        )
        return Checked(None, area, (too_big,))
    return Checked(polygon, area, ())


def shown(value: object) -> str:
    """Return a value out of a file as Python writes it, shortened to fit a message."""
    return _SHORT.repr(value)


def area_ha(polygon: Polygon | MultiPolygon, *, buffer_m: float = 0.0) -> float:
    """Return hectares of a polygon in degrees, grown by `buffer_m` metres."""
    metres = _metres(unwrapped(np.array([polygon], object))[0])
    grown = shapely.buffer(metres, buffer_m) if buffer_m > 0.0 else metres
    return float(shapely.area(grown)) / SQUARE_METRES_PER_HA


def _hectares(area: float) -> str:
    return f"{area:,.0f}".replace(",", " ") if area >= 10 else f"{area:.1f}"  # noqa: PLR2004


def _metres(polygon: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """Return a polygon in degrees in metres around its middle."""
    west, south, east, north = shapely.bounds(polygon)
    middle = np.array([(west + east) / 2, (south + north) / 2])
    scale = np.array([metres_per_degree_east(middle[1:])[0], METRES_PER_DEGREE])
    return shapely.transform(polygon, lambda degrees: (degrees - middle) * scale)


def _polygon(geometry: Mapping[str, object]) -> Polygon | MultiPolygon:
    """Return a well-formed geometry as a polygon in two dimensions."""
    parts = [Polygon(rings[0], rings[1:]) for _, rings in _parts(geometry)]
    polygon = parts[0] if geometry["type"] == "Polygon" else MultiPolygon(parts)
    return shapely.force_2d(polygon)


def _parts(geometry: Mapping[str, object]) -> Iterator[tuple[str, list[object]]]:
    """Yield each polygon of a geometry: what to call it, and its rings."""
    coordinates = geometry.get("coordinates")
    if geometry["type"] == "Polygon":
        yield "", coordinates if isinstance(coordinates, list) else []
    elif isinstance(coordinates, list):
        for number, rings in enumerate(coordinates, 1):
            yield f"part {number}, ", rings if isinstance(rings, list) else []


def _malformed(geometry: object) -> Iterator[str]:
    """Yield what keeps a geometry from being read as a polygon at all."""
    if not isinstance(geometry, Mapping) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        kind = geometry.get("type") if isinstance(geometry, Mapping) else None
        named = shown(kind).strip("'")
        yield f"is not a Polygon or MultiPolygon but {named if kind else 'nothing'}"
        return
    parts = list(_parts(geometry))
    if not parts:
        yield "has no coordinates"
    for name, rings in parts:
        if not rings:
            yield f"{name.rstrip(', ')} has no rings of coordinates".strip()
        for number, ring in enumerate(rings, 1):
            yield from _ring_faults(f"{name}ring {number}", ring)


def _ring_faults(name: str, ring: object) -> Iterator[str]:
    if not isinstance(ring, Sequence) or isinstance(ring, str) or len(ring) < RING_POSITIONS:
        yield f"{name} has fewer than {RING_POSITIONS} positions"
        return
    for number, position in enumerate(ring, 1):
        fault = _position_fault(position)
        if fault:
            yield f"{name}, position {number} {fault}"
            return
    if ring[0] != ring[-1]:
        yield f"{name} is not closed: its last position is not its first"


def _position_fault(position: object) -> str:
    if not isinstance(position, Sequence) or isinstance(position, str) or len(position) < 2:  # noqa: PLR2004
        return "is not a longitude and a latitude"
    lon, lat = position[:2]
    for degrees in (lon, lat):
        if isinstance(degrees, bool) or not isinstance(degrees, int | float):
            return f"is not made of numbers: {shown(degrees)}"
    if not -180.0 <= lon <= 180.0:  # noqa: PLR2004 - WGS84
        return f"has longitude {shown(lon)}, outside WGS84 (-180 to 180)"
    if not -90.0 <= lat <= 90.0:  # noqa: PLR2004 - WGS84
        return f"has latitude {shown(lat)}, outside WGS84 (-90 to 90)"
    if abs(lat) > MAX_LATITUDE:
        return f"has latitude {lat}, beyond {MAX_LATITUDE:.0f} degrees, too near a pole"
    return ""


def _crossed(polygon: Polygon | MultiPolygon) -> str:
    """Return what is wrong with the shape of a polygon in degrees, empty if nothing is."""
    torn = is_torn(polygon)
    polygon = eastward(polygon) if torn else polygon
    if shapely.area(_metres(shapely.convex_hull(polygon))) < LEAST_AREA_M2:
        return "has no area"
    # Halves that meet at the antimeridian share an edge there, so each is judged alone.
    for part in shapely.get_parts(polygon) if torn else [polygon]:
        reason = str(shapely.is_valid_reason(part))
        if reason != "Valid Geometry":
            return _in_words(reason)
    return "has no area" if shapely.area(_metres(polygon)) < LEAST_AREA_M2 else ""


def _in_words(reason: str) -> str:
    """Return GEOS' reason, `Kind[x y]`, as a person would say it."""
    kind, _, place = reason.partition("[")
    words = FAULTS.get(kind.strip(), f"is not a valid polygon ({kind.strip()})")
    numbers = re.findall(r"[-\d.eE+]+", place)
    if len(numbers) == 2:  # noqa: PLR2004 - x and y
        return f"{words} at longitude {float(numbers[0]):.6f}, latitude {float(numbers[1]):.6f}"
    return words
