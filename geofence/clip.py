"""Legs and points against the edges of hot spots: what is inside, how far is the boundary."""

from collections.abc import Iterator

import numpy as np
import shapely

from geofence.hotspots import Hotspots
from geofence.model import Bools, Floats, Ints
from geofence.runs import expand, unite

CHUNK = 1 << 17  # edges looked at together: what stays in a processor's cache
SLACK = 1e-9  # of an edge's length: better a cut too many, it is judged by what lies beside it
ON_BOUNDARY_M = 1e-9  # rounding in a plane moves a point on a slanted edge by as much


def boundary_distance(hotspots: Hotspots, hotspot: Ints, x: Floats, y: Floats) -> Floats:
    """Return metres from points to the boundary of each one's hot spot, holes too; shapes [m]."""
    distance = np.empty(len(hotspot))
    for part in _chunks(hotspots, hotspot):
        of, edge, begins = _edges(hotspots, hotspot[part])
        ax, ay, ex, ey = hotspots.edge[edge].T
        rx, ry = x[part][of] - ax, y[part][of] - ay
        along = np.clip((rx * ex + ry * ey) / (ex * ex + ey * ey), 0.0, 1.0)
        rx -= along * ex
        ry -= along * ey
        distance[part] = np.sqrt(np.minimum.reduceat(rx * rx + ry * ry, begins))
    return distance


def stretches(
    hotspots: Hotspots, hotspot: Ints, ends: Floats, inside: Bools
) -> tuple[Ints, Floats, Floats]:
    """Return the stretches of straight legs inside hot spots, boundary included.

    `ends` [m, 4] are the legs' x and y at the start and at the end, in metres in the plane of
    `hotspot` [m]; `inside` [m, 2] says which ends are inside. Answers with the leg's number and
    where the stretch begins and ends on it (0 to 1), in order; single points may be among them.
    """
    plain = inside.all(axis=1) & hotspots.convex[hotspot]
    whole = np.flatnonzero(plain)
    others = np.flatnonzero(~plain)
    found = [(whole, np.zeros(len(whole)), np.ones(len(whole)))]
    for part in _chunks(hotspots, hotspot[others]):
        legs = others[part]
        of, start, end = _between(hotspots, hotspot[legs], ends[legs], inside[legs])
        found.append((legs[of], start, end))
    leg, start, end = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((start, leg))
    return leg[order], start[order], end[order]


def _chunks(hotspots: Hotspots, hotspot: Ints) -> Iterator[slice]:
    """Yield slices of `hotspot` with about `CHUNK` edges each."""
    total = np.cumsum(hotspots.edge_offset[hotspot + 1] - hotspots.edge_offset[hotspot])
    begin = 0
    while begin < len(hotspot):
        done = total[begin - 1] if begin else 0
        end = max(int(np.searchsorted(total, done + CHUNK, "right")), begin + 1)
        yield slice(begin, end)
        begin = end


def _edges(hotspots: Hotspots, hotspot: Ints) -> tuple[Ints, Ints, Ints]:
    """Return all edges of each of `hotspot`: whose they are, which, and where each one's begin."""
    count = hotspots.edge_offset[hotspot + 1] - hotspots.edge_offset[hotspot]
    begins = np.cumsum(count) - count
    of, step = expand(count)
    return of, hotspots.edge_offset[hotspot][of] + step, begins


def _cuts(hotspots: Hotspots, hotspot: Ints, ends: Floats) -> tuple[Ints, Floats]:
    """Return where legs cross edges: the leg's number and how far along it, between its ends."""
    of, edge, _ = _edges(hotspots, hotspot)
    ax, ay, ex, ey = hotspots.edge[edge].T
    x, y = ends[:, 0], ends[:, 1]
    dx, dy = (ends[:, 2] - x)[of], (ends[:, 3] - y)[of]
    rx, ry = ax - x[of], ay - y[of]
    turn = dx * ey - dy * ex
    on_leg, on_edge = rx * ey - ry * ex, rx * dy - ry * dx
    sign = np.where(turn < 0.0, -1.0, 1.0)
    turn, on_leg, on_edge = turn * sign, on_leg * sign, on_edge * sign
    hit = (on_leg > 0.0) & (on_leg < turn)
    hit &= (on_edge >= -SLACK * turn) & (on_edge <= (1.0 + SLACK) * turn)
    return of[hit], on_leg[hit] / turn[hit]


def _between(
    hotspots: Hotspots, hotspot: Ints, ends: Floats, inside: Bools
) -> tuple[Ints, Floats, Floats]:
    """Return the stretches of legs that are inside: leg's number, start and end on it."""
    number, cut = _cuts(hotspots, hotspot, ends)
    legs = np.arange(len(hotspot))
    once = (np.bincount(number, minlength=len(legs)) == 1) & (inside[:, 0] != inside[:, 1])
    single = once[number]
    at, begins = cut[single], inside[number[single], 0]
    simple = (number[single], np.where(begins, 0.0, at), np.where(begins, at, 1.0))

    rest = legs[~once]
    number = np.concatenate([rest, number[~single], rest])
    cut = np.concatenate([np.zeros(len(rest)), cut[~single], np.ones(len(rest))])
    order = np.lexsort((cut, number))
    number, cut = number[order], cut[order]
    piece = np.flatnonzero((number[1:] == number[:-1]) & (cut[1:] > cut[:-1]))
    of, start, end = number[piece], cut[piece], cut[piece + 1]
    held = _holds(hotspots, hotspot[of], ends[of], (start + end) / 2)
    of, start, end = of[held], start[held], end[held]
    pieced = unite(of, start, end)
    leg, start, end = (np.concatenate(pair) for pair in zip(simple, pieced, strict=True))
    return leg, start, end


def _holds(hotspots: Hotspots, hotspot: Ints, ends: Floats, along: Floats) -> Bools:
    """Say if points on legs are inside; a piece of leg on the boundary is."""
    x = ends[:, 0] + along * (ends[:, 2] - ends[:, 0])
    y = ends[:, 1] + along * (ends[:, 3] - ends[:, 1])
    held: Bools = shapely.intersects_xy(hotspots.polygon[hotspot], x, y)
    out = np.flatnonzero(~held)
    held[out] = boundary_distance(hotspots, hotspot[out], x[out], y[out]) <= ON_BOUNDARY_M
    return held
