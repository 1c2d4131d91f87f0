"""Presences joined into visits (rule 4), and the interval that bounds each visit (rule 6)."""

from dataclasses import dataclass

import numpy as np

from geofence.model import NEVER, Bools, Columns, Ints
from geofence.presence import Presences
from geofence.runs import begins, ends
from geofence.scene import Scene


@dataclass(frozen=True, slots=True)
class Joined(Columns):
    """Visits in the making, by hot spot, device and time; all columns of one length."""

    first: Ints  # first presence
    last: Ints  # last presence
    hotspot: Ints
    owner: Ints
    stay: Ints  # the remembered stay that it continues; -1: it is new
    final: Bools  # the last one of its device there


def join(scene: Scene, presences: Presences) -> tuple[Joined, Ints]:
    """Return visits, and of each presence the number of its visit."""
    fresh = begins(presences.hotspot, presences.owner)
    later = np.flatnonzero(~fresh)
    fresh[later] = ~_one_visit(scene, presences, later)
    visit = np.cumsum(fresh) - 1
    first, last = np.flatnonzero(fresh), np.flatnonzero(ends(visit))
    hotspot, owner, stay = (
        column[first] for column in (presences.hotspot, presences.owner, presences.stay)
    )
    joined = Joined(first, last, hotspot, owner, stay, ends(hotspot, owner))
    return joined, visit


def _one_visit(scene: Scene, presences: Presences, at: Ints) -> Bools:
    """Say which presences continue the visit of the one before."""
    earlier = presences.take(at - 1)
    rules = scene.track.rules
    absence = presences.start_us[at] - earlier.end_us
    short = absence <= rules.merge_gap_us[earlier.owner]
    doubtful = absence <= rules.doubt_gap_us[earlier.owner]
    one = absence <= 0
    asked = np.flatnonzero(~one & (short | doubtful))
    torn, left = absences(scene, earlier.take(asked), presences.before[at[asked]])
    one[asked] = ~torn & (short[asked] | ~left)
    return np.asarray(one, np.bool_)


def absences(scene: Scene, earlier: Presences, to: Ints) -> tuple[Bools, Bools]:
    """Say if legs are missing, and if a fix is surely outside, from presences to rows `to`; [m]."""
    old = earlier.stay >= 0
    row = np.where(old, earlier.before, earlier.after)
    linked = scene.track.linked(scene.hotspots, earlier.hotspot, row, np.maximum(to, row))
    left = scene.nearby.left_between(earlier.hotspot, earlier.after, to)
    torn = ~linked
    stays, stay = scene.recalled.stays, earlier.stay[old]
    torn[old] |= stays["torn"][stay]
    left[old] |= stays["left"][stay]
    return torn, left


@dataclass(frozen=True, slots=True)
class Outer(Columns):
    """The outer intervals of visits."""

    from_us: Ints
    to_us: Ints
    enter_seen: Bools
    exit_seen: Bools


def outer(scene: Scene, joined: Joined, presences: Presences) -> Outer:
    """Return what fixes surely outside bound visits with, cut to their hot spot's version."""
    track, stay = scene.track, joined.stay
    begin_us = scene.last_out(joined.hotspot, joined.owner, presences.before[joined.first])
    enter_seen = begin_us != NEVER
    begin_us = np.where(
        enter_seen, begin_us, track.first_us[joined.owner] - track.rules.max_gap_us[joined.owner]
    )
    last = presences.take(joined.last)
    end_us, exit_seen = scene.next_out(joined.hotspot, joined.owner, last.after)
    old, ending = np.flatnonzero(stay >= 0), np.flatnonzero(last.stay >= 0)
    stays = scene.recalled.stays
    begin_us[old] = stays["outer_from_us"][stay[old]]
    enter_seen[old] = stays["enter_seen"][stay[old]]
    gone = ending[stays["left"][last.stay[ending]]]
    end_us[gone], exit_seen[gone] = stays["outer_to_us"][last.stay[gone]], True

    since = scene.hotspots.valid_from_us[joined.hotspot]
    enter_seen |= (begin_us <= since) & (track.first_us[joined.owner] <= since)
    return Outer(np.maximum(begin_us, since), end_us, enter_seen, exit_seen)
