from collections import Counter
from dataclasses import replace

import plain
import pytest
import shapes
import worlds
from fuzz import examples
from hypothesis import given
from hypothesis import strategies as st
from shapely import box
from worlds import SECOND, START_US, track

from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile
from geofence.surroundings import surroundings
from geofence.track import alone

SQUARE = Hotspot(7, worlds.degrees(worlds.square(0, 0, 100)))
CLOSE_M = 50.0


def close(
    fixes: Fixes, hotspots: list[Hotspot], profile: Profile | None = None
) -> list[tuple[int, int, int, int]]:
    """Device, hot spot, and the seconds since the start from when until when it was close to it."""
    prepared = Hotspots.prepare(hotspots)
    found = surroundings(alone(fixes, profile or Profile()), prepared, prepared.grown(CLOSE_M))
    columns = found.device, found.hotspot, found.start_us - START_US, found.end_us - START_US
    return [
        (device, hotspot, round(start / SECOND), round(end / SECOND))
        for device, hotspot, start, end in zip(*(c.tolist() for c in columns), strict=True)
    ]


def test_on_the_way_in_and_out_the_last_fifty_metres_are_close() -> None:
    # At 5 m/s from 300 m west of the middle to 300 m east of it: the square has 100 m each way.
    fixes = track(*((second, 5 * second - 300, 0) for second in range(0, 121, 30)))
    assert close(fixes, [SQUARE]) == [(1, 7, 30, 40), (1, 7, 80, 90)]


def test_who_only_passes_by_is_close_for_all_that_time() -> None:
    fixes = track(*((second, 5 * second - 300, 120) for second in range(0, 121, 30)))
    # Beside the square, and within the rounded corners of what is 50 m around it: 45.8 m.
    assert close(fixes, [SQUARE]) == [(1, 7, 31, 89)]
    assert close(replace(fixes, lat=fixes.lat + 31 / 111_195), [SQUARE]) == []


def test_what_a_hot_spot_is_grown_by_is_not_outside() -> None:
    fixes = track(*((second, 5 * second - 300, 0) for second in range(0, 121, 30)))
    assert close(fixes, [replace(SQUARE, buffer_m=50.0)]) == [(1, 7, 20, 30), (1, 7, 90, 100)]


def test_a_hole_is_outside() -> None:
    around = Hotspot(1, worlds.degrees(worlds.RING))
    fixes = track((0, 0, 0), (30, 0, 0), (60, 75, 0))
    assert close(fixes, [around]) == [(1, 1, 0, 50)]


def test_where_nothing_is_known_nobody_is_close() -> None:
    fixes = track((0, -120, 0), (60, -120, 0), (181, -120, 0), (240, -120, 0))
    assert close(fixes, [SQUARE]) == [(1, 7, 0, 60), (1, 7, 181, 240)]


def test_who_stands_close_by_in_silence_is_close_where_silence_says_so() -> None:
    fixes = track((0, -120, 0), (900, -110, 0), (930, -300, 0))
    still = Profile(reports_when_still=False)
    assert close(fixes, [SQUARE], still) == [(1, 7, 0, 906)]
    assert close(fixes, [SQUARE]) == [(1, 7, 900, 906)]


def test_a_version_counts_in_its_time() -> None:
    fixes = track((0, -120, 0), (100, -120, 0))
    until = START_US + 40 * SECOND
    first = replace(SQUARE, valid_to_us=until)
    then = Hotspot(7, worlds.degrees(box(500, 0, 600, 100)), valid_from_us=until)
    assert close(fixes, [first, then]) == [(1, 7, 0, 40)]


def test_inexact_fixes_and_those_of_other_devices_change_nothing() -> None:
    mine = track((0, -120, 0), (60, -120, 0))
    inexact = track((30, 0, 0), accuracy_m=500.0)
    other = track((30, 0, 0), (45, 0, 0), device=2)
    assert close(Fixes.concat([other, inexact, mine]), [SQUARE]) == [(1, 7, 0, 60)]


def test_without_hot_spots_or_fixes_there_is_nothing() -> None:
    assert close(track(), [SQUARE]) == []
    assert close(track((0, 0, 0), (30, 0, 0)), []) == []


SIMPLE = [hotspot for hotspot in worlds.hotspots() if not hotspot.buffer_m]


@examples(30)
@given(worlds.walks(devices=1) | worlds.strolls(devices=1), worlds.profiles, st.data())
def test_close_and_inside_together_are_inside_of_what_is_fifty_metres_wider(
    fixes: Fixes, profile: Profile, data: st.DataObject
) -> None:
    hotspot = data.draw(
        st.sampled_from(SIMPLE) | shapes.hotspots().filter(lambda h: not h.buffer_m)
    )
    prepared = Hotspots.prepare([hotspot])
    found = surroundings(alone(fixes, profile), prepared, prepared.grown(CLOSE_M))
    inside, crossings = plainly_inside(fixes, hotspot, profile)
    wider, more = plainly_inside(fixes, replace(hotspot, buffer_m=CLOSE_M), profile)
    length = int((found.end_us - found.start_us).sum())
    # Each crossing is rounded to the microsecond, and by shapely to what it makes of a point.
    assert length == pytest.approx(wider - inside, abs=10 * (crossings + more))
    each = Counter(zip(found.start_us.tolist(), found.end_us.tolist(), strict=True))
    assert all(start < end for start, end in each)


def plainly_inside(fixes: Fixes, hotspot: Hotspot, profile: Profile) -> tuple[int, int]:
    """Microseconds inside by a plain implementation, and of how many stretches."""
    columns = fixes.time_us, fixes.lon, fixes.lat, fixes.accuracy_m
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    kept = {name: getattr(profile, name) for name in plain.Rules.__dataclass_fields__}
    since = -plain.math.inf if hotspot.valid_from_us is None else hotspot.valid_from_us
    until = plain.math.inf if hotspot.valid_to_us is None else hotspot.valid_to_us
    place = plain.Place(hotspot.geometry, hotspot.buffer_m, since, until)
    visits = plain.visits(rows, place, plain.Rules(**kept))
    spans = [span for visit in visits for span in visit["spans"] if span[0] == plain.INSIDE]
    return sum(end - start for _, start, end in spans), len(spans)
