import json

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.places.grid import Grid, Shape
from geofence.geodesy import METRES_PER_DEGREE
from geofence.polygons import area_ha, check

SHAPES = st.sampled_from(Shape)
SIZES = st.sampled_from([50.0, 100.0, 150.0, 400.0])
# A town's worth, anywhere that has towns.
MIDDLES = st.tuples(st.floats(-170, 170), st.floats(-70, 70))
STEPS = st.lists(st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02)), min_size=1, max_size=20)


@given(SHAPES, SIZES, MIDDLES, STEPS)
def test_each_point_is_in_the_cell_that_it_is_said_to_be_in(
    shape: Shape, size_m: float, middle: tuple[float, float], steps: list[tuple[float, float]]
) -> None:
    lon, lat = (np.array(steps) + np.array(middle)).T
    grid = Grid.around(shape, size_m, lat)
    polygons = shapely.polygons(grid.rings(grid.cells(lon, lat)))
    distance_m = shapely.distance(polygons, shapely.points(lon, lat)) * METRES_PER_DEGREE
    assert distance_m.max() < 0.05  # as coordinates are rounded


@given(SHAPES, st.floats(-70, 70), st.integers(-30_000, 30_000), st.integers(-30_000, 30_000))
def test_cells_cover_the_ground_without_gaps_or_overlaps(
    shape: Shape, lat: float, column: int, row: int
) -> None:
    grid = Grid(shape, 150.0, lat)
    around = np.array([(column + i, row + j) for i in range(3) for j in range(3)])
    cells = shapely.polygons(grid.rings(around))
    together = shapely.union_all(cells)
    assert shapely.area(together) == pytest.approx(shapely.area(cells).sum(), rel=1e-9)
    assert together.geom_type == "Polygon"
    assert not together.interiors


def test_a_cell_has_the_size_that_was_asked_for_and_is_a_hot_spot() -> None:
    lon, lat = np.array([-2.98]), np.array([53.41])
    for shape, size_m in ((Shape.HEXAGON, 150.0), (Shape.SQUARE, 200.0)):
        grid = Grid.around(shape, size_m, lat)
        (polygon,) = shapely.polygons(grid.rings(grid.cells(lon, lat)))
        assert check(json.loads(shapely.to_geojson(polygon))).faults == ()
        assert shapely.is_ccw(polygon.exterior)
        # The plane is that of a whole degree.
        assert area_ha(polygon) * 10_000 == pytest.approx(grid.area_m2, rel=0.015)


def test_other_crimes_of_a_place_give_the_same_cells_by_the_same_names() -> None:
    lon, lat = np.array([-2.98]), np.array([53.41])
    one = Grid.around(Shape.HEXAGON, 150.0, lat)
    other = Grid.around(Shape.HEXAGON, 150.0, np.array([53.41, 53.2, 53.9]))
    assert one.names(one.cells(lon, lat)) == other.names(other.cells(lon, lat))


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, unique=True))
def test_no_two_cells_have_one_name(cells: list[tuple[int, int]]) -> None:
    grids = [Grid(Shape.SQUARE, 150.0, 0.5), Grid(Shape.SQUARE, 150.0, -0.5)]
    grids += [Grid(Shape.SQUARE, 100.0, 0.5), Grid(Shape.HEXAGON, 150.0, 0.5)]
    names = [name for grid in grids for name in grid.names(np.array(cells))]
    assert len(set(names)) == 4 * len(cells)


def test_a_name_is_short_enough_for_a_table() -> None:
    lon, lat = np.array([-2.98]), np.array([53.41])
    grid = Grid.around(Shape.HEXAGON, 150.0, lat)
    assert grid.names(grid.cells(lon, lat)) == ["H150-53-mQKD-1CMP"]


@given(SHAPES, st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, unique=True))
def test_neighbours_are_those_that_share_a_side(shape: Shape, cells: list[tuple[int, int]]) -> None:
    grid = Grid(shape, 150.0, 53.5)
    polygons = shapely.polygons(grid.rings(np.array(cells)))
    sides = shapely.length(shapely.intersection(polygons[:, None], polygons[None]))
    np.fill_diagonal(sides, 0)
    assert grid.neighbours(np.array(cells)).tolist() == (sides > 1e-6).sum(axis=1).tolist()
