"""Awkward cases, worked out by hand. Times in seconds, places in metres from the middle."""

import math

import numpy as np
import pytest
import worlds
from byhand import FAR, SQUARE, visits
from shapely import Polygon
from worlds import SECOND, START_US

from geofence.engine import advance
from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import NEVER, Fixes, Hotspot, Profile, Span


def test_a_walk_straight_through_counts_from_boundary_to_boundary() -> None:
    # 5 m/s all along: in after 10 s at x = -50, out after 30 s at x = 50.
    fixes = worlds.track((0, -100, 0), (20, 0, 0), (40, 100, 0))
    (visit,) = visits(fixes)
    assert (visit["first_us"], visit["last_us"], visit["inside_us"]) == (10, 30, 20)
    assert (visit["enter_us"], visit["exit_us"]) == (10, 30)
    assert (visit["outer_from_us"], visit["outer_to_us"]) == (0, 40)
    assert (visit["low_us"], visit["fixes"], visit["mean_speed_mps"]) == (0, 1, 0)
    assert visit["enter_seen"]
    assert visit["exit_seen"]
    assert visit["pass_through"]


def test_a_fast_approach_moves_enter_and_exit_towards_the_fixes_outside() -> None:
    # Drives 10 m/s to x = -60, then needs 60 s for 60 m: 10 m at 10 m/s is 1 s, not 10 s.
    fixes = worlds.track((0, -660, 0), (60, -60, 0), (120, 0, 0), (180, 60, 0), (240, 660, 0))
    (visit,) = visits(fixes)
    assert (visit["first_us"], visit["last_us"]) == (110 - 40, 170)
    assert (visit["enter_us"], visit["exit_us"]) == (61, 179)


def test_a_leg_that_clips_a_corner_counts_for_that_stretch_alone() -> None:
    # From (-100, 0) to (0, 100): crosses the corner (-50, 50) in one point. Nothing.
    assert visits(worlds.track((0, -100, 0), (10, 0, 100))) == []
    # Ten metres further in it is inside for 20 of 120 metres along x, with no fix inside.
    (visit,) = visits(worlds.track((0, -100, -20), (12, 20, 100)))
    assert visit["first_us"] == pytest.approx(5)
    assert visit["last_us"] == pytest.approx(7)
    assert (visit["fixes"], visit["low_us"], visit["enter_us"]) == (0, 0, visit["first_us"])


def test_a_stay_on_the_boundary_line_is_inside() -> None:
    fixes = worlds.track((0, -FAR, 50), (60, -50, 50), (120, 0, 50), (180, 50, 50), (240, FAR, 50))
    (visit,) = visits(fixes)
    assert (visit["first_us"], visit["last_us"], visit["fixes"]) == (60, 180, 3)
    assert visit["low_us"] == 120
    # Two legs only reach the line, at their ends; with no leg beside them they set no pace.
    assert (visit["enter_us"], visit["exit_us"]) == (60, 180)


def test_a_stay_at_a_slanted_boundary_is_inside_from_corner_to_corner() -> None:
    corners = [(-100.0, 0.0), (0.0, 77.7), (100.0, 0.0), (0.0, -50.3)]
    diamond = worlds.degrees(Polygon(corners))
    lon, lat = np.array(diamond.exterior.coords[:4]).T
    time = START_US + np.arange(4) * 60 * SECOND
    fixes = Fixes(np.ones(4, np.int64), time, lon, lat, np.full(4, np.nan))
    (visit,) = visits(fixes, [Hotspot(1, diamond)])
    assert (visit["inside_us"], visit["fixes"]) == (180, 4)


def test_one_fix_inside_with_no_leg_is_a_presence_of_length_zero() -> None:
    fixes = worlds.track((0, FAR, 0), (1000, 0, 0), (2000, FAR, 0))
    (visit,) = visits(fixes)
    assert (visit["enter_us"], visit["exit_us"], visit["fixes"]) == (1000, 1000, 1)
    assert (visit["outer_from_us"], visit["outer_to_us"]) == (0, 2000)


def test_one_fix_on_the_boundary_that_legs_only_touch_is_nothing() -> None:
    assert visits(worlds.track((0, -FAR, 50), (60, -50, 50), (120, -FAR, 50))) == []


