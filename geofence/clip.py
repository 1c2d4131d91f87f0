"""Legs and points against the edges of hot spots: what is inside, how far is the boundary."""

import numpy as np
import shapely

from geofence.compiled import compiled
from geofence.hotspots import Hotspots
from geofence.model import Bools, Floats, Ints
from geofence.runs import unite

SLACK = 1e-9  # of an edge's length: better a cut too many, it is judged by what lies beside it
ON_BOUNDARY_M = 1e-9  # rounding in a plane moves a point on a slanted edge by as much


def boundary_distance(hotspots: Hotspots, hotspot: Ints, x: Floats, y: Floats) -> Floats:
    """Return metres from points to the boundary of each one's hot spot, holes too; shapes [m]."""
    return _boundary_distance(hotspots.edge_offset, hotspots.edge, hotspot, x, y)


def stretches(
    hotspots: Hotspots, hotspot: Ints, ends: Floats, inside: Bools
) -> tuple[Ints, Floats, Floats]:
    """Return the stretches of straight legs inside hot spots, boundary included.

    `ends` [m, 4] are the legs' x and y at the start and at the end, in metres in the plane of
    `hotspot` [m]; `inside` [m, 2] says which ends are inside. Answers with the leg's number and
    where the stretch begins and ends on it (0 to 1), in order; single points may be among them.
    """
    edges = hotspots.edge_offset, hotspots.edge, hotspots.convex
    leg, start, end, asked = _pieces(*edges, hotspot, ends, inside)
    at = np.flatnonzero(asked)
    held = ~asked
    held[at] = _holds(hotspots, hotspot[leg[at]], ends[leg[at]], (start[at] + end[at]) / 2)
    return unite(leg[held], start[held], end[held])


def _holds(hotspots: Hotspots, hotspot: Ints, ends: Floats, along: Floats) -> Bools:
    """Say if points on legs are inside; a piece of leg on the boundary is."""
    x = ends[:, 0] + along * (ends[:, 2] - ends[:, 0])
    y = ends[:, 1] + along * (ends[:, 3] - ends[:, 1])
    held: Bools = shapely.intersects_xy(hotspots.polygon[hotspot], x, y)
    out = np.flatnonzero(~held)
    held[out] = boundary_distance(hotspots, hotspot[out], x[out], y[out]) <= ON_BOUNDARY_M
    return held


@compiled
def _boundary_distance(offset: Ints, edge: Floats, hotspot: Ints, x: Floats, y: Floats) -> Floats:
    distance = np.empty(len(hotspot))
    for i, h in enumerate(hotspot):
        nearest = np.inf
        for e in range(offset[h], offset[h + 1]):
            ex, ey = edge[e, 2], edge[e, 3]
            rx, ry = x[i] - edge[e, 0], y[i] - edge[e, 1]
            along = min(max((rx * ex + ry * ey) / (ex * ex + ey * ey), 0.0), 1.0)
            rx -= along * ex
            ry -= along * ey
            nearest = min(nearest, rx * rx + ry * ry)
        distance[i] = np.sqrt(nearest)
    return distance


@compiled
def _cuts(edges: Floats, leg: Floats, cuts: Floats) -> int:
    """Write to `cuts` how far along a leg edges cross it, in order; return how many do."""
    x, y, dx, dy = leg[0], leg[1], leg[2] - leg[0], leg[3] - leg[1]
    count = 0
    for e in range(len(edges)):
        ex, ey, rx, ry = edges[e, 2], edges[e, 3], edges[e, 0] - x, edges[e, 1] - y
        turn, on_edge = dx * ey - dy * ex, rx * dy - ry * dx
        sign = -1.0 if turn < 0.0 else 1.0
        turn, on_edge, on_leg = turn * sign, on_edge * sign, (rx * ey - ry * ex) * sign
        met = -SLACK * turn <= on_edge <= (1.0 + SLACK) * turn
        if not (met and 0.0 < on_leg < turn):
            continue
        place, cut = count, on_leg / turn
        while place > 0 and cuts[place - 1] > cut:
            cuts[place] = cuts[place - 1]
            place -= 1
        cuts[place] = cut
        count += 1
    return count


@compiled
def _pieces(
    offset: Ints, edge: Floats, convex: Bools, hotspot: Ints, ends: Floats, inside: Bools
) -> tuple[Ints, Floats, Floats, Bools]:
    """Return pieces of legs, in order: leg's number, start and end, and if it is yet to be asked.

    A leg is cut where it crosses an edge, so that no piece is inside in part. Of those that need
    not be asked only the ones inside are here.
    """
    room = 2 * len(hotspot) + 1
    leg, start, end = np.empty(room, np.int64), np.empty(room), np.empty(room)
    asked = np.empty(room, np.bool_)
    cuts, found = np.empty(len(edge)), 0
    for i, h in enumerate(hotspot):
        count, both = 0, inside[i, 0] and inside[i, 1]
        if not (both and convex[h]):
            count = _cuts(edge[offset[h] : offset[h + 1]], ends[i], cuts)
        # One end inside and one cut, or all of it in a convex hot spot: there is nothing to ask.
        sure = (both and convex[h]) or (count == 1 and inside[i, 0] != inside[i, 1])
        while found + count + 1 > len(leg):
            leg, asked = np.concatenate((leg, leg)), np.concatenate((asked, asked))
            start, end = np.concatenate((start, start)), np.concatenate((end, end))
        since = 0.0
        for k in range(count + 1):
            until = cuts[k] if k < count else 1.0
            if until > since and not (sure and not inside[i, min(k, 1)]):
                leg[found], start[found], end[found], asked[found] = i, since, until, not sure
                found += 1
            since = until
    return leg[:found], start[:found], end[:found], asked[:found]
