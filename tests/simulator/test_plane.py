"""What lies inside a ring, and where metres are in degrees."""

import numpy as np
import pytest

from simulator.plane import Plane, area, distance, inside

ELL = np.array([[0.0, 0.0], [20.0, 0.0], [20.0, 10.0], [10.0, 10.0], [10.0, 20.0], [0.0, 20.0]])


def test_a_point_in_the_notch_of_an_l_is_outside() -> None:
    x, y = np.array([5.0, 15.0, 15.0, 5.0, -1.0]), np.array([15.0, 15.0, 5.0, 5.0, 5.0])
    assert inside(ELL, x, y).tolist() == [True, False, True, True, False]


def test_either_direction_of_a_ring_holds_the_same_points() -> None:
    x, y = np.random.default_rng(1).uniform(-5, 25, (2, 500))
    assert (inside(ELL, x, y) == inside(ELL[::-1], x, y)).all()


def test_a_grown_ring_reaches_round_its_corners_and_into_its_notch() -> None:
    x, y = np.array([-3.0, -3.0, 13.0, 16.0]), np.array([-3.0, -5.0, 14.0, 16.0])
    assert inside(ELL, x, y, grown_m=5.0).tolist() == [True, False, True, False]


def test_distance_is_to_the_nearest_edge_from_either_side() -> None:
    x, y = np.array([5.0, 23.0, 12.0]), np.array([2.0, 14.0, 15.0])
    assert distance(ELL, x, y) == pytest.approx([2.0, 5.0, 2.0])


def test_the_share_of_points_inside_is_the_share_of_the_area() -> None:
    x, y = np.random.default_rng(2).uniform(0, 20, (2, 40_000))
    assert area(ELL) == 300.0
    assert inside(ELL, x, y).mean() == pytest.approx(0.75, abs=0.01)


def test_a_degree_has_the_length_that_the_ellipsoid_gives_it() -> None:
    # At 53 degrees: 111 289 m of latitude, 67 142 m of longitude (WGS84).
    plane = Plane(lon0=-3.0, lat0=53.0)
    lon, lat = plane.degrees(np.array([671.42]), np.array([1112.89]))
    assert lon[0] == pytest.approx(-2.99, abs=1e-6)
    assert lat[0] == pytest.approx(53.01, abs=1e-6)
