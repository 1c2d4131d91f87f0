"""Hot spots made ready: local planes, grown polygons, their edges, and an order to find them by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from geofence.compiled import compiled
from geofence.geodesy import (
    FULL_CIRCLE,
    HALF_THE_EARTH,
    METRES_PER_DEGREE,
    metres_per_degree_east,
    unwrap,
)
from geofence.model import FOREVER, NEVER, Bools, Floats, Hotspot, Ints
from geofence.runs import expand

QUARTER_CIRCLE_SEGMENTS = 16  # of a buffer's round joins, as the dwell method has it
BANDS = 9_000  # of latitude: each some two kilometres, more than most tracks move in a minute
PAD_DEG = 1e-9  # more than rounding can take off a box
CONVEX_SLACK = 1e-9  # sine of the sharpest turn the wrong way that rounding alone may make


@dataclass(frozen=True, slots=True)
class Hotspots:
    """Hot spot versions in columns of length h; geometry in metres in each one's own plane."""

    id: Ints
    valid_from_us: Ints
    valid_to_us: Ints
    place: Floats  # [h, 3]: lon0, lat0, and metres a degree of longitude in the plane
    polygon: NDArray[np.object_]  # grown, prepared
    box: Floats  # [h, 4]: least x, least y, greatest x, greatest y
    convex: Bools
    edge_offset: Ints  # [h + 1]
    edge: Floats  # [edges, 4]: start x, start y, end x, end y
    band: Ints  # [BANDS + 1]: the first row of each band of latitude, from the south, in `sweep`
    sweep: Ints  # the hot spots in each band by their western edges
    around: Floats  # [:, 4]: their boxes in degrees, in that order; longitudes may pass 180
    reach: Floats  # the easternmost edge of these boxes in the band, up to each one
    tallest: float  # degrees of latitude that a box reaches from its plane's origin at most

    def __len__(self) -> int:
        return len(self.id)

    @classmethod
    def prepare(cls, hotspots: Sequence[Hotspot]) -> "Hotspots":
        """Return `hotspots` made ready.

        ValueError if two share both id and start of validity, or if one is empty.
        """
        ids = np.array([h.id for h in hotspots], np.int64)
        starts = np.array([_or(h.valid_from_us, NEVER) for h in hotspots], np.int64)
        ends = np.array([_or(h.valid_to_us, FOREVER) for h in hotspots], np.int64)
        if len(set(zip(ids.tolist(), starts.tolist(), strict=True))) < len(ids):
            message = "two versions of one hot spot begin at the same moment"
            raise ValueError(message)
        if any(hotspot.geometry.is_empty for hotspot in hotspots):
            message = "a hot spot is empty"
            raise ValueError(message)
        order = np.lexsort((starts, ids))
        ids, starts, ends = ids[order], starts[order], ends[order]
        degrees = unwrapped(np.array([hotspots[i].geometry for i in order], object))
        centre = shapely.get_coordinates(shapely.centroid(degrees)).reshape(-1, 2)
        east = metres_per_degree_east(centre[:, 1])
        grown = _in_planes(degrees, centre, east)
        buffers = np.array([hotspots[i].buffer_m for i in order], np.float64)
        wide = buffers > 0.0
        grown[wide] = shapely.buffer(grown[wide], buffers[wide], quad_segs=QUARTER_CIRCLE_SEGMENTS)
        place = np.column_stack([centre, east])
        return cls._measured(ids, starts, ends, place, grown)

    def grown(self, metres: float) -> "Hotspots":
        """Return these in their order and planes, each grown by `metres` more, round about."""
        wider = shapely.buffer(self.polygon, metres, quad_segs=QUARTER_CIRCLE_SEGMENTS)
        return self._measured(self.id, self.valid_from_us, self.valid_to_us, self.place, wider)

    @classmethod
    def _measured(
        cls, ids: Ints, starts: Ints, ends: Ints, place: Floats, grown: NDArray[np.object_]
    ) -> "Hotspots":
        """Return versions with these polygons, which are in metres in their planes."""
        shapely.prepare(grown)
        offset, edge, convex = _edges(grown)
        box = shapely.bounds(grown).reshape(-1, 4)
        band, sweep, around, reach = _sweep(box, place)
        return cls(
            id=ids,
            valid_from_us=starts,
            valid_to_us=ends,
            place=place,
            polygon=grown,
            box=box,
            convex=convex,
            edge_offset=offset,
            edge=edge,
            band=band,
            sweep=sweep,
            around=around,
            reach=reach,
            tallest=float(np.abs(box[:, [1, 3]]).max(initial=0.0)) / METRES_PER_DEGREE,
        )

    def plane(self, hotspot: Ints, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Return x and y in metres of positions in degrees, each in the plane of its hot spot; [m].

        NaN stays NaN, and is inside nothing.
        """
        lon0, lat0, east_m = self.place[hotspot].T
        return east_m * unwrap(lon - lon0), METRES_PER_DEGREE * (lat - lat0)

    def find(self, ids: Ints, valid_from_us: Ints) -> Ints:
        """Return the positions of versions, -1 for those that are not here; shapes [n] -> [n]."""
        # Copies: a loop is compiled anew for columns that lie apart or cannot be written.
        wanted = ids.astype(np.int64), valid_from_us.astype(np.int64)
        return _find(self.id, self.valid_from_us, *wanted)


@compiled
def _find(have: Ints, since: Ints, ids: Ints, valid_from_us: Ints) -> Ints:
    """Return where pairs of id and start are among those there are, which are in order; or -1."""
    position = np.full(len(ids), -1)
    for i, (wanted, start) in enumerate(zip(ids, valid_from_us)):  # noqa: B905 - compiled
        at = np.searchsorted(have, wanted)
        while at < len(have) and have[at] == wanted and since[at] < start:
            at += 1
        if at < len(have) and have[at] == wanted and since[at] == start:
            position[i] = at
    return position


def unwrapped(degrees: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons of which none is torn at the antimeridian: longitudes may pass 180.

    RFC 7946 cuts them there (section 3.1.9); the halves are moved together and united.
    """
    whole = degrees.copy()
    for i in np.flatnonzero(is_torn(degrees)):
        whole[i] = shapely.union_all(shapely.get_parts(eastward(degrees[i])))
    return whole


def is_torn(degrees: Polygon | MultiPolygon | NDArray[np.object_]) -> Bools:
    """Say which polygons lie on both sides of the antimeridian."""
    box = shapely.bounds(degrees)
    torn: Bools = box[..., 2] - box[..., 0] > HALF_THE_EARTH
    return torn


def eastward(degrees: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """Return a polygon with its western longitudes counted on past 180."""
    return shapely.transform(degrees, lambda c: np.column_stack([c[:, 0] % FULL_CIRCLE, c[:, 1]]))


def _or(moment: int | None, otherwise: int) -> int:
    return otherwise if moment is None else moment


def _in_planes(degrees: NDArray[np.object_], centre: Floats, east: Floats) -> NDArray[np.object_]:
    coordinates, of = shapely.get_coordinates(degrees, return_index=True)
    metres = (coordinates - centre[of]) * np.column_stack(
        [east[of], np.full(len(of), METRES_PER_DEGREE)]
    )
    planes: NDArray[np.object_] = shapely.set_coordinates(degrees.copy(), metres)
    return planes


def _edges(polygons: NDArray[np.object_]) -> tuple[Ints, Floats, Bools]:
    """Return the edges of all rings in order of polygon, and which polygons are convex."""
    parts, of_part = shapely.get_parts(polygons, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    points, of_point = shapely.get_coordinates(rings, return_index=True)
    owner = of_part[of_ring]
    # An edge so short that its square is nothing has no direction either.
    real = (of_point[1:] == of_point[:-1]) & ((points[1:] - points[:-1]) ** 2 > 0.0).any(axis=1)
    ring = of_point[:-1][real]
    edge = np.column_stack([points[:-1][real], points[1:][real]])
    hotspot = owner[ring]
    offset = np.searchsorted(hotspot, np.arange(len(polygons) + 1)).astype(np.int64)
    one_ring = np.bincount(owner, minlength=len(polygons)) == 1
    return offset, edge, one_ring & _turns_one_way(offset, edge)


def _turns_one_way(offset: Ints, edge: Floats) -> Bools:
    """Say which polygons never turn back, taking the edges of each as one ring."""
    if not len(edge):
        return np.zeros(len(offset) - 1, np.bool_)
    following = np.arange(1, len(edge) + 1)
    following[offset[1:] - 1] = offset[:-1]
    x, y = (edge[:, 2:] - edge[:, :2]).T
    ahead_x, ahead_y = x[following], y[following]
    turn = (x * ahead_y - y * ahead_x) / (np.hypot(x, y) * np.hypot(ahead_x, ahead_y))
    left = np.minimum.reduceat(turn, offset[:-1]) > -CONVEX_SLACK
    right = np.maximum.reduceat(turn, offset[:-1]) < CONVEX_SLACK
    both: Bools = left | right
    return both


def _sweep(box: Floats, place: Floats) -> tuple[Ints, Ints, Floats, Floats]:
    """Return bands of latitude, and the hot spots, boxes and reaches in each, westmost first."""
    centre, east = place[:, :2], place[:, 2]
    scale = np.column_stack([east, np.full(len(east), METRES_PER_DEGREE)] * 2)
    degrees = box / scale + np.column_stack([centre, centre])
    degrees += [-PAD_DEG, -PAD_DEG, PAD_DEG, PAD_DEG]
    bands = ((degrees[:, [1, 3]] + 90.0) * BANDS / 180.0).astype(np.int64)
    low, high = np.clip(bands, 0, BANDS - 1).T
    hotspot, step = expand(high - low + 1)
    of = low[hotspot] + step
    order = np.lexsort((degrees[hotspot, 0], of))
    of, hotspot = of[order], hotspot[order]
    around = np.ascontiguousarray(degrees[hotspot])
    band = np.searchsorted(of, np.arange(BANDS + 1))
    return band, hotspot, around, _reach(band, around)


@compiled
def _reach(band: Ints, around: Floats) -> Floats:
    """Return the greatest of eastern edges up to each one of a band."""
    reach = around[:, 2].copy()
    for b in range(len(band) - 1):
        for row in range(band[b] + 1, band[b + 1]):
            reach[row] = max(reach[row], reach[row - 1])
    return reach
