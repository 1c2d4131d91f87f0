"""Shifts can be made up for any hot spots: with streets between, or bent ways where it is far."""

from itertools import pairwise

import numpy as np
import pytest
from squares import collection, feature, square

from simulator.ground import DETOUR, Ground, GroundError, survey
from simulator.plane import Floats, Plane


def surveyed(*features: object) -> Ground:
    return survey(collection(*features), np.random.default_rng(1))


def length(points: list[Floats]) -> float:
    return sum(float(np.hypot(*(b - a))) for a, b in pairwise(points))


def test_metres_and_degrees_are_each_other_s_inverse() -> None:
    plane = Plane(-2.9, 53.4)
    x, y = np.array([0.0, 1500.0, -800.0]), np.array([10.0, -40.0, 900.0])
    assert np.allclose(plane.metres(*plane.degrees(x, y)), (x, y))


def test_hot_spots_stand_where_they_were_given_and_keep_their_names() -> None:
    ground = surveyed(
        feature("A", square(-2.98), name="Quay", buffer_m=15), feature(7, square(-2.96))
    )
    assert [(place.id, place.name, place.buffer_m) for place in ground.places] == [
        ("A", "Quay", 15.0),
        ("7", "7", 0.0),
    ]
    # 0.02 degrees of longitude at 53.4 degrees, where one has 66.4 km.
    assert np.hypot(*np.diff(ground.middles, axis=0)[0]) == pytest.approx(1329, abs=3)
    lon, _ = ground.plane.degrees(*ground.places[0].ring.T)
    assert lon.min() == pytest.approx(-2.98)


def test_ways_lead_along_streets_to_the_very_point() -> None:
    ground = surveyed(feature("A", square(-2.98)), feature("B", square(-2.95)))
    assert ground.streets is not None
    start, goal = ground.middles
    way = ground.way(start, goal, np.random.default_rng(2))
    assert (way[-1] == goal).all()
    junctions = {tuple(point) for point in ground.streets.junctions.tolist()}
    assert all(tuple(point.tolist()) in junctions for point in way[:-1])
    assert 1.0 < length([start, *way]) / float(np.hypot(*(goal - start))) < 1.7


def test_where_it_is_far_ways_are_bent_and_longer_by_the_detour() -> None:
    ground = surveyed(feature("A", square(-2.98)), feature("B", square(-2.5)))
    assert ground.streets is None
    start, goal = ground.middles
    way = ground.way(start, goal, np.random.default_rng(2))
    assert length([start, *way]) == pytest.approx(DETOUR * np.hypot(*(goal - start)))


def test_of_several_parts_the_largest_is_patrolled() -> None:
    small, large = square(-2.98, side=0.0005), square(-2.97)
    parts = [part["coordinates"] for part in (small, large)]
    ground = surveyed(feature("A", {"type": "MultiPolygon", "coordinates": parts}))
    lon, _ = ground.plane.degrees(*ground.places[0].ring.T)
    assert lon.min() == pytest.approx(-2.97)


def test_what_is_no_hot_spot_is_refused() -> None:
    with pytest.raises(GroundError, match="there are no hot spots"):
        surveyed()
    with pytest.raises(GroundError, match="a hot spot is a Point, and no polygon"):
        surveyed(feature("A", {"type": "Point", "coordinates": [-2.9, 53.4]}))
