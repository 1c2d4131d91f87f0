"""Which fixes and legs come near which hot spots, going by boxes alone."""

from dataclasses import dataclass

import numpy as np

from geofence.compiled import compiled
from geofence.geodesy import METRES_PER_DEGREE
from geofence.hotspots import Hotspots
from geofence.model import FOREVER, NEVER, Bools, Columns, Floats, Ints
from geofence.track import Track

BLOCK = 8  # fixes looked up together: fewer questions, and little to sift after; any number gives
# the same answer. At a fix every few seconds eight stay within a hot spot's size.
PAD_M = 0.01  # more than rounding moves a box
STEEPEST_LAT = 89.0  # where padding in longitude stays finite
TURN = 360.0  # degrees of longitude
TURNS = (-TURN, 0.0, TURN)  # a place has many longitudes
NOWHERE = 100.0  # a latitude that no box of a hot spot has
SLACK = 1e-9  # for rounding: better a leg too many, it is clipped anyway


@dataclass(frozen=True, slots=True)
class Passing(Columns):
    """Rows of a track that may touch hot spots, or the legs to them, by hot spot, then row."""

    hotspot: Ints
    row: Ints
    x: Floats  # metres in the plane of the hot spot
    y: Floats
    leg: Bools  # a leg leads here that may touch the hot spot
    close: Bools  # the fix may not be surely outside


def passing(track: Track, hotspots: Hotspots) -> Passing:
    """Return the rows from each device's anchor on that come near `hotspots`."""
    block, size = _blocks(track.start, track.anchor)
    lon, lat, accuracy, joined = (
        track.lon, track.lat, track.accuracy_m, track.moving | track.pausing
    )  # fmt: skip
    boxes = _boxes(lon, lat, accuracy, joined, block, size, METRES_PER_DEGREE, hotspots.tallest)
    hotspot, met = _candidates(track, hotspots, boxes)
    block, size = block[met], size[met]
    anchor = track.anchor[track.owner[block]]
    return Passing(
        *_sift(
            hotspots.place, hotspots.box, hotspot, lon, lat, accuracy, joined,
            block, size, anchor, METRES_PER_DEGREE,
        )
    )  # fmt: skip


def _candidates(track: Track, hotspots: Hotspots, boxes: Floats) -> tuple[Ints, Ints]:
    """Return hot spots and the numbers of boxes that meet theirs, by hot spot, then box."""
    sweep = hotspots.band, hotspots.sweep, hotspots.around, hotspots.reach, boxes
    count = np.zeros(len(hotspots), np.int64)
    _meetings(*sweep, count, np.zeros(0, np.int64))
    met = np.empty(count.sum(), np.int64)
    _meetings(*sweep, np.cumsum(count) - count, met)
    hotspot = np.repeat(np.arange(len(hotspots)), count)
    valid = hotspots.valid_to_us[hotspot] > track.time_us.min(initial=FOREVER)
    valid &= hotspots.valid_from_us[hotspot] <= track.time_us.max(initial=NEVER)
    return hotspot[valid], met[valid]


@compiled
def _blocks(start: Ints, anchor: Ints) -> tuple[Ints, Ints]:
    """Return the first rows of blocks of up to `BLOCK` rows of one device, and their lengths."""
    begin, size, found = np.empty(start[-1], np.int64), np.empty(start[-1], np.int64), 0
    for d in range(len(anchor)):
        for row in range(anchor[d], start[d + 1], BLOCK):
            begin[found], size[found] = row, min(BLOCK, start[d + 1] - row)
            found += 1
    return begin[:found], size[:found]


@compiled
def _boxes(
    lon: Floats,
    lat: Floats,
    accuracy: Floats,
    joined: Bools,
    block: Ints,
    size: Ints,
    metres_per_degree: float,
    tallest: float,
) -> Floats:
    """Return the boxes in degrees [blocks, 4] around blocks of rows and the legs to them.

    They are wide enough for planes whose origins are up to `tallest` degrees of latitude away:
    where metres are counted by the plane's own degrees, a fix may be nearer than by those here.
    Rows whose place is not known widen none.
    """
    boxes = np.empty((len(block), 4))
    for b, first in enumerate(block):
        begin, last, x, widest = first - joined[first], -1, 0.0, 0.0
        west, south, east, north, middle = 0.0, NOWHERE, 0.0, NOWHERE, 0.0
        for row in range(begin, first + size[b]):
            if np.isnan(lon[row]):
                continue
            if last < 0:
                south, north, middle = lat[row], lat[row], lon[row]
            else:
                # Each is told from the one before, the shorter way round, as the legs go.
                x += _around(lon[row] - lon[last])
            last = row
            west, east = min(west, x), max(east, x)
            south, north = min(south, lat[row]), max(north, lat[row])
            widest = max(widest, accuracy[row] if row >= first else 0.0)
        above = (2.0 * widest + PAD_M) / metres_per_degree
        south, north = south - above, north + above
        steepest = min(max(abs(south), abs(north)) + tallest, STEEPEST_LAT)
        aside = above / np.cos(np.radians(steepest))
        middle += (west + east) / 2.0
        half = min((east - west) / 2.0 + aside, TURN / 2.0)
        boxes[b] = _around(middle) - half, south, _around(middle) + half, north
    return boxes


