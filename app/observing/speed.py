"""Whether a device tells its speed in the unit that its format has."""

from typing import Final, NamedTuple

import numpy as np

from app.observing.track import SECOND_US, Track
from geofence.model import Floats

FEWEST_LEGS: Final = 20
"""Of fewer nothing can be said."""


class _Pace(NamedTuple):
    """Over which legs what was moved is known: about `leg_s` long, up to `longest_s`, fast enough.

    Whoever drives turns within half a minute; of whoever walks GPS error is a large part of what
    was moved in less.
    """

    leg_s: float
    longest_s: float
    slowest_mps: float


_WALKING: Final = _Pace(30.0, 45.0, 0.7)
_DRIVING: Final = _Pace(10.0, 30.0, 2.0)
_DRIVES_MPS: Final = 4.0  # the median of what moves
_TOLERANCE: Final = 0.1

_MPS_IN: Final = {"knots": 1852 / 3600, "km/h": 1 / 3.6, "mph": 0.44704}


def speed_ratio(track: Track) -> float | None:
    """The median of speed told / distance over time; None where it cannot be known.

    Only of legs that are short and fast enough, with the speed told all along.
    """
    telling = track.take(np.isfinite(track.speed_mps) & (track.speed_mps >= 0))
    told_mps, moved_mps = _legs(telling, _WALKING)
    if len(moved_mps) and np.median(moved_mps) >= _DRIVES_MPS:
        told_mps, moved_mps = _legs(telling, _DRIVING)
    if len(moved_mps) < FEWEST_LEGS:
        return None
    return float(np.median(told_mps / moved_mps))


def _legs(track: Track, pace: _Pace) -> tuple[Floats, Floats]:
    """Speed as it was told and as it was moved (m/s), [legs], of those that the pace asks for."""
    leg_s = np.diff(track.time_us) / SECOND_US
    sums_mps = track.speed_mps[1:] + track.speed_mps[:-1]
    told_m = np.concatenate([[0.0], np.cumsum(leg_s * sums_mps / 2)])
    # The first fix of each stretch of time is an end of a leg.
    _, ends = np.unique(track.time_us // round(pace.leg_s * SECOND_US), return_index=True)
    length_s = np.diff(track.time_us[ends]) / SECOND_US
    told_mps = np.diff(told_m[ends]) / length_s
    moved_mps = track.take(ends).moved_m() / length_s
    good = (length_s >= 1.0) & (length_s <= pace.longest_s)
    good &= (moved_mps >= pace.slowest_mps) & (told_mps > 0)
    return told_mps[good], moved_mps[good]


def unit_slip(ratio: float) -> str | None:
    """What a ratio says of the unit; None where it is about 1 or nothing that can be named."""
    for unit, mps in _MPS_IN.items():
        if abs(ratio * mps - 1) <= _TOLERANCE:
            return f"it tells {ratio:.1f} times its speed: {unit} are taken for m/s"
        if abs(ratio / mps - 1) <= _TOLERANCE:
            return f"it tells {ratio:.2f} of its speed: m/s are taken for {unit}"
    return None
