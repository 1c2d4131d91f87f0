"""Legs and points against the edges of hot spots: what is inside, how far is the boundary."""

import numpy as np
import shapely

from geofence.compiled import compiled
from geofence.hotspots import Hotspots
from geofence.model import Bools, Floats, Ints

SLACK = 1e-9  # of an edge's length: better a cut too many, it is judged by what lies beside it
ON_BOUNDARY_M = 1e-9  # rounding in a plane moves a point on a slanted edge by as much
TOO_CLOSE_M = 1e-6  # to trust plain arithmetic with which side of the boundary a point is on


def place(hotspots: Hotspots, hotspot: Ints, x: Floats, y: Floats) -> tuple[Bools, Floats]:
    """Say which points are inside, boundary included, and how far from the boundary; shapes [m].

    Points are in metres in the plane of each one's `hotspot`; the boundary is that of holes, too.
    """
    inside, distance = _place_all(hotspots.edge_offset, hotspots.edge, hotspot, x, y)
    at = np.flatnonzero(distance < TOO_CLOSE_M)
    inside[at] = shapely.intersects_xy(hotspots.polygon[hotspot[at]], x[at], y[at])
    return inside, distance


def stretches(
    hotspots: Hotspots, hotspot: Ints, ends: Floats, inside: Bools
) -> tuple[Ints, Floats, Floats]:
    """Return the stretches of straight legs inside hot spots, boundary included.

    `ends` [m, 4] are the legs' x and y at the start and at the end, in metres in the plane of
    `hotspot` [m]; `inside` [m, 2] says which ends are inside. Answers with the leg's number and
    where the stretch begins and ends on it (0 to 1), in order.
    """
    edges = hotspots.edge_offset, hotspots.edge, hotspots.convex
    return _stretches(*edges, hotspot, ends, inside)


@compiled
def _place(edges: Floats, x: float, y: float) -> tuple[bool, float]:
    """Say if a point is inside, by how many edges are to its east, and how far from any it is."""
    inside, nearest = False, np.inf
    for e in range(len(edges)):
        ex, ey = edges[e, 2] - edges[e, 0], edges[e, 3] - edges[e, 1]
        rx, ry = x - edges[e, 0], y - edges[e, 1]
        if (edges[e, 1] > y) != (edges[e, 3] > y) and (ry * ex > rx * ey) == (ey > 0.0):
            inside = not inside
        along = min(max((rx * ex + ry * ey) / (ex * ex + ey * ey), 0.0), 1.0)
        rx -= along * ex
        ry -= along * ey
        nearest = min(nearest, rx * rx + ry * ry)
    return inside, np.sqrt(nearest)


@compiled
def _place_all(
    offset: Ints, edge: Floats, hotspot: Ints, x: Floats, y: Floats
) -> tuple[Bools, Floats]:
    inside, distance = np.empty(len(hotspot), np.bool_), np.empty(len(hotspot))
    for i, h in enumerate(hotspot):
        inside[i], distance[i] = _place(edge[offset[h] : offset[h + 1]], x[i], y[i])
    return inside, distance


@compiled
def _cuts(edges: Floats, leg: Floats, cuts: Floats) -> int:
    """Write to `cuts` how far along a leg edges cross it, in order; return how many do."""
    x, y, dx, dy = leg[0], leg[1], leg[2] - leg[0], leg[3] - leg[1]
    count = 0
    for e in range(len(edges)):
        rx, ry = edges[e, 0] - x, edges[e, 1] - y
        ex, ey = edges[e, 2] - edges[e, 0], edges[e, 3] - edges[e, 1]
        turn, on_edge = dx * ey - dy * ex, rx * dy - ry * dx
        sign = -1.0 if turn < 0.0 else 1.0
        turn, on_edge, on_leg = turn * sign, on_edge * sign, (rx * ey - ry * ex) * sign
        met = -SLACK * turn <= on_edge <= (1.0 + SLACK) * turn
        if not (met and 0.0 < on_leg < turn):
            continue
        rank, cut = count, on_leg / turn
        while rank > 0 and cuts[rank - 1] > cut:
            cuts[rank] = cuts[rank - 1]
            rank -= 1
        cuts[rank] = cut
        count += 1
    return count


@compiled
def _holds(edges: Floats, leg: Floats, along: float) -> bool:
    """Say if a point on a leg is inside; one on the boundary is."""
    x, y = leg[0] + along * (leg[2] - leg[0]), leg[1] + along * (leg[3] - leg[1])
    inside, distance = _place(edges, x, y)
    return inside or distance <= ON_BOUNDARY_M


@compiled
def _stretches(
    offset: Ints, edge: Floats, convex: Bools, hotspot: Ints, ends: Floats, inside: Bools
) -> tuple[Ints, Floats, Floats]:
    """Return stretches: a leg is cut where it crosses an edge, so that no piece is in by half."""
    room = 2 * len(hotspot) + 1
    leg, start, end, found = np.empty(room, np.int64), np.empty(room), np.empty(room), 0
    cuts = np.empty(len(edge))
    for i, h in enumerate(hotspot):
        edges = edge[offset[h] : offset[h + 1]]
        whole = inside[i, 0] and inside[i, 1] and convex[h]
        count = 0 if whole else _cuts(edges, ends[i], cuts)
        # One end inside and one cut: there is nothing to ask. Both outside and none: nor here.
        once = count == 1 and inside[i, 0] != inside[i, 1]
        if count == 0 and not inside[i, 0] and not inside[i, 1]:
            continue
        while found + count + 1 > len(leg):
            leg, start, end = (
                np.concatenate((leg, leg)),
                np.concatenate((start, start)),
                np.concatenate((end, end)),
            )
        since = 0.0
        for k in range(count + 1):
            until = cuts[k] if k < count else 1.0
            held = whole or (
                inside[i, k]
                if once
                else until > since and _holds(edges, ends[i], (since + until) / 2)
            )
            if held and found and leg[found - 1] == i and end[found - 1] == since:
                end[found - 1] = until
            elif held:
                leg[found], start[found], end[found] = i, since, until
                found += 1
            since = until
    return leg[:found], start[:found], end[:found]
