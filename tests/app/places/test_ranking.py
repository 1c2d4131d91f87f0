import numpy as np
import pytest
from crimesmade import crimes
from hypothesis import given
from hypothesis import strategies as st

from app.places.grid import Grid, Shape
from app.places.ranking import Ranking, ranked

GRID = Grid(Shape.HEXAGON, 150.0, 53.5)
# Few places, so that many crimes share one and many cells weigh the same.
POINTS = st.tuples(st.integers(0, 5), st.integers(0, 3)).map(
    lambda step: (-2.98 + step[0] * 0.004, 53.4 + step[1] * 0.004)
)
ROWS = st.lists(st.tuples(POINTS, st.sampled_from([0.0, 0.1, 0.2, 1.0, 7.3])), min_size=1)


def rank(rows: list[tuple[tuple[float, float], float]]) -> Ranking:
    found = crimes([point for point, _ in rows])
    return ranked(found, np.array([weight for _, weight in rows]), GRID)


@given(ROWS, st.randoms())
def test_the_order_of_crimes_makes_no_difference(
    rows: list[tuple[tuple[float, float], float]], random: object
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random has no other type
    one, other = rank(rows), rank(shuffled)
    assert one.cells.tolist() == other.cells.tolist()
    assert one.weight.tolist() == other.weight.tolist()


@given(ROWS)
def test_weights_are_those_of_the_crimes_and_fall(
    rows: list[tuple[tuple[float, float], float]],
) -> None:
    found = rank(rows)
    assert found.weight.sum() == pytest.approx(sum(weight for _, weight in rows))
    assert found.crimes.sum() == len(rows)
    assert (np.diff(found.weight) <= 0).all()
    for cell, (point, _) in zip(found.of_crime.tolist(), rows, strict=True):
        of_point = GRID.cells(np.array([point[0]]), np.array([point[1]]))
        assert found.cells[cell].tolist() == of_point[0].tolist()


@given(ROWS, st.integers(1, 20))
def test_weights_in_another_unit_change_no_rank(
    rows: list[tuple[tuple[float, float], float]], factor: int
) -> None:
    scaled = [(point, weight * factor) for point, weight in rows]
    assert rank(rows).cells.tolist() == rank(scaled).cells.tolist()


def test_the_curve_says_what_the_first_hold_of_crime_and_ground() -> None:
    points = [(-2.98 + 0.004 * n, 53.4) for n in range(20) for _ in range(20 - n)]
    found = crimes([*points, (np.nan, np.nan)])
    ranking = ranked(found, np.ones(len(found)), GRID)
    curve = ranking.curve(12)
    assert [point.top for point in curve] == [5, 10, 12]
    assert curve[0].of_placed == (20 + 19 + 18 + 17 + 16) / 210
    assert curve[0].of_all == (20 + 19 + 18 + 17 + 16) / 211
    assert curve[0].of_area == 5 / 20
    assert ranking.curve(100)[-1] == (20, 1.0, 210 / 211, 1.0)
