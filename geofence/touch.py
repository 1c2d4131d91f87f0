"""Which fixes and legs come near which hot spots, and how surely (rule 1 of the dwell method)."""

from dataclasses import dataclass

import numpy as np
import shapely

from geofence.clip import boundary_distance
from geofence.geodesy import (
    FULL_CIRCLE,
    HALF_THE_EARTH,
    METRES_PER_DEGREE,
    metres_per_degree_east,
    unwrap,
)
from geofence.hotspots import Hotspots
from geofence.model import Bools, Columns, Floats, Ints
from geofence.runs import begins, expand
from geofence.track import Track

BLOCK = 8  # fixes looked up together: fewer questions to the tree, and little to sift after;
# any number gives the same answer. At a fix every few seconds eight stay within a hot spot's size.
PAD_M = 0.01  # more than the difference of planes and degrees at the edge of a box
STEEPEST_LAT = 89.0  # where padding in longitude stays finite
SLACK = 1e-9  # for rounding: better a leg too many, it is clipped anyway


@dataclass(frozen=True, slots=True)
class Touches(Columns):
    """Rows of a track beside the hot spots that they, or the legs to them, may touch.

    In order of hot spot, then row; `key` rises with both. A row that is not here is surely outside.
    """

    key: Ints
    hotspot: Ints
    row: Ints
    x: Floats  # metres in the plane of the hot spot
    y: Floats
    leg: Bools  # a moving leg leads here that may touch the hot spot
    inside: Bools
    sure: Bools  # inside: surely inside; outside: surely outside

    @property
    def near(self) -> Bools:
        """Not surely outside."""
        return self.inside | ~self.sure

    def before(self, position: Ints) -> Ints:
        """Return the positions of the rows before those at `position`, at the same hot spot; -1."""
        there = (position > 0) & (self.key[position - 1] == self.key[position] - 1)
        return np.where(there, position - 1, -1)

    def inside_before(self, position: Ints) -> Bools:
        """Say if the rows before those at `position` are inside the same hot spot; shapes [m]."""
        before = self.before(position)
        return (before >= 0) & self.inside[before]


@dataclass(frozen=True, slots=True)
class _Candidates(Columns):
    """Rows of a track beside hot spots whose surroundings overlap theirs."""

    hotspot: Ints
    row: Ints
    x: Floats
    y: Floats


def touch(track: Track, hotspots: Hotspots) -> Touches:
    """Return the rows from each device's anchor on that may touch `hotspots`."""
    hotspot, row = _candidates(track, hotspots)
    x, y = hotspots.plane(hotspot, track.lon[row], track.lat[row])
    found = _Candidates(hotspot, row, x, y)
    leg, close = _legs(track, hotspots, found), _close(track, hotspots, found)
    kept = close | leg
    found = found.take(kept)
    inside, sure = _place(track, hotspots, found, close[kept])
    key = found.hotspot * len(track) + found.row
    return Touches(key, found.hotspot, found.row, found.x, found.y, leg[kept], inside, sure)


def _candidates(track: Track, hotspots: Hotspots) -> tuple[Ints, Ints]:
    """Return hot spots and rows whose surroundings overlap, in order of hot spot, then row."""
    asked = np.flatnonzero(np.arange(len(track)) >= track.anchor[track.owner])
    if not len(asked) or not len(hotspots):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    owner = track.owner[asked]
    first = begins(owner)
    rank = np.arange(len(asked)) - np.flatnonzero(first)[np.cumsum(first) - 1]
    block = np.flatnonzero(rank % BLOCK == 0)
    size = np.diff(np.append(block, len(asked)))
    found, hotspot = _ask(hotspots, _boxes(track, asked, block))
    valid = hotspots.valid_to_us[hotspot] > track.time_us.min()
    valid &= hotspots.valid_from_us[hotspot] <= track.time_us.max()
    found, hotspot = found[valid], hotspot[valid]
    order = np.lexsort((found, hotspot))
    found, hotspot = found[order], hotspot[order]
    pair, step = expand(size[found])
    return hotspot[pair], asked[block[found][pair] + step]


def _boxes(track: Track, asked: Ints, block: Ints) -> Floats:
    """Return the boxes in degrees [blocks, 4] around blocks of rows and the legs to them."""
    lon, lat = track.lon[asked], track.lat[asked]
    before = np.where(track.moving[asked] | track.pausing[asked], asked - 1, asked)
    first = np.zeros(len(asked), np.int64)
    first[block] = 1
    base = lon[block][np.cumsum(first) - 1]
    # All of a block is told from its first fix, the shorter way round.
    east, west = base + unwrap(lon - base), base + unwrap(track.lon[before] - base)
    reach = 2.0 * track.accuracy_m[asked] + PAD_M
    high = np.maximum(lat, track.lat[before]) + reach / METRES_PER_DEGREE
    low = np.minimum(lat, track.lat[before]) - reach / METRES_PER_DEGREE
    widest = np.minimum(np.maximum(np.abs(high), np.abs(low)), STEEPEST_LAT)
    pad = reach / metres_per_degree_east(widest)
    return np.column_stack(
        [
            np.minimum.reduceat(np.minimum(east, west) - pad, block),
            np.minimum.reduceat(low, block),
            np.maximum.reduceat(np.maximum(east, west) + pad, block),
            np.maximum.reduceat(high, block),
        ]
    )


