import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from app.places.checks import ERROR_M, Caution, Kind, Spot, Spots, Stations, cautions, told
from geofence.geodesy import METRES_PER_DEGREE

LON, LAT = -2.98, 53.4
EAST_M = METRES_PER_DEGREE * np.cos(np.radians(LAT))


def box(x: float, y: float, width: float, height: float) -> BaseGeometry:
    """A rectangle, by metres from a point in Liverpool."""
    return placed(shapely.box(x, y, x + width, y + height))


def placed(metres: BaseGeometry) -> BaseGeometry:
    return shapely.transform(metres, lambda xy: xy / (EAST_M, METRES_PER_DEGREE) + (LON, LAT))


def found(*given: BaseGeometry, buffer_m: float = 0.0) -> list[tuple[Kind, tuple[str, ...]]]:
    spots = [Spot(f"S{n}", polygon, buffer_m) for n, polygon in enumerate(given)]
    return [(one.kind, one.about) for one in cautions(Spots.of(spots))]


def test_a_place_that_one_officer_can_see_is_nothing_to_look_at() -> None:
    assert found(box(0, 0, 150, 150)) == []
    assert found(placed(shapely.Point(0, 0).buffer(150))) == []
    assert cautions(Spots.of([])) == []


@pytest.mark.parametrize(("width", "height"), [(300, 300), (500, 40)])
def test_more_ground_than_one_officer_sees_or_a_longer_street_is_too_large(
    width: float, height: float
) -> None:
    assert found(box(0, 0, width, height)) == [(Kind.LARGE, ("S0",))]


def test_what_is_narrower_than_gps_can_tell_is_told_until_it_has_a_buffer() -> None:
    alley = box(0, 0, 120, 20)
    assert found(alley) == [(Kind.NARROW, ("S0",))]
    assert found(alley, buffer_m=15) == []


def test_overlaps_are_told_with_their_share_and_shared_sides_are_none() -> None:
    assert found(box(0, 0, 100, 100), box(100, 0, 100, 100)) == []
    assert found(box(0, 0, 100, 100), box(100, 0, 100, 100), buffer_m=10) != []
    spots = Spots.of([Spot("A", box(0, 0, 100, 100)), Spot("B", box(75, 0, 50, 100))])
    (caution,) = cautions(spots)
    assert caution.about == ("A", "B")
    assert caution.says.startswith("A and B overlap by 2500 m², 50% of the smaller")


def test_a_police_station_inside_or_near_is_told_once() -> None:
    lon, lat = shapely.get_coordinates(
        shapely.union_all([placed(shapely.Point(x, 50)) for x in (50, 140, 160, 900)])
    ).T
    stations = Stations(lon, lat, ["one", "one", "another", "far"])
    spots = Spots.of([Spot("A", box(0, 0, 100, 100))])
    (caution,) = cautions(spots, stations)
    assert caution.kind is Kind.STATION
    assert caution.says.startswith("A holds one, or is within 50 m of it")


def test_of_many_alike_the_first_are_told_and_how_many_more_there_are() -> None:
    many = [Caution(Kind.NARROW, (str(n),), f"{n} is narrow") for n in range(5)]
    assert told(many, 2) == [
        "0 is narrow",
        "1 is narrow",
        "and 3 more that are too narrow for GPS",
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(5, 90), st.integers(5, 90)),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_told_is_what_shapely_measures_in_metres(
    given_: list[tuple[int, int, int, int]],
) -> None:
    metres = [shapely.box(x, y, x + width, y + height) for x, y, width, height in given_]
    answer = found(*(placed(one) for one in metres))
    narrow = {(f"S{n}",) for n, one in enumerate(given_) if min(one[2:]) < 2 * ERROR_M - 0.1}
    perhaps = {(f"S{n}",) for n, one in enumerate(given_) if min(one[2:]) < 2 * ERROR_M + 0.1}
    assert narrow <= {about for kind, about in answer if kind is Kind.NARROW} <= perhaps
    overlaps = {
        (f"S{i}", f"S{j}")
        for i, one in enumerate(metres)
        for j, other in enumerate(metres)
        if i < j and one.intersection(other).area > 1
    }
    assert {about for kind, about in answer if kind is Kind.OVERLAP} == overlaps


@given(st.lists(st.tuples(st.floats(-200, 300), st.floats(-200, 300)), min_size=1, max_size=10))
def test_points_are_in_a_place_as_shapely_has_it(points: list[tuple[float, float]]) -> None:
    polygon = shapely.Point(50, 50).buffer(90, quad_segs=3)
    spots = Spots.of([Spot("A", placed(polygon))])
    lon, lat = shapely.get_coordinates([placed(shapely.Point(*one)) for one in points]).T
    _, inside = spots.holding(lon, lat, 20.0)
    distance = shapely.distance(polygon, shapely.points(points))
    near, perhaps = np.flatnonzero(distance < 19.95), np.flatnonzero(distance < 20.05)
    assert set(near) <= set(inside.tolist()) <= set(perhaps)
