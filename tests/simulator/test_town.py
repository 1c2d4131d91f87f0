"""Every town has twenty hot spots of the right size, apart, on streets that all join."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from simulator.plane import area, distance
from simulator.town import HOT_SPOTS, Town, build

SEEDS = range(12)


def town(seed: int) -> Town:
    return build(np.random.default_rng(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_hot_spots_are_of_half_a_hectare_to_four_and_well_apart(seed: int) -> None:
    places = town(seed).places
    polygons = [shapely.Polygon(place.ring) for place in places]
    assert len(places) == HOT_SPOTS
    assert all(polygon.is_valid for polygon in polygons)
    assert all(5_000 <= area(place.ring) <= 40_000 for place in places)
    assert min(a.distance(b) for a, b in combinations(polygons, 2)) >= 200.0


@pytest.mark.parametrize("seed", SEEDS)
def test_every_junction_can_be_reached_along_the_streets(seed: int) -> None:
    streets = town(seed).streets
    reached, found = {0}, [0]
    while found:
        new = set(streets.neighbours[found.pop()]) - reached
        reached |= new
        found.extend(new)
    assert len(reached) == len(streets.junctions)


def test_a_way_follows_streets_and_is_no_longer_than_any_other() -> None:
    streets = town(3).streets
    way = streets.way(0, 440)
    assert (way[0], way[-1]) == (0, 440)
    assert all(b in streets.neighbours[a] for a, b in pairwise(way))

    def length(along: list[int]) -> float:
        return float(np.hypot(*np.diff(streets.junctions[along], axis=0).T).sum())

    by_way_of = [streets.way(0, middle) + streets.way(middle, 440)[1:] for middle in (20, 220, 400)]
    for detour in by_way_of:
        assert length(way) <= 1e-6 + length(detour)


def test_a_hot_spot_holds_its_junction_and_no_quiet_one() -> None:
    made = town(5)
    junctions = made.streets.junctions
    for place in made.places:
        assert place.holds(*junctions[place.junction][:, None]).all()
        assert not (distance(place.ring, *junctions[list(made.quiet)].T) < 50.0).any()


def test_the_feature_collection_is_the_town_in_degrees() -> None:
    made = town(7)
    collection = made.hotspots()
    features = collection["features"]
    assert isinstance(features, list)
    assert [feature["properties"]["id"] for feature in features[:2]] == ["HS01", "HS02"]
    assert len({feature["properties"]["name"] for feature in features}) == HOT_SPOTS
    for feature, place in zip(features, made.places, strict=True):
        polygon = shape(feature["geometry"])
        square_degree = np.cos(np.radians(polygon.centroid.y)) * 111_320.0**2
        assert polygon.area * square_degree == pytest.approx(area(place.ring), rel=0.01)
        assert feature["properties"].get("buffer_m", 0.0) == place.buffer_m
