"""Of which minutes it is known where a device was, hour by hour."""

from dataclasses import dataclass

import numpy as np

from geofence.geodesy import steps_m
from geofence.model import HOUR_US, MINUTE_US, Columns, Fixes, Ints, Stretches
from geofence.runs import expand, unite
from geofence.track import Track, legs


@dataclass(frozen=True, slots=True)
class Hours(Columns):
    """One row a device and hour (its start, microseconds UTC), by both; others have nothing.

    `fixes` are all that there are, usable or not. Bit n of `observed` tells whether the device was
    observed all through minute n of the hour.
    """

    device: Ints
    hour_us: Ints
    fixes: Ints
    observed: Ints


def hours(fixes: Fixes, track: Track) -> Hours:
    """What `fixes` of any devices, no two of one device and time, tell of each hour.

    `track` is the one that they make.
    """
    whose, minute = _whole_minutes(observed(track))
    device = np.concatenate([track.device[whose], fixes.device])
    hour = np.concatenate([minute // 60, fixes.time_us // HOUR_US])
    # One number for each device and hour, in the order of both; no fix is older than the epoch.
    key = device * (hour.max(initial=0) + 1) + hour
    rows, first, at = np.unique(key, return_index=True, return_inverse=True)
    bits = np.zeros(len(rows), np.int64)
    np.bitwise_or.at(bits, at[: len(minute)], np.left_shift(1, minute % 60))
    count = np.bincount(at[len(minute) :], minlength=len(rows)).astype(np.int64)
    return Hours(device[first], hour[first] * HOUR_US, count, bits)


def observed(track: Track) -> Stretches:
    """When each device (its row in `track`) was observed: on legs of the dwell method (rule 2).

    Of a hot spot's plane there is none here: still legs are measured where the device stands. From
    fix to fix it is observed on a moving leg though nobody kept where it was.
    """
    moving, pausing = legs(track.owner, track.time_us, track.rules)
    moved_m = np.concatenate([np.zeros(min(len(track), 1)), steps_m(track.lon, track.lat)])
    still = pausing & (moved_m <= track.rules.still_radius_m[track.owner])
    leg = np.flatnonzero(moving | still)
    return Stretches(*unite(track.owner[leg], track.time_us[leg - 1], track.time_us[leg]))


def _whole_minutes(seen: Stretches) -> tuple[Ints, Ints]:
    """The minutes since the epoch that stretches hold from beginning to end, and of whom."""
    first, end = -(-seen.start_us // MINUTE_US), seen.end_us // MINUTE_US
    which, step = expand(np.maximum(end - first, 0))
    return seen.of[which], first[which] + step
