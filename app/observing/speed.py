"""Whether a device tells its speed in the unit that its format has."""

from typing import Final

import numpy as np

from app.observing.track import SECOND_US, Track

FEWEST_LEGS: Final = 20
"""Of fewer nothing can be said."""
_LONGEST_LEG_S: Final = 30.0  # on longer ones nobody goes straight
_SLOWEST_MPS: Final = 2.0  # below, GPS error is most of what was moved
_TOLERANCE: Final = 0.1

_MPS_IN: Final = {"knots": 1852 / 3600, "km/h": 1 / 3.6, "mph": 0.44704}


def speed_ratio(track: Track) -> float | None:
    """The median of speed told / distance over time; None where it cannot be known.

    Only of legs that are short and fast enough, and told at both ends.
    """
    length_s = np.diff(track.time_us) / SECOND_US
    moved_mps = track.moved_m() / np.maximum(length_s, 1e-6)
    told_mps = (track.speed_mps[1:] + track.speed_mps[:-1]) / 2
    good = (length_s >= 1.0) & (length_s <= _LONGEST_LEG_S) & (moved_mps >= _SLOWEST_MPS)
    good &= np.isfinite(told_mps) & (told_mps > 0)
    if good.sum() < FEWEST_LEGS:
        return None
    return float(np.median(told_mps[good] / moved_mps[good]))


def unit_slip(ratio: float) -> str | None:
    """What a ratio says of the unit; None where it is about 1 or nothing that can be named."""
    for unit, mps in _MPS_IN.items():
        if abs(ratio * mps - 1) <= _TOLERANCE:
            return f"it tells {ratio:.1f} times its speed: {unit} are taken for m/s"
        if abs(ratio / mps - 1) <= _TOLERANCE:
            return f"it tells {ratio:.2f} of its speed: m/s are taken for {unit}"
    return None
