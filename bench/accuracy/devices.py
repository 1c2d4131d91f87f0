"""What a device makes of a path: a fix at each interval, off by an error that wanders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from shapely import Polygon

from accuracy.patrols import Patrol
from geofence.hotspots import Hotspots
from geofence.model import Bools, Fixes, Floats, Hotspot, Ints, Profile, microseconds
from simulator.devices import RADIUS_68, wander
from simulator.plane import Plane

START_US: Final = 1_767_268_800_000_000  # 2026-01-01 12:00 UTC
TELLS_ABOUT: Final = 0.12  # spread of the told accuracy, as a share of itself
ROWS: Final = 50
APART_LON, APART_LAT = 0.1, 0.06  # degrees, some 6.7 km: no patrol comes near another's hot spot


@dataclass(frozen=True, slots=True)
class Device:
    """One kind of device; each patrol carries one of its own.

    `error_m` is the deviation of the error on each axis. What it tells is the radius that holds
    68 % of such fixes, times `tells`; None: it tells nothing.
    """

    interval_s: float
    error_m: float
    tells: float | None = 1.0
    memory_s: tuple[float, float] = (10.0, 60.0)  # of the error: what it has lost after so long
    silent_s: float = 0.0  # without any fix, once on each patrol
    moves_m: float = 0.0  # silent until it has moved so far
    wild: float = 1.0  # how much larger the error is, untold, in a spell of four minutes
    profile: Profile = field(default_factory=Profile)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The fixes of all patrols by device and time; the device's number is the patrol's."""

    fixes: Fixes
    inside: Bools  # whether the fix, error and all, is in the patrol's hot spot


def hotspots(patrols: Sequence[Patrol]) -> Hotspots:
    """The patrols' hot spots, each by its patrol's number, as the engine wants them."""
    return Hotspots.prepare(
        [
            Hotspot(i, Polygon(np.column_stack(_plane(i).degrees(*patrol.place.ring.T))))
            for i, patrol in enumerate(patrols)
        ]
    )


def record(device: Device, patrols: Sequence[Patrol], seed: int) -> Recorded:
    """The fixes that a device of this kind makes on each of the patrols."""
    tracks = [_track(device, patrol, i, seed) for i, patrol in enumerate(patrols)]
    owner = np.repeat(np.arange(len(tracks)), [len(t.time_us) for t in tracks])
    fixes = Fixes(
        owner,
        np.concatenate([t.time_us for t in tracks]),
        np.concatenate([t.lon for t in tracks]),
        np.concatenate([t.lat for t in tracks]),
        np.concatenate([t.accuracy_m for t in tracks]),
    )
    return Recorded(fixes, np.concatenate([t.inside for t in tracks]))


def time_us(seconds: Floats) -> Ints:
    """Moments of a path on the clock of fixes."""
    return START_US + np.rint(seconds * 1e6).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Track:
    time_us: Ints
    lon: Floats
    lat: Floats
    accuracy_m: Floats
    inside: Bools


def _track(device: Device, patrol: Patrol, number: int, seed: int) -> _Track:
    kind = [microseconds(device.interval_s), microseconds(device.error_m)]
    rng = np.random.default_rng([seed, number, *kind])
    t_s = np.arange(rng.uniform(0.0, device.interval_s), patrol.path.t_s[-1], device.interval_s)
    t_s = t_s.round(3)
    error = wander(t_s, rng.uniform(*device.memory_s), rng) * device.error_m
    told = RADIUS_68 * device.error_m * rng.lognormal(0.0, TELLS_ABOUT, len(t_s))
    error[_within(t_s, *_spell(patrol, 240.0, rng))] *= device.wild
    x, y = patrol.path.at(t_s)
    x, y = x + error.real, y + error.imag
    keep = ~_within(t_s, *_spell(patrol, device.silent_s, rng))
    keep[keep] &= _moved(x[keep], y[keep], device.moves_m)
    t_s, x, y, told = t_s[keep], x[keep], y[keep], told[keep]
    accuracy_m = np.full(len(t_s), np.nan) if device.tells is None else told * device.tells
    return _Track(time_us(t_s), *_plane(number).degrees(x, y), accuracy_m, patrol.place.holds(x, y))


def _spell(patrol: Patrol, long_s: float, rng: np.random.Generator) -> tuple[float, float]:
    """A stretch of time of the given length that begins at any moment around the patrol."""
    first = patrol.stays[0][0] if patrol.stays else 0.0
    last = patrol.stays[-1][1] if patrol.stays else patrol.path.t_s[-1]
    start = rng.uniform(first - long_s, last)
    return start, start + long_s


def _within(t_s: Floats, start: float, end: float) -> Bools:
    found: Bools = (t_s >= start) & (t_s < end)
    return found


def _moved(x: Floats, y: Floats, metres: float) -> Bools:
    """Which fixes a device sends that is silent until it is `metres` from the last one it sent."""
    keep = np.ones(len(x), np.bool_)
    if metres == 0.0:
        return keep
    last = 0
    for row in range(1, len(x)):
        keep[row] = np.hypot(x[row] - x[last], y[row] - y[last]) >= metres
        last = row if keep[row] else last
    return keep


def _plane(number: int) -> Plane:
    return Plane(-5.0 + APART_LON * (number % ROWS), 51.0 + APART_LAT * (number // ROWS))
