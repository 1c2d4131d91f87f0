"""What the fixes inside say of each visit: how many they are, how long surely (rules 4, 6)."""

from dataclasses import dataclass

import numpy as np

from geofence.joining import Joined
from geofence.model import NEVER, Bools, Columns, Floats, Ints, Stretches
from geofence.presence import Presences
from geofence.runs import among, ends, unite
from geofence.scene import Scene


@dataclass(frozen=True, slots=True)
class Held(Columns):
    """Fixes inside that belong to visits and were not counted before, by visit, then time."""

    visit: Ints
    row: Ints
    x: Floats
    y: Floats
    sure: Bools


def held(scene: Scene, presences: Presences, visit: Ints) -> Held:
    """Return the fixes inside within a presence; `visit` [presences] numbers the visits."""
    recalled, touches = scene.recalled, scene.touches
    counted = recalled.last_us() == scene.track.time_us[recalled.row]
    old = (recalled.hotspot * len(scene.track) + recalled.row)[counted]
    at = np.flatnonzero(touches.inside)
    at = at[~among(touches.key[at], old)]
    key = 2 * touches.key[at]
    presence = np.searchsorted(presences.start_key, key, "right") - 1
    at, key, presence = at[presence >= 0], key[presence >= 0], presence[presence >= 0]
    within = presences.end_key[presence] >= key
    at, presence = at[within], presence[within]
    return Held(visit[presence], touches.row[at], touches.x[at], touches.y[at], touches.sure[at])


@dataclass(frozen=True, slots=True)
class Sure(Columns):
    """Per visit: how far its fixes surely inside have come."""

    last_us: Ints  # NEVER: none yet
    torn: Bools  # no legs all the way from then to the track's end, or too long ago to matter
    left: Bools  # surely outside since then


@dataclass(frozen=True, slots=True)
class _Sightings(Columns):
    """Fixes surely inside, by visit, then time; a remembered one stands at its device's anchor."""

    visit: Ints
    row: Ints
    time_us: Ints
    torn: Bools  # between a remembered one and the anchor; of others False
    left: Bools


def sure_spans(scene: Scene, joined: Joined, fixes: Held) -> tuple[Stretches, Sure]:
    """Return the stretches between fixes surely inside, by visit, and how far they have come."""
    track = scene.track
    seen = _sightings(scene, joined, fixes)
    pair = np.flatnonzero(~ends(seen.visit))
    one, other = seen.take(pair), seen.take(pair + 1)
    hotspot, owner = joined.hotspot[one.visit], joined.owner[one.visit]
    close = track.time_us[other.row - 1] == one.time_us  # one leg joins them, however long
    close |= other.time_us - one.time_us <= track.rules.doubt_gap_us[owner]
    at = np.flatnonzero(close & ~one.torn & ~one.left)
    hotspot, row, to = hotspot[at], one.row[at], other.row[at]
    whole = ~scene.nearby.left_between(hotspot, row + 1, to - 1)
    whole &= track.linked(scene.hotspots, hotspot, row, to)
    at = at[whole]
    spans = _with_remembered(scene, joined, one.visit[at], one.time_us[at], other.time_us[at])
    return spans, _how_far(scene, joined, seen)


def _sightings(scene: Scene, joined: Joined, fixes: Held) -> _Sightings:
    stays = scene.recalled.stays
    old = np.flatnonzero(joined.stay >= 0)
    old = old[stays["sure_us"][joined.stay[old]] != NEVER]
    stay = joined.stay[old]
    new = fixes.take(fixes.sure)
    no = np.zeros(len(new.visit), np.bool_)
    remembered = _Sightings(
        old,
        scene.recalled.row[stay],
        stays["sure_us"][stay],
        stays["sure_torn"][stay],
        stays["sure_left"][stay],
    )
    fresh = _Sightings(new.visit, new.row, scene.track.time_us[new.row], no, no)
    both = _Sightings.concat([remembered, fresh])
    return both.take(np.lexsort((both.time_us, both.visit)))


def _with_remembered(
    scene: Scene, joined: Joined, visit: Ints, start: Ints, end: Ints
) -> Stretches:
    """Return stretches with the last ones remembered of the same visits, touching ones united."""
    old = np.flatnonzero(joined.stay >= 0)
    old = old[scene.recalled.stays["sure_from_us"][joined.stay[old]] != NEVER]
    stays, stay = scene.recalled.stays, joined.stay[old]
    visit = np.concatenate([old, visit])
    start = np.concatenate([stays["sure_from_us"][stay], start])
    end = np.concatenate([stays["sure_to_us"][stay], end])
    order = np.lexsort((start, visit))
    return Stretches(*unite(visit[order], start[order], end[order]))


def _how_far(scene: Scene, joined: Joined, seen: _Sightings) -> Sure:
    """Return each visit's last fix surely inside, and what was seen from it to the track's end."""
    track, size = scene.track, len(joined.owner)
    last = seen.take(ends(seen.visit))
    hotspot, owner = joined.hotspot[last.visit], joined.owner[last.visit]
    end = track.last[owner]
    soon = track.time_us[end] - last.time_us <= track.rules.doubt_gap_us[owner]
    linked = np.zeros(len(owner), np.bool_)
    at = np.flatnonzero(soon & ~last.torn)
    linked[at] = track.linked(scene.hotspots, hotspot[at], last.row[at], end[at])
    sure = Sure(np.full(size, NEVER), np.zeros(size, np.bool_), np.zeros(size, np.bool_))
    sure.last_us[last.visit] = last.time_us
    sure.torn[last.visit] = ~linked
    sure.left[last.visit] = last.left | scene.nearby.left_between(hotspot, last.row + 1, end)
    return sure
