"""Enter and exit at the pace of the approach (rule 5 of the dwell method)."""

from dataclasses import dataclass

import numpy as np

from geofence.model import NEVER, Bools, Columns, Floats, Ints
from geofence.scene import Scene


@dataclass(frozen=True, slots=True)
class Clipped(Columns):
    """Stretches of legs inside hot spots, by position, then start."""

    position: Ints  # of the touch that the leg leads to
    start: Floats  # shares of the leg
    end: Floats
    start_us: Ints
    end_us: Ints


@dataclass(frozen=True, slots=True)
class Approaches(Columns):
    """The ways in and out on legs with one end inside, at the positions of touches [t]."""

    reached: Bools  # some stretch of the leg here is inside
    enter_us: Ints  # NEVER: the plain crossing
    exit_us: Ints
    way_m: Floats  # from the hot spot to the leg's end, where the leg after it is yet to come
    pace_mps: Floats


def approaches(scene: Scene, clipped: Clipped) -> Approaches:
    """Return the approaches on all legs after the anchors, each at the pace of its faster leg."""
    track, hotspots, touches = scene.track, scene.hotspots, scene.touches
    size = len(touches.key)
    reached = np.zeros(size, np.bool_)
    reached[clipped.position] = True
    # A leg that touches with its inside end only: the way in is all of it, the way out too.
    first, last = np.ones(size), np.zeros(size)
    np.minimum.at(first, clipped.position, clipped.start)
    np.maximum.at(last, clipped.position, clipped.end)
    leg = np.flatnonzero(touches.leg & track.moving[touches.row])
    out = touches.inside_before(leg)
    crossing = out != touches.inside[leg]
    leg, out = leg[crossing], out[crossing]
    hotspot, row = touches.hotspot[leg], touches.row[leg]
    length, pace = track.length(hotspots, hotspot, row), track.pace(hotspots, hotspot, row)

    enter = np.full(size, NEVER)
    paced = np.flatnonzero(~out & track.moving[row - 1])
    came = row[paced] - 1
    fastest = np.maximum(pace[paced], track.pace(hotspots, hotspot[paced], came))
    at = leg[paced]
    enter[at] = track.time_us[came] + _lasting(first[at] * length[paced], fastest)

    found = Approaches(
        reached, enter, np.full(size, NEVER), np.full(size, np.nan), np.full(size, np.nan)
    )
    at = leg[out]
    way = (1.0 - last[at]) * length[out]
    found.exit_us[at], waits = leave(scene, hotspot[out], row[out], way, pace[out])
    found.way_m[at[waits]], found.pace_mps[at[waits]] = way[waits], pace[out][waits]
    return found


def leave(scene: Scene, hotspot: Ints, row: Ints, way: Floats, pace: Floats) -> tuple[Ints, Bools]:
    """Return exits before the outside fixes at `row`, and which still wait for the leg after it.

    `way` is the metres from the hot spot to the fix, `pace` the metres per second on that leg;
    shapes [m]. An exit is NEVER where there is no leg after it: the plain crossing counts.
    """
    track = scene.track
    waits = row == track.last[track.owner[row]]
    onward = np.flatnonzero(~waits)
    onward = onward[track.moving[row[onward] + 1]]
    exit_us = np.full(len(row), NEVER)
    after = track.pace(scene.hotspots, hotspot[onward], row[onward] + 1)
    fastest = np.maximum(pace[onward], after)
    exit_us[onward] = track.time_us[row[onward]] - _lasting(way[onward], fastest)
    return exit_us, waits


def _lasting(way: Floats, pace: Floats) -> Ints:
    """Return microseconds for metres at metres per second."""
    return np.rint(way / pace * 1e6).astype(np.int64)
