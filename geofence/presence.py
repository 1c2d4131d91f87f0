"""Presences: stretches of a track inside hot spots, with the pace of the approach (rules 3, 5)."""

from dataclasses import dataclass, replace

import numpy as np

from geofence.approach import Approaches, Clipped
from geofence.clip import stretches
from geofence.model import NEVER, Bools, Columns, Floats, Ints
from geofence.runs import begins, ends
from geofence.scene import Scene


@dataclass(frozen=True, slots=True)
class Presences(Columns):
    """One stretch of time of one device inside one hot spot a row, by hot spot, device, start.

    A place on the track is told by a key: twice a touch's key at a fix, one more on the leg after.
    """

    hotspot: Ints
    owner: Ints
    start_us: Ints
    end_us: Ints
    enter_us: Ints  # if a visit begins with it
    exit_us: Ints  # if a visit ends with it
    way_m: Floats  # length still to go on the leg out, if its neighbour is yet to come; else NaN
    pace_mps: Floats  # on that leg
    before: Ints  # last row at or before the start
    after: Ints  # first row at or after the end; for a remembered one, the first new row
    start_key: Ints
    end_key: Ints
    stay: Ints  # which of the remembered stays it was part of; -1: new


def presences(scene: Scene, clipped: Clipped, approaches: Approaches) -> Presences:
    """Return the new presences: on the legs after the anchors, and of lone fixes; in any order."""
    return _valid(scene, Presences.concat([_on_legs(scene, clipped, approaches), _alone(scene)]))


def clip(scene: Scene) -> Clipped:
    """Return the stretches of legs after the anchors that are inside, single points left out."""
    track, hotspots, touches = scene.track, scene.hotspots, scene.touches
    leg = np.flatnonzero(touches.leg)
    began_inside = touches.inside_before(leg)
    moving = track.moving[touches.row[leg]]
    still = leg[~moving & began_inside]
    still = still[track.stands(hotspots, touches.hotspot[still], touches.row[still])]
    leg, began_inside = leg[moving], began_inside[moving]
    hotspot, row = touches.hotspot[leg], touches.row[leg]
    from_x, from_y = hotspots.plane(hotspot, track.lon[row - 1], track.lat[row - 1])
    legs = np.column_stack([from_x, from_y, touches.x[leg], touches.y[leg]])
    inside = np.column_stack([began_inside, touches.inside[leg]])
    number, start, end = stretches(hotspots, hotspot, legs, inside)

    position = np.concatenate([leg[number], still])
    start = np.concatenate([start, np.zeros(len(still))])
    end = np.concatenate([end, np.ones(len(still))])
    row = touches.row[position]
    since, lasting = track.time_us[row - 1], track.time_us[row] - track.time_us[row - 1]
    start_us = since + np.rint(start * lasting).astype(np.int64)
    end_us = since + np.rint(end * lasting).astype(np.int64)
    found = Clipped(position, start, end, start_us, end_us).take(start_us < end_us)
    return found.take(np.lexsort((found.start, found.position)))


def _on_legs(scene: Scene, clipped: Clipped, approaches: Approaches) -> Presences:
    track, touches, position = scene.track, scene.touches, clipped.position
    row = touches.row[position]
    at_start = clipped.start_us == track.time_us[row - 1]
    at_end = clipped.end_us == track.time_us[row]
    way_in, way_out = _legs_in_and_out(scene, clipped, approaches, at_start, at_end)
    opening, closing = begins(position), ends(position)
    enter = np.where(opening, approaches.enter_us[way_in], NEVER)
    exit_us = np.where(closing, approaches.exit_us[way_out], NEVER)
    key = 2 * touches.key[position]
    return Presences(
        hotspot=touches.hotspot[position],
        owner=track.owner[row],
        start_us=clipped.start_us,
        end_us=clipped.end_us,
        enter_us=np.where(enter == NEVER, clipped.start_us, np.minimum(enter, clipped.start_us)),
        exit_us=np.maximum(exit_us, clipped.end_us),
        way_m=np.where(closing, approaches.way_m[way_out], np.nan),
        pace_mps=np.where(closing, approaches.pace_mps[way_out], np.nan),
        before=row - 1,
        after=row,
        start_key=key - 1 - at_start,
        end_key=key - 1 + at_end,
        stay=np.full(len(position), -1),
    )


def _legs_in_and_out(
    scene: Scene, clipped: Clipped, approaches: Approaches, at_start: Bools, at_end: Bools
) -> tuple[Ints, Ints]:
    """Return the positions of the legs that lead in and out, for each stretch.

    A leg that reaches the hot spot at its very end, on the boundary, has no stretch inside, but is
    the way in to a stretch that begins there; so with the way out.
    """
    touches, position = scene.touches, clipped.position
    previous = touches.before(position)
    touched = at_start & (previous >= 0) & ~approaches.reached[previous]
    following = np.minimum(position + 1, len(touches.key) - 1)
    left = at_end & (touches.key[following] == touches.key[position] + 1)
    left &= touches.leg[following] & ~approaches.reached[following]
    return np.where(touched, previous, position), np.where(left, following, position)


def lone(scene: Scene) -> tuple[Ints, Bools]:
    """Return positions of inside fixes with no leg before, and which have none after either."""
    track, hotspots, touches = scene.track, scene.hotspots, scene.touches
    at = np.flatnonzero(touches.inside)
    hotspot, row = touches.hotspot[at], touches.row[at]
    first = ~(track.moving[row] | track.stands(hotspots, hotspot, row))
    at, hotspot, row = at[first], hotspot[first], row[first]
    following = np.minimum(row + 1, len(track) - 1)
    leads = track.moving[following] | track.stands(hotspots, hotspot, following)
    leads &= row < track.last[track.owner[row]]
    return at, ~leads


def _alone(scene: Scene) -> Presences:
    """Return the presences of length zero of fixes that no leg leads to or from."""
    track, touches = scene.track, scene.touches
    at, alone = lone(scene)
    at = at[alone]
    row, none = touches.row[at], np.full(len(at), np.nan)
    time, key = track.time_us[row], 2 * touches.key[at]
    return Presences(
        hotspot=touches.hotspot[at],
        owner=track.owner[row],
        start_us=time,
        end_us=time,
        enter_us=time,
        exit_us=time,
        way_m=none,
        pace_mps=none,
        before=row,
        after=row,
        start_key=key,
        end_key=key,
        stay=np.full(len(at), -1),
    )


def _valid(scene: Scene, found: Presences) -> Presences:
    """Cut presences to when their hot spot version counted; at a cut the crossing is plain."""
    since = scene.hotspots.valid_from_us[found.hotspot]
    until = scene.hotspots.valid_to_us[found.hotspot]
    start_us, end_us = np.maximum(found.start_us, since), np.minimum(found.end_us, until)
    kept = (start_us < end_us) | ((start_us == end_us) & (found.start_us == found.end_us))
    kept &= start_us < until
    late, early = start_us > found.start_us, end_us < found.end_us
    on_leg = 2 * (found.hotspot * len(scene.track) + found.before) + 1
    cut = replace(
        found,
        start_us=start_us,
        end_us=end_us,
        enter_us=np.where(late, start_us, np.maximum(found.enter_us, since)),
        exit_us=np.where(early, end_us, np.minimum(found.exit_us, until)),
        way_m=np.where(early, np.nan, found.way_m),
        start_key=np.where(late, on_leg, found.start_key),
        end_key=np.where(early, on_leg, found.end_key),
    )
    return cut.take(kept)