def _ask(hotspots: Hotspots, boxes: Floats) -> tuple[Ints, Ints]:
    """Return positions of boxes and of the hot spots whose boxes they meet, each pair once."""
    east = np.flatnonzero(boxes[:, 2] > HALF_THE_EARTH)
    west = np.flatnonzero(boxes[:, 0] < -HALF_THE_EARTH)
    asked = np.concatenate([np.arange(len(boxes)), east, west])
    around = np.array([FULL_CIRCLE, 0.0, FULL_CIRCLE, 0.0])
    boxes = np.vstack([boxes, boxes[east] - around, boxes[west] + around])
    position, entry = hotspots.tree.query(shapely.box(*boxes.T))
    box, hotspot = asked[position], hotspots.tree_hotspot[entry]
    if len(hotspots.tree_hotspot) > len(hotspots) or len(east) or len(west):
        pair = np.unique(box * len(hotspots) + hotspot)
        box, hotspot = pair // len(hotspots), pair % len(hotspots)
    return box, hotspot


def _close(track: Track, hotspots: Hotspots, found: _Candidates) -> Bools:
    """Say which fixes are not surely outside, going by the boxes of the hot spots alone."""
    box, reach = hotspots.box[found.hotspot], 2.0 * track.accuracy_m[found.row]
    aside = np.maximum(np.maximum(box[:, 0] - found.x, found.x - box[:, 2]), 0.0)
    above = np.maximum(np.maximum(box[:, 1] - found.y, found.y - box[:, 3]), 0.0)
    close: Bools = aside * aside + above * above <= reach * reach
    return close


def _legs(track: Track, hotspots: Hotspots, found: _Candidates) -> Bools:
    """Say which rows have a leg to them, from after the anchor, that may touch the hot spot."""
    row = found.row
    leg = (track.moving[row] | track.pausing[row]) & (row > track.anchor[track.owner[row]])
    at = np.flatnonzero(leg)
    row, hotspot, x, y = row[at] - 1, found.hotspot[at], found.x[at], found.y[at]
    from_x, from_y = hotspots.plane(hotspot, track.lon[row], track.lat[row])
    box = hotspots.box[hotspot]
    meets = (np.minimum(x, from_x) <= box[:, 2]) & (np.maximum(x, from_x) >= box[:, 0])
    meets &= (np.minimum(y, from_y) <= box[:, 3]) & (np.maximum(y, from_y) >= box[:, 1])
    # All four corners of the box on one side of the leg's line: it passes by.
    dx, dy = x - from_x, y - from_y
    across = dx * ((box[:, 1] + box[:, 3]) / 2 - y) - dy * ((box[:, 0] + box[:, 2]) / 2 - x)
    reach = (box[:, 2] - box[:, 0]) / 2 * np.abs(dy) + (box[:, 3] - box[:, 1]) / 2 * np.abs(dx)
    meets &= np.abs(across) <= reach * (1.0 + SLACK)
    # Unwrapped to two sides of a plane: the leg runs on the far side of the Earth.
    meets &= np.abs(dx) <= HALF_THE_EARTH * hotspots.east_m[hotspot]
    leg[at] = meets
    return leg


def _place(
    track: Track, hotspots: Hotspots, found: _Candidates, close: Bools
) -> tuple[Bools, Bools]:
    """Say which rows are inside, and which are surely where they are; shapes [m]."""
    hotspot, x, y = found.hotspot, found.x, found.y
    inside = np.zeros(len(hotspot), np.bool_)
    box = hotspots.box[hotspot]
    boxed = (x >= box[:, 0]) & (x <= box[:, 2]) & (y >= box[:, 1]) & (y <= box[:, 3])
    at = np.flatnonzero(boxed)
    inside[at] = shapely.intersects_xy(hotspots.polygon[hotspot[at]], x[at], y[at])
    accuracy = track.accuracy_m[found.row]
    sure = np.ones(len(hotspot), np.bool_)
    at = np.flatnonzero((accuracy > 0.0) & close)
    distance, reach = boundary_distance(hotspots, hotspot[at], x[at], y[at]), accuracy[at]
    sure[at] = np.where(inside[at], distance >= reach, distance > 2.0 * reach)
    return inside, sure