@pytest.mark.parametrize(("gap", "inside"), [(120, 120), (120.000001, 0)])
def test_a_gap_of_exactly_max_gap_is_a_leg(gap: float, inside: float) -> None:
    found = visits(worlds.track((0, 0, 0), (gap, 10, 0)))
    assert sum(visit["inside_us"] for visit in found) == inside


def away(seconds: float, *, accuracy_m: float = math.nan) -> Fixes:
    """Inside for a minute, away for `seconds` between the crossings, inside for a minute."""
    # Crossings lie half a second from the fixes outside: 1 m of 2 m/s.
    stay, back = [(0, 0, 0), (35, 49, 0), (60, 49, 0)], 61 + seconds
    out: list[tuple[float, float, float]] = [(61, 51, 0)]
    steps = np.arange(61 + 50, back - 1, 50)
    out += [(float(s), 51, 0) for s in steps] + [(60.5 + seconds - 0.5, 51, 0)]
    home = [(back, 49, 0), (back + 30, 0, 0)]
    rows = [(1, START_US + round(s * SECOND), x, y) for s, x, y in stay + out + home]
    return worlds.fixes([(*row, accuracy_m if row[2] == 51 else math.nan) for row in rows])


@pytest.mark.parametrize(("seconds", "count"), [(120, 1), (120.000001, 2)])
def test_an_absence_of_exactly_merge_gap_is_bridged(seconds: float, count: int) -> None:
    found = visits(away(seconds))
    assert len(found) == count
    assert sum(visit["bridged_us"] for visit in found) == (seconds if count == 1 else 0)


@pytest.mark.parametrize(("seconds", "count"), [(300, 1), (300.000001, 2)])
def test_an_absence_in_doubt_of_exactly_doubt_gap_is_bridged(seconds: float, count: int) -> None:
    # One metre outside with 5 m accuracy is no evidence of leaving.
    assert len(visits(away(seconds, accuracy_m=5.0))) == count


def test_a_longer_max_gap_is_a_longer_doubt_gap() -> None:
    patient = Profile(max_gap_s=400.0)
    for seconds, count in ((350, 1), (400, 1), (400.000001, 2)):
        assert len(visits(away(seconds, accuracy_m=5.0), profile=patient)) == count


def test_a_fix_surely_outside_at_the_very_end_of_a_presence_is_in_the_absence() -> None:
    # Stands at x = 45 until it is seen at x = 60, and is back over the line 38 s later.
    fixes = worlds.track((0, 45, 0), (200, 60, 0), (257, 45, 0), (300, 45, 0), accuracy_m=0.0)
    silent = Profile(reports_when_still=False, merge_gap_s=30.0)
    found = visits(fixes, profile=silent)
    assert [(v["first_us"], v["last_us"]) for v in found] == [(0, 200), (238, 300)]


def test_mean_speed_is_taken_over_steps_of_thirty_seconds_and_more() -> None:
    # Thirty seconds are a step: 30 m, then 30 m. After 29.999999 s it takes two of them.
    for seconds, speed in ((30.0, 1.0), (29.999999, 0.0)):
        fixes = worlds.track((0, 0, 0), (seconds, 30, 0), (2 * seconds, 0, 0))
        (visit,) = visits(fixes)
        assert visit["mean_speed_mps"] == pytest.approx(speed)


def test_max_gap_below_merge_gap_bridges_only_what_legs_cover() -> None:
    short = Profile(max_gap_s=60.0)
    gap = worlds.track((0, 0, 0), (30, 0, 0), (95, 0, 0), (125, 0, 0))
    assert len(visits(gap, profile=short)) == 2
    (visit,) = visits(away(110), profile=short)
    assert visit["bridged_us"] == pytest.approx(110, abs=2e-6)


def test_of_two_fixes_at_one_instant_the_more_accurate_counts() -> None:
    there, here = (1, START_US, FAR, 0, 20.0), (1, START_US, 0, 0, 5.0)
    later = (1, START_US + 60 * SECOND, 0, 0, 5.0)
    for rows in ([there, here, later], [here, there, later]):
        (visit,) = visits(worlds.fixes(rows))
        assert (visit["inside_us"], visit["fixes"]) == (60, 2)


def test_of_two_fixes_at_one_instant_one_too_inexact_still_beats_one_unknown() -> None:
    unknown, inexact = (1, START_US, 0, 0, math.nan), (1, START_US, 0, 0, 500.0)
    assert visits(worlds.fixes([unknown, inexact])) == []


