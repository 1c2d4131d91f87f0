import numpy as np
import pytest
import shapely

from geofence.geodesy import METRES_PER_DEGREE
from geofence.hotspots import Hotspots
from geofence.model import DAY_US, Hotspot
from geofence.neighbourhood import Neighbourhood

NEAR_M = 2000.0
METRE = 1 / METRES_PER_DEGREE


def around(*hotspots: Hotspot) -> Neighbourhood:
    return Neighbourhood.of(Hotspots.prepare(hotspots), NEAR_M)


def near(land: Neighbourhood, lon: float, lat: float, day: int = 20_000) -> bool:
    found = land.near(np.array([day * DAY_US]), np.array([lon]), np.array([lat]))
    return bool(found[0])


@pytest.mark.parametrize("lat", [0.0, 53.4, -60.0])
def test_what_is_no_farther_than_that_is_near(lat: float) -> None:
    square = shapely.box(-0.001, lat - 0.001, 0.001, lat + 0.001)
    land = around(Hotspot(1, square, buffer_m=50.0))
    edge = 0.001 + 50.0 * METRE
    for metres, expected in ((0.0, True), (NEAR_M - 1, True), (NEAR_M + 1, False)):
        north = lat + edge + metres * METRE
        east = (0.001 * np.cos(np.radians(lat)) + (50.0 + metres) * METRE) / np.cos(np.radians(lat))
        assert near(land, 0.0, north) is expected
        assert near(land, float(east), lat) is expected


@pytest.mark.parametrize("centre", [179.999, -179.999, 180.0])
def test_the_antimeridian_parts_nothing(centre: float) -> None:
    land = around(Hotspot(1, shapely.box(centre - 0.0005, -0.0005, centre + 0.0005, 0.0005)))
    beyond = 1500.0 * METRE
    for lon in (180.0 - beyond, -180.0 + beyond, 180.0, -180.0):
        assert near(land, lon, 0.0)
    assert not near(land, 179.9, 0.0)
    assert not near(land, 0.0, 0.0)


def test_a_version_counts_from_the_day_before_it_to_the_day_after() -> None:
    square = shapely.box(0, 0, 0.001, 0.001)
    begin, end = 20_000 * DAY_US + 6, 20_010 * DAY_US + 6
    land = around(Hotspot(1, square, valid_from_us=begin, valid_to_us=end))
    days = [day for day in range(19_990, 20_020) if near(land, 0.0, 0.0, day)]
    assert days == list(range(19_999, 20_012))


def test_without_hot_spots_everything_is_far() -> None:
    assert not near(around(), 0.0, 0.0)
