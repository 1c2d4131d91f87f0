"""Remembered visits that go on in a batch, joined to the presences in it."""

from dataclasses import replace

import numpy as np

from geofence.approach import Approaches, leave
from geofence.model import NEVER, Bools, Floats, Ints
from geofence.presence import Presences
from geofence.scene import Scene


def go_on(scene: Scene, approaches: Approaches, new: Presences) -> Presences:
    """Return the presences of remembered open visits and the new ones, in order."""
    recalled = scene.recalled
    stay = recalled.find(new.hotspot, new.owner)
    # A visit may begin at the anchor, and the leg that led there be known to the memory only.
    anchor = scene.track.anchor[new.owner]
    at = np.flatnonzero((stay >= 0) & (new.start_us == scene.track.time_us[anchor]))
    touched = recalled.stays["touch_enter_us"][stay[at]]
    enter = new.enter_us.copy()
    enter[at] = np.where(touched == NEVER, enter[at], touched)
    both = Presences.concat([_remembered(scene, approaches), replace(new, enter_us=enter)])
    return both.take(np.lexsort((both.start_us, both.owner, both.hotspot)))


def _remembered(scene: Scene, approaches: Approaches) -> Presences:
    recalled, track = scene.recalled, scene.track
    mine = np.flatnonzero(recalled.stays["visit"])
    exit_us, way, pace = _exits(scene, approaches)
    stays, row = recalled.stays, recalled.row[mine]
    start, end = stays["inside_from_us"][mine], stays["inside_to_us"][mine]
    key = 2 * (recalled.hotspot[mine] * len(track) + row)
    return Presences(
        hotspot=recalled.hotspot[mine],
        owner=recalled.owner[mine],
        start_us=start,
        end_us=end,
        enter_us=stays["enter_us"][mine],
        exit_us=exit_us[mine],
        way_m=way[mine],
        pace_mps=pace[mine],
        before=row,
        after=row + 1,
        start_key=key - 1,
        end_key=key - (end != track.time_us[row]),
        stay=mine,
    )


def _exits(scene: Scene, approaches: Approaches) -> tuple[Ints, Floats, Floats]:
    """Return exit, way and pace of remembered stays, now that more of the track is known."""
    recalled, stays = scene.recalled, scene.recalled.stays
    exit_us, last_us = stays["exit_us"].copy(), recalled.last_us()
    way, pace = np.full(len(stays), np.nan), np.full(len(stays), np.nan)

    waited = np.flatnonzero(stays["visit"] & ~np.isnan(stays["exit_way_m"]))
    to_go, speed = stays["exit_way_m"][waited], stays["exit_pace_mps"][waited]
    hotspot = recalled.hotspot[waited]
    paced, waits = leave(scene, hotspot, recalled.row[waited], to_go, speed)
    exit_us[waited] = np.maximum(paced, last_us[waited])
    way[waited[waits]], pace[waited[waits]] = to_go[waits], speed[waits]

    # It ended at the anchor, inside, and the leg from there touches no more than that point.
    ended = np.flatnonzero(stays["visit"] & (last_us == scene.track.time_us[recalled.row]))
    position, touched = _leg_from_anchor(scene, approaches, ended)
    ended, position = ended[touched], position[touched]
    exit_us[ended] = np.maximum(approaches.exit_us[position], last_us[ended])
    way[ended], pace[ended] = approaches.way_m[position], approaches.pace_mps[position]
    return np.minimum(exit_us, scene.hotspots.valid_to_us[recalled.hotspot]), way, pace


def _leg_from_anchor(scene: Scene, approaches: Approaches, stay: Ints) -> tuple[Ints, Bools]:
    """Return positions of the legs from the anchors of `stay`, and which touch but a point."""
    touches, recalled = scene.touches, scene.recalled
    if not len(touches.key):
        return np.zeros(len(stay), np.int64), np.zeros(len(stay), np.bool_)
    key = recalled.hotspot[stay] * len(scene.track) + recalled.row[stay] + 1
    position = np.minimum(np.searchsorted(touches.key, key), len(touches.key) - 1)
    there = (touches.key[position] == key) & touches.leg[position]
    return position, there & ~approaches.reached[position]