def test_a_device_that_dies_inside_and_wakes_inside_makes_two_visits_in_doubt() -> None:
    three_hours = 3 * 3600
    fixes = worlds.track(
        (0, -FAR, 0), (60, 0, 0), (180, 0, 0), (three_hours, 0, 0), (three_hours + 90, 0, 0)
    )
    first, second = visits(fixes)
    assert first["last_us"] == 180
    assert second["first_us"] == three_hours
    assert not first["exit_seen"]
    assert not second["exit_seen"]
    assert first["outer_to_us"] == second["outer_to_us"] == three_hours + 90 + 120
    assert second["outer_from_us"] == 0
    assert second["enter_seen"]
    assert first["low_us"] == 120
    # Neither can be told from a patrol of ten minutes or more.
    for visit in (first, second):
        assert visit["low_us"] < 600 <= visit["outer_to_us"] - visit["outer_from_us"]


def test_a_device_that_falls_silent_when_still_stands_until_it_moves() -> None:
    fixes = worlds.track((0, -FAR, 0), (60, 0, 0), (1800, 20, 0), (1860, FAR, 0))
    (visit,) = visits(fixes, profile=Profile(reports_when_still=False))
    assert visit["low_us"] == 1740
    assert visit["inside_us"] > 1740
    assert len(visits(fixes)) == 2


def test_surely_inside_needs_the_accuracy_and_surely_outside_twice_of_it() -> None:
    def of(x: float, accuracy_m: float) -> tuple[float, float]:
        (visit,) = visits(
            worlds.fixes(
                [(1, START_US + s * SECOND, p, 0, accuracy_m) for s, p in ((0, 0), (60, x))]
            )
        )
        return visit["low_us"], visit["outer_to_us"]

    assert of(20, 29)[0] == 60
    assert of(20, 31)[0] == 0
    assert of(90, 19)[1] == 60
    assert of(90, 21)[1] == 180


def test_spans_tell_inside_bridged_and_sure_stretches_apart() -> None:
    (visit,) = visits(away(60))
    kinds = [kind for kind, _, _ in visit["spans"]]
    assert kinds == [Span.INSIDE, Span.INSIDE, Span.BRIDGED, Span.SURE, Span.SURE]
    lengths = dict.fromkeys(Span, 0.0)
    for kind, start, end in visit["spans"]:
        lengths[Span(kind)] += (end - start) / 1e6
    assert lengths[Span.INSIDE] == visit["inside_us"]
    assert lengths[Span.BRIDGED] == visit["bridged_us"]
    assert lengths[Span.SURE] == visit["low_us"]


def test_far_from_every_hot_spot_only_the_tail_is_remembered() -> None:
    fixes = worlds.track((0, 0, 0), (60, FAR, 0), (1000, 3 * FAR, 0), (1060, 4 * FAR, 0))
    memory = advance(Memory.empty(), fixes, Hotspots.prepare(SQUARE), Profile()).memory
    assert memory.pack() == {1: b""}
    assert memory.tail.time_us.tolist() == [[START_US + 1000 * SECOND, START_US + 1060 * SECOND]]


def test_the_memory_of_a_long_stay_does_not_grow_with_it() -> None:
    random = np.random.default_rng(3)
    steps = [(s, *random.normal(0, 10, 2)) for s in range(0, 36_000, 10)]
    memory = advance(
        Memory.empty(), worlds.track(*steps), Hotspots.prepare(SQUARE), Profile()
    ).memory
    assert 0 < len(memory.pack()[1]) < 1024


def test_a_late_fix_names_when_its_history_is_needed_from() -> None:
    hotspots = Hotspots.prepare(SQUARE)
    begun = advance(Memory.empty(), worlds.track((0, 0, 0), (9000, 0, 0)), hotspots, Profile())
    early = advance(begun.memory, worlds.track((60, 0, 0)), hotspots, Profile())
    later = advance(begun.memory, worlds.track((8000, 0, 0)), hotspots, Profile())
    assert early.needs_from == {1: NEVER}
    assert START_US < later.needs_from[1] < START_US + 8000 * SECOND
    assert len(later.visits) == 0
    assert later.memory.tail.device.tolist() == []
