"""The figures of one device over a span."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.observing.clock import Clock, clock
from app.observing.gaps import Gap, watch
from app.observing.speed import speed_ratio
from app.observing.track import SECOND_US, Saying, Track
from geofence.model import Bools, Floats, Profile

MEASURABLE: Final = 0.8
"""A device of which less of its time was observed is not measurable."""
_DOUBLED_S: Final = 0.5
_GAP: Final = 2.5  # times the median: as the dwell method has the largest gap by the interval


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, metres, microseconds since the epoch; None where there is nothing to tell it by.

    `interval_s` and `interval_90_s` are median and 90 % of the times between usable fixes;
    `interval_by_time_s` is the one that half of the time, not of the fixes, lies in or below, gaps
    left out: what a moment taken at random meets, such as that of entering. `doubled` counts fixes
    within half a second of the one before, as of a device that sends by two ways.
    `stale` is the share of positions that the device calls old, or cannot date; of the others
    `accuracy_unknown` and `accuracy_over` are the shares that tell no accuracy, and one that the
    engine does not take.
    """

    fixes: int
    first_us: int | None
    last_us: int | None
    interval_s: float | None
    interval_90_s: float | None
    interval_by_time_s: float | None
    tracked_us: int
    observed_us: int
    gaps: Sequence[Gap]
    stale: float | None
    accuracy_m: float | None
    accuracy_90_m: float | None
    accuracy_unknown: float | None
    accuracy_over: float | None
    clock: Clock | None
    speed_ratio: float | None
    doubled: int

    @property
    def observability(self) -> float | None:
        """The share of tracked time that was observed; None: nothing was tracked, not zero."""
        return self.observed_us / self.tracked_us if self.tracked_us else None

    @property
    def measurable(self) -> bool | None:
        """Whether enough was observed to say something of its time; None: nothing was tracked."""
        share = self.observability
        return None if share is None else share >= MEASURABLE


def figures(track: Track, profile: Profile, sayings: Sequence[Saying] = ()) -> Figures:
    """Everything that the fixes of one device tell; `sayings` are by time."""
    watched = watch(track, profile, sayings)
    fresh = track.take(~track.stale)
    known = fresh.accuracy_m[np.isfinite(fresh.accuracy_m) & (fresh.accuracy_m >= 0)]
    intervals = watched.intervals_s
    return Figures(
        fixes=len(track),
        first_us=int(track.time_us[0]) if len(track) else None,
        last_us=int(track.time_us[-1]) if len(track) else None,
        interval_s=_percentile(intervals, 50),
        interval_90_s=_percentile(intervals, 90),
        interval_by_time_s=_by_time(intervals, profile.max_gap_us / SECOND_US),
        tracked_us=watched.tracked_us,
        observed_us=watched.observed_us,
        gaps=watched.gaps,
        stale=_share(track.stale),
        accuracy_m=_percentile(known, 50),
        accuracy_90_m=_percentile(known, 90),
        accuracy_unknown=1 - len(known) / len(fresh) if len(fresh) else None,
        accuracy_over=_share(fresh.vague(profile.max_accuracy_m)),
        clock=clock(track),
        speed_ratio=speed_ratio(track),
        doubled=int((np.diff(fresh.time_us) < _DOUBLED_S * SECOND_US).sum()),
    )


def _percentile(values: Floats, percent: float) -> float | None:
    return float(np.percentile(values, percent)) if len(values) else None


def _share(which: Bools) -> float | None:
    return float(which.mean()) if len(which) else None


def _by_time(intervals: Floats, max_gap_s: float) -> float | None:
    if not len(intervals):
        return None
    # One long gap is a gap, and no interval at which a device sends.
    usual = intervals[intervals <= max(max_gap_s, _GAP * float(np.median(intervals)))]
    ordered = np.sort(usual)
    passed = np.cumsum(ordered)
    return float(ordered[np.searchsorted(passed, passed[-1] / 2)])
