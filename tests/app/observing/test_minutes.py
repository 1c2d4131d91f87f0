from itertools import pairwise

import numpy as np
import worlds
from fuzz import examples
from hypothesis import given
from worlds import SECOND, track

from app.observing.minutes import hours
from geofence.model import HOUR_US, MINUTE_US, Fixes, Profile
from geofence.track import alone

# On the full hour, so that minutes are counted by hand.
NOON_US = 1_772_452_800_000_000


def at(fixes: Fixes, start_us: int = NOON_US) -> Fixes:
    """The same fixes with seconds counted from another moment."""
    shifted = fixes.time_us - worlds.START_US + start_us
    return Fixes(fixes.device, shifted, fixes.lon, fixes.lat, fixes.accuracy_m)


def told(
    fixes: Fixes, profile: Profile | None = None
) -> dict[tuple[int, int], tuple[int, set[int]]]:
    """By device and hour since noon: how many fixes, and the minutes observed."""
    found = hours(fixes, alone(fixes, profile or Profile()))
    rows = zip(*(getattr(found, name).tolist() for name in found.names()), strict=True)
    return {
        (device, (hour - NOON_US) // HOUR_US): (n, {m for m in range(64) if bits >> m & 1})
        for device, hour, n, bits in rows
    }


def test_a_minute_counts_that_was_observed_from_beginning_to_end() -> None:
    # From 12:00:30 to 12:02:30, and from 12:05 to 12:07.
    fixes = at(track(*((s, 0, 0) for s in (30, 90, 150, 300, 360, 420))))
    assert told(fixes, Profile(max_gap_s=60.0)) == {(1, 0): (6, {1, 5, 6})}


def test_hours_follow_each_other_without_a_seam() -> None:
    fixes = at(track((3540, 0, 0), (3660, 0, 0)))
    assert told(fixes) == {(1, 0): (1, {59}), (1, 1): (1, {0})}


def test_time_longer_than_the_largest_gap_was_not_observed() -> None:
    assert told(at(track((0, 0, 0), (121, 0, 0)))) == {(1, 0): (2, set())}
    assert told(at(track((0, 0, 0), (120, 0, 0)))) == {(1, 0): (2, {0, 1})}


def test_a_device_that_is_silent_when_still_was_observed_if_it_did_not_go_away() -> None:
    fixes = at(track((0, 0, 0), (600, 20, 20), (1200, 60, 20), (4800, 60, 20)))
    silent = Profile(reports_when_still=False)
    assert told(fixes, silent) == {(1, 0): (3, set(range(10))), (1, 1): (1, set())}


def test_an_hour_without_a_fix_is_observed_where_a_leg_leads_through_it() -> None:
    fixes = at(track((3000, 0, 0), (3600 * 2 + 600, 0, 0)))
    assert told(fixes, Profile(max_gap_s=8000.0)) == {
        (1, 0): (1, set(range(50, 60))),
        (1, 1): (0, set(range(60))),
        (1, 2): (1, set(range(10))),
    }


def test_inexact_fixes_are_counted_and_observe_nothing() -> None:
    rough = at(track((60, 0, 0), accuracy_m=300.0))
    fixes = Fixes.concat([rough, at(track((0, 0, 0), (121, 0, 0)))])
    assert told(fixes) == {(1, 0): (3, set())}


def test_devices_are_told_apart() -> None:
    fixes = Fixes.concat([at(track((0, 0, 0), (60, 0, 0), device=9)), at(track((120, 0, 0)))])
    assert told(fixes) == {(1, 0): (1, set()), (9, 0): (2, {0})}


def test_without_fixes_there_are_no_hours() -> None:
    assert told(track()) == {}


@examples(40)
@given(worlds.walks(devices=2) | worlds.strolls(devices=2), worlds.profiles)
def test_each_minute_is_as_a_plain_look_at_its_legs_says(fixes: Fixes, profile: Profile) -> None:
    fixes = at(fixes, NOON_US + 1799 * SECOND)
    keys = np.column_stack([fixes.device, fixes.time_us])
    fixes = fixes.take(np.unique(keys, axis=0, return_index=True)[1])
    found = told(fixes, profile)
    for device in (1, 2):
        legs = plain_legs(fixes.take(fixes.device == device), profile)
        seen = {
            (hour, m) for (d, hour), (_, minutes) in found.items() if d == device for m in minutes
        }
        assert seen == {
            divmod(minute, 60)
            for minute in range(24 * 60)
            if covers(legs, NOON_US + minute * MINUTE_US, NOON_US + (minute + 1) * MINUTE_US)
        }
    assert sum(n for n, _ in found.values()) == len(fixes)


def plain_legs(fixes: Fixes, profile: Profile) -> list[tuple[int, int]]:
    """When each leg of a device begins and ends, one after the other."""
    usable = [
        (time, lon, lat)
        for time, lon, lat, accuracy in sorted(zip(*rows(fixes), strict=True))
        if not accuracy > profile.max_accuracy_m or accuracy == float("inf")
    ]
    legs = []
    for (t0, lon0, lat0), (t1, lon1, lat1) in pairwise(usable):
        moved_m = np.hypot((lon1 - lon0) * worlds.EAST, (lat1 - lat0) * worlds.METRES_PER_DEGREE)
        still = t1 - t0 <= profile.still_gap_us and moved_m <= profile.still_radius_m
        if t1 - t0 <= profile.max_gap_us or still:
            legs.append((t0, t1))
    return legs


def rows(fixes: Fixes) -> list[list[float]]:
    return [column.tolist() for column in (fixes.time_us, fixes.lon, fixes.lat, fixes.accuracy_m)]


def covers(legs: list[tuple[int, int]], start_us: int, end_us: int) -> bool:
    """Whether legs lead from a moment to another one without a break."""
    for begin, end in legs:
        if begin <= start_us < end:
            start_us = end
    return start_us >= end_us