@compiled
def _meetings(
    band: Ints, sweep: Ints, around: Floats, reach: Floats, boxes: Floats, place: Ints, met: Ints
) -> None:
    """Count in `place` [h] which of `boxes` each hot spot's box meets, each one once.

    Where `met` has room, the box is written there too, at the place that was counted to.
    """
    latest, bands = np.full(len(place), -1), len(band) - 1
    for b in range(len(boxes)):
        west, south, east, north = boxes[b, 0], boxes[b, 1], boxes[b, 2], boxes[b, 3]
        lowest = max(int((south + 90.0) * bands / 180.0), 0)
        highest = min(int((north + 90.0) * bands / 180.0), bands - 1)
        for stripe in range(lowest, highest + 1):
            for turn in TURNS:
                # None that ends before the box begins, then on until one begins after it ends.
                s = _first(reach, band[stripe], band[stripe + 1], west + turn)
                while s < band[stripe + 1] and around[s, 0] <= east + turn:
                    h = sweep[s]
                    meets = around[s, 2] >= west + turn and around[s, 1] <= north
                    if meets and around[s, 3] >= south and latest[h] != b:
                        latest[h] = b
                        if len(met):
                            met[place[h]] = b
                        place[h] += 1
                    s += 1


@compiled
def _first(rising: Floats, low: int, high: int, least: float) -> int:
    """Return the first row from `low` to `high` of what is no less; numpy's own is slow here."""
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if rising[middle] < least else (low, middle)
    return low


@compiled
def _sift(
    place: Floats,
    box: Floats,
    hotspot: Ints,
    lon: Floats,
    lat: Floats,
    accuracy: Floats,
    joined: Bools,
    block: Ints,
    size: Ints,
    anchor: Ints,
    metres_per_degree: float,
) -> tuple[Ints, Ints, Floats, Floats, Bools, Bools]:
    """Return the rows of blocks that may touch hot spots, going by the boxes of these alone.

    `place` [h, 3] is longitude and latitude of the plane's origin and metres a degree of longitude.
    Answers with hot spot, row, x, y, if a leg leads there that may touch, and if it is close:
    not surely outside.
    """
    most = size.sum()
    of, rows = np.empty(most, np.int64), np.empty(most, np.int64)
    xs, ys = np.empty(most), np.empty(most)
    legs, closes, found = np.empty(most, np.bool_), np.empty(most, np.bool_), 0
    for i, h in enumerate(hotspot):
        lon0, lat0, east = place[h, 0], place[h, 1], place[h, 2]
        for row in range(block[i], block[i] + size[i]):
            x, y = east * _around(lon[row] - lon0), metres_per_degree * (lat[row] - lat0)
            aside = max(box[h, 0] - x, x - box[h, 2], 0.0)
            above = max(box[h, 1] - y, y - box[h, 3], 0.0)
            reach = 2.0 * accuracy[row]
            close, leg = aside * aside + above * above <= reach * reach, False
            if joined[row] and row > anchor[i]:
                from_x = east * _around(lon[row - 1] - lon0)
                from_y = metres_per_degree * (lat[row - 1] - lat0)
                # Unwrapped to two sides of a plane: the leg runs on the far side of the Earth.
                short = abs(x - from_x) <= TURN / 2.0 * east
                leg = short and _meets(from_x, from_y, x, y, box[h])
            if close or leg:
                of[found], rows[found], xs[found], ys[found] = h, row, x, y
                legs[found], closes[found] = leg, close
                found += 1
    return of[:found], rows[:found], xs[:found], ys[:found], legs[:found], closes[:found]


@compiled
def _around(degrees: float) -> float:
    """Return a difference of longitudes as the shorter way round."""
    if abs(degrees) > TURN / 2.0:
        return (degrees + TURN / 2.0) % TURN - TURN / 2.0
    return degrees


@compiled
def _meets(from_x: float, from_y: float, x: float, y: float, box: Floats) -> bool:
    """Say if a leg may touch a box, least x and y, then greatest."""
    west, south, east, north = box[0], box[1], box[2], box[3]
    if (
        min(x, from_x) > east
        or max(x, from_x) < west
        or min(y, from_y) > north
        or max(y, from_y) < south
    ):
        return False
    # All four corners of the box on one side of the leg's line: it passes by.
    dx, dy = x - from_x, y - from_y
    across = dx * ((south + north) / 2 - y) - dy * ((west + east) / 2 - x)
    reach = (east - west) / 2 * abs(dy) + (north - south) / 2 * abs(dx)
    return bool(abs(across) <= reach * (1.0 + SLACK))
