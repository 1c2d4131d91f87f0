"""Awkward hot spots and legs, worked out by hand. Places in metres from the middle."""

import numpy as np
import pytest
import worlds
from byhand import SQUARE, visits
from shapely import MultiPolygon, Polygon
from worlds import SECOND, START_US

from geofence.model import Fixes, Hotspot, Profile

RING = [Hotspot(1, worlds.degrees(worlds.RING))]
STILL = Profile(reports_when_still=False)


def inside(*steps: tuple[float, float, float], hotspots: list[Hotspot] = SQUARE) -> float:
    """Seconds inside, of all visits."""
    return float(sum(visit["inside_us"] for visit in visits(worlds.track(*steps), hotspots)))


def test_a_leg_that_passes_through_with_no_fix_inside_counts() -> None:
    (visit,) = visits(worlds.track((0, -100, 10), (40, 100, 10)))
    assert (visit["enter_us"], visit["exit_us"], visit["fixes"]) == (10, 30, 0)
    assert (visit["low_us"], visit["outer_from_us"], visit["outer_to_us"]) == (0, 0, 40)


def test_a_leg_through_a_hole_counts_on_both_sides_of_it() -> None:
    # The ring goes from 50 to 100 m from the middle; 10 m/s through it from side to side.
    (visit,) = visits(worlds.track((0, -200, 0), (40, 200, 0)), RING)
    assert (visit["first_us"], visit["last_us"], visit["inside_us"]) == (10, 30, 10)
    assert visit["bridged_us"] == 10


def test_a_stay_in_a_hole_is_none_and_on_its_rim_is_one() -> None:
    assert inside((0, 0, 0), (60, 20, 20), (120, 0, 0), hotspots=RING) == 0
    assert inside((0, -50, 0), (60, 0, 50), hotspots=RING) == 0
    assert inside((0, 50, -20), (60, 50, 20), hotspots=RING) == 60


def test_a_leg_between_two_fixes_inside_a_concave_hot_spot_may_leave_it() -> None:
    # From one arm of the L to the other, 5 m/s: out of it while beyond 50 m of both.
    ell = [Hotspot(1, worlds.degrees(worlds.ELL))]
    (visit,) = visits(worlds.track((0, -60, 90), (30, 90, -60)), ell)
    assert visit["inside_us"] == pytest.approx(4, abs=2e-6)
    assert (visit["bridged_us"], visit["fixes"]) == (pytest.approx(26, abs=2e-6), 2)


def test_parts_of_one_hot_spot_make_one_visit() -> None:
    # Two squares, 50 m apart; 5 m/s from the middle of one to that of the other.
    pair = [Hotspot(1, worlds.degrees(worlds.PAIR))]
    (visit,) = visits(worlds.track((0, -75, 0), (30, 75, 0)), pair)
    assert (visit["inside_us"], visit["bridged_us"]) == (20, 10)


def test_overlapping_hot_spots_are_each_taken_alone() -> None:
    other = Hotspot(2, worlds.degrees(worlds.square(50, 0, 50)))
    found = visits(worlds.track((0, -100, 0), (60, 200, 0)), [*SQUARE, other])
    assert [(v["hotspot"], v["enter_us"], v["exit_us"]) for v in found] == [
        (1, 10, 30),
        (2, 20, 40),
    ]


def test_a_leg_along_an_edge_counts_for_as_long_as_the_edge_goes() -> None:
    assert inside((0, -100, 50), (40, 100, 50)) == 20
    assert inside((0, -100, 50.01), (40, 100, 50.01)) == 0


@pytest.mark.parametrize("way", [(-100, 0, 0, 100), (-100, 0, 100, 200), (0, 100, 100, 0)])
def test_a_leg_that_touches_in_a_single_point_counts_for_nothing(
    way: tuple[int, int, int, int],
) -> None:
    x, y, to_x, to_y = way
    found = visits(worlds.track((0, x, y), (40, to_x, to_y)))
    assert found == []


def test_a_leg_to_the_boundary_and_back_makes_no_visit() -> None:
    assert visits(worlds.track((0, -100, 0), (30, -50, 0), (60, -100, 0))) == []


def test_a_leg_of_length_zero_counts_where_its_fixes_are() -> None:
    assert inside((0, 0, 0), (60, 0, 0)) == 60
    assert inside((0, 50, 50), (60, 50, 50)) == 60  # on a corner
    assert inside((0, 50.01, 0), (60, 50.01, 0)) == 0
    assert visits(worlds.track((0, 50.01, 0), (600, 50.01, 0)), profile=STILL) == []
    (visit,) = visits(worlds.track((0, 50, 0), (600, 50, 0)), profile=STILL)
    assert (visit["inside_us"], visit["low_us"]) == (600, 600)


def test_a_leg_of_length_zero_sets_no_pace() -> None:
    # Waits at the kerb for a minute, then walks 20 m, half of them inside, in 20 s.
    steps = [(0, -60, 0), (60, -60, 0), (80, -40, 0), (100, -40, 0), (120, -60, 0), (180, -60, 0)]
    (visit,) = visits(worlds.track(*steps))
    assert (visit["enter_us"], visit["exit_us"]) == (70, 110)


def test_a_still_leg_out_of_a_hot_spot_is_inside_and_one_into_it_is_not() -> None:
    out = worlds.track((0, 45, 0), (600, 65, 0))
    back = worlds.track((0, 65, 0), (600, 45, 0))
    (visit,) = visits(out, profile=STILL)
    assert (visit["inside_us"], visit["exit_us"], visit["exit_seen"]) == (600, 600, True)
    assert visits(back, profile=STILL) == []


def test_a_buffer_grows_by_metres_at_85_degrees_and_across_the_antimeridian() -> None:
    for lon, lat in ((-2.98, 53.41), (180.0, 0.0), (-180.0, 85.0), (179.9999, -70.0)):
        shape = worlds.degrees(worlds.square(0, 0, 50), lon, lat)
        place = worlds.degrees(Polygon([(-300, 0), (300, 0), (300, 1)]), lon, lat)
        ends = np.array(place.exterior.coords[:2])
        fixes = Fixes(
            np.ones(2, np.int64),
            START_US + np.array([0, 60]) * SECOND,
            (ends[:, 0] + 180) % 360 - 180,
            ends[:, 1],
            np.full(2, np.nan),
        )
        (visit,) = visits(fixes, [Hotspot(1, shape, buffer_m=100.0)])
        assert visit["inside_us"] == pytest.approx(30, abs=0.01)


def test_a_hot_spot_cut_at_the_antimeridian_is_one() -> None:
    whole = worlds.degrees(worlds.square(0, 0, 50), 180.0, 60.0)
    halves = worlds.torn(whole)
    assert isinstance(halves, MultiPolygon)
    way = worlds.moved(worlds.track((0, -100, 0), (40, 100, 0)), (180.0, 60.0))
    for shape in (halves, whole):
        (visit,) = visits(way, [Hotspot(1, shape)])
        assert (visit["enter_us"], visit["exit_us"]) == (10, 30)
