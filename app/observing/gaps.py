"""Silences of a device: which of them leave its time unobserved, and what explains them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from app.observing.track import SECOND_US, Saying, Track
from geofence.model import Bools, Floats, Ints, Profile

OFF_DUTY_US: Final = 4 * 3600 * SECOND_US
"""A longer silence ends one turn of duty and begins another: it is no time that was tracked."""
OFF_DUTY: Final = "so long that it was hardly on duty"

# What a device said, in the order in which one explains a silence better than the next.
_WORDS: Final = {
    "power_off": "it was switched off",
    "power_on": "it was switched off, and on again",
    "gps_lost": "it had lost GPS",
    "gps_back": "it had no GPS",
    "service_lost": "it had lost its network",
    "service_back": "it had no network",
    "offline": "it was offline",
    "online": "it was offline, and came back",
    "battery_low": "its battery was low",
}
_BATTERY_US: Final = 3600 * SECOND_US
"""So long before a silence a low battery still explains it."""


class Gap(NamedTuple):
    """A silence between two fixes, microseconds UTC, and what explains it; None: nothing does."""

    start_us: int
    end_us: int
    why: str | None

    @property
    def length_us(self) -> int:
        """How long it was."""
        return self.end_us - self.start_us


@dataclass(frozen=True, slots=True)
class Watch:
    """How much of a device's time was observed (microseconds), its intervals and its gaps.

    `tracked_us` is the time from its first fix to its last but for silences longer than
    `OFF_DUTY_US`. `intervals_s` are the times between consecutive usable fixes of turns of duty
    that are no still leg of the dwell method.
    """

    tracked_us: int
    observed_us: int
    intervals_s: Floats
    gaps: Sequence[Gap]


def watch(track: Track, profile: Profile, sayings: Sequence[Saying]) -> Watch:
    """Tells observed time from gaps by the legs of the dwell method (rules 1 and 2).

    `sayings` are by time; those a little before and after the track help to explain its gaps.
    """
    usable = track.take(~track.vague(profile.max_accuracy_m))
    length_us = np.diff(usable.time_us)
    still = _still(usable, length_us, profile)
    observed = (length_us <= profile.max_gap_us) | still
    on_duty = length_us <= OFF_DUTY_US
    return Watch(
        tracked_us=int(length_us[on_duty].sum()),
        observed_us=int(length_us[observed & on_duty].sum()),
        intervals_s=length_us[on_duty & ~still] / SECOND_US,
        gaps=_gaps(usable.time_us, ~observed, profile, sayings),
    )


def _still(track: Track, length_us: Ints, profile: Profile) -> Bools:
    """Which legs are still legs: of a device that sends nothing while it stands."""
    within = (length_us > profile.max_gap_us) & (length_us <= profile.still_gap_us)
    return np.asarray(within & (track.moved_m() <= profile.still_radius_m), np.bool_)


def _gaps(
    time_us: Ints, unobserved: Bools, profile: Profile, sayings: Sequence[Saying]
) -> list[Gap]:
    starts, ends = time_us[:-1][unobserved].tolist(), time_us[1:][unobserved].tolist()
    # Whoever is switched off says so before or after the last fix, by up to an interval.
    slack_us = round(max(profile.interval_s, 60.0) * SECOND_US)
    times = np.array([saying.time_us for saying in sayings], np.int64)
    found = []
    for start, end in zip(starts, ends, strict=True):
        first, last = np.searchsorted(times, [start - _BATTERY_US, end + slack_us]).tolist()
        heard = {
            saying.kind
            for saying in sayings[first:last]
            if saying.kind == "battery_low" or saying.time_us >= start - slack_us
        }
        found.append(Gap(start, end, _why(heard, end - start)))
    return found


def _why(heard: set[str], length_us: int) -> str | None:
    for kind, words in _WORDS.items():
        if kind in heard:
            return words
    return OFF_DUTY if length_us > OFF_DUTY_US else None
