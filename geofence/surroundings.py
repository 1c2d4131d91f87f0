"""When devices were close to hot spots, but not in them."""

from dataclasses import dataclass

import numpy as np

from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import Columns, Ints
from geofence.presence import clip
from geofence.runs import unite
from geofence.scene import Scene
from geofence.track import Tail, Track


@dataclass(frozen=True, slots=True)
class Surroundings(Columns):
    """Stretches of time of devices near hot spots, disjoint, by hot spot version, device, start."""

    device: Ints
    hotspot: Ints
    start_us: Ints
    end_us: Ints


@dataclass(frozen=True, slots=True)
class _Inside(Columns):
    """Stretches inside hot spot versions; `pair` numbers version and device together."""

    pair: Ints
    start_us: Ints
    end_us: Ints


def surroundings(track: Track, hotspots: Hotspots, wider: Hotspots) -> Surroundings:
    """Return when the devices of `track` were outside `hotspots` but inside the `wider` ones.

    `wider` are the same versions, each `grown`. Legs count as for presences (rules 2 and 3 of the
    dwell method): moving ones by exact intersection, still ones by where they began; crossings are
    rounded to the microsecond. `track` has nothing remembered before it.
    """
    pair, start_us, end_us = _without(_inside(track, wider), _inside(track, hotspots))
    version, owner = np.divmod(pair, max(len(track.device), 1))
    return Surroundings(track.device[owner], hotspots.id[version], start_us, end_us)


def _inside(track: Track, hotspots: Hotspots) -> _Inside:
    """Return the stretches of legs inside versions while these counted."""
    scene = Scene.of(track, hotspots, Memory.far(Tail.empty(track.device)))
    clipped = clip(scene)
    hotspot, row = scene.touches.hotspot[clipped.position], scene.touches.row[clipped.position]
    pair = hotspot * len(track.device) + track.owner[row]
    start_us = np.maximum(clipped.start_us, hotspots.valid_from_us[hotspot])
    end_us = np.minimum(clipped.end_us, hotspots.valid_to_us[hotspot])
    return _Inside(pair, start_us, end_us).take(start_us < end_us)


def _without(wide: _Inside, inner: _Inside) -> tuple[Ints, Ints, Ints]:
    """Return the stretches of `wide` that no stretch of `inner` of the same pair covers."""
    both = np.concatenate([wide.pair, wide.pair, inner.pair, inner.pair])
    moments = np.concatenate([wide.start_us, wide.end_us, inner.start_us, inner.end_us])
    one, other = np.ones(len(wide.pair), np.int64), np.ones(len(inner.pair), np.int64)
    order = np.lexsort((moments, both))
    pair, moment = both[order], moments[order]
    in_wide = np.cumsum(np.concatenate([one, -one, 0 * other, 0 * other])[order])
    in_inner = np.cumsum(np.concatenate([0 * one, 0 * one, other, -other])[order])
    # After the last moment of a pair it is in neither: none reaches into the next one.
    near = (in_wide > 0) & (in_inner == 0)
    at = np.flatnonzero(near[:-1] & (moment[1:] > moment[:-1]))
    return unite(pair[at], moment[at], moment[at + 1])
