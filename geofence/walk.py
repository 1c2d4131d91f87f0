"""Mean speed over a visit's fixes inside: tells foot from vehicle (rule 7 of the dwell method)."""

from dataclasses import dataclass

import numpy as np

from geofence.evidence import Held
from geofence.joining import Joined
from geofence.model import NEVER, Columns, Floats, Ints
from geofence.runs import begins, ends
from geofence.scene import Scene

STRIDE_US = 30_000_000  # it is taken over steps of at least so long


@dataclass(frozen=True, slots=True)
class Walk(Columns):
    """Per visit: what its mean speed is made of, and where the chain of steps has come to."""

    mm: Ints
    us: Ints
    anchor_us: Ints  # NEVER: no fix inside yet
    anchor_lon: Floats
    anchor_lat: Floats

    @property
    def speed_mps(self) -> Floats:
        """Metres per second over the whole chain; 0 if it has no step."""
        return self.mm * 1e3 / np.maximum(self.us, 1)


@dataclass(frozen=True, slots=True)
class _Places(Columns):
    """Fixes inside, by visit, then time; the anchor of a remembered chain first."""

    visit: Ints
    time_us: Ints
    lon: Floats
    lat: Floats
    x: Floats
    y: Floats


def walk(scene: Scene, joined: Joined, fixes: Held) -> Walk:
    """Return the chain of each visit: from its first fix inside always to the next 30 s later."""
    stays, size = scene.recalled.stays, len(joined.owner)
    old = np.flatnonzero(joined.stay >= 0)
    old = old[stays["anchor_us"][joined.stay[old]] != NEVER]
    places = _places(scene, joined, old, fixes)
    mm, us = np.zeros(size, np.int64), np.zeros(size, np.int64)
    mm[old], us[old] = (stays[name][joined.stay[old]] for name in ("walked_mm", "walked_us"))

    following = _strides(places.visit, places.time_us)
    first = np.flatnonzero(begins(places.visit))
    going = places.visit[first]
    at = np.full(size, -1)
    at[going] = first
    while len(going):  # a step of every visit that has one more to go
        onward = following[at[going]] >= 0
        going = going[onward]
        here, to = at[going], following[at[going]]
        step = np.hypot(places.x[to] - places.x[here], places.y[to] - places.y[here])
        mm[going] += np.rint(step * 1e3).astype(np.int64)
        us[going] += places.time_us[to] - places.time_us[here]
        at[going] = to

    come = Walk(mm, us, np.full(size, NEVER), np.full(size, np.nan), np.full(size, np.nan))
    some = at >= 0
    come.anchor_us[some] = places.time_us[at[some]]
    come.anchor_lon[some], come.anchor_lat[some] = places.lon[at[some]], places.lat[at[some]]
    return come


def _places(scene: Scene, joined: Joined, old: Ints, fixes: Held) -> _Places:
    track, stays, stay = scene.track, scene.recalled.stays, joined.stay[old]
    lon, lat = stays["anchor_lon"][stay], stays["anchor_lat"][stay]
    x, y = scene.hotspots.plane(joined.hotspot[old], lon, lat)
    anchors = _Places(old, stays["anchor_us"][stay], lon, lat, x, y)
    row = fixes.row
    new = _Places(fixes.visit, track.time_us[row], track.lon[row], track.lat[row], fixes.x, fixes.y)
    both = _Places.concat([anchors, new])
    return both.take(np.argsort(both.visit, kind="stable"))


def _strides(visit: Ints, time: Ints) -> Ints:
    """Return for each fix the next one of its visit a stride later or more, -1 if none."""
    # All visits on one rising clock, further apart than a stride.
    first = begins(visit)
    length = time[ends(visit)] - time[first] + STRIDE_US + 1
    shift = np.cumsum(length) - length - time[first]
    clock = time + shift[np.cumsum(first) - 1]
    following = np.searchsorted(clock, clock + STRIDE_US)
    capped = np.minimum(following, len(visit) - 1)
    there = (following < len(visit)) & (visit[capped] == visit)
    return np.where(there, following, -1)
