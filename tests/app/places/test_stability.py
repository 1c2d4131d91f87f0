import datetime as dt
from collections.abc import Sequence

import numpy as np
import pytest
from crimesmade import crimes

from app.compliance.calendar import Calendar
from app.places.crimes import Crimes
from app.places.grid import Grid, Shape
from app.places.ranking import ranked
from app.places.stability import Stability, stability

GRID = Grid(Shape.SQUARE, 150.0, 53.5)
CALENDAR = Calendar()
JAN, FEB, MAR = (dt.date(1970, month, 1) for month in (1, 2, 3))


def place(number: int) -> tuple[float, float]:
    return -2.98 + 0.004 * number, 53.4


def found(rows: Sequence[tuple[int, float]], top: int) -> Stability:
    """Of crimes by place and day since the epoch."""
    made: Crimes = crimes([place(one) for one, _ in rows], days=[day for _, day in rows])
    weight = np.ones(len(made))
    return stability(made, weight, ranked(made, weight, GRID), top, CALENDAR)


def test_the_same_places_each_month_are_steady() -> None:
    rows = [(n, day) for day in (10, 40, 70) for n in range(3) for _ in range(9 - 3 * n)]
    answer = found(rows, 2)
    assert (answer.verdict, answer.period, answer.kept) == ("steady", "month", 1.0)
    assert [(step.before, step.after) for step in answer.steps] == [(JAN, FEB), (FEB, MAR)]
    assert [(step.overlap, step.held, step.best) for step in answer.steps] == [
        (1.0, 15 / 18, 15 / 18)
    ] * 2
    assert [step.correlation for step in answer.steps] == [pytest.approx(1.0)] * 2


def test_crime_that_moves_on_is_unsteady_though_each_month_has_its_places() -> None:
    rows = [(month * 2 + n, 10 + 30 * month) for month in range(3) for n in range(2)] * 10
    answer = found(rows, 2)
    assert (answer.verdict, answer.chance) == ("unsteady", 1 / 3)
    assert answer.kept == pytest.approx(-0.5)
    assert all((step.overlap, step.held, step.best) == (0.0, 0.0, 1.0) for step in answer.steps)
    assert all(step.correlation is None for step in answer.steps)


def test_of_few_crimes_two_halves_are_told_apart() -> None:
    months = [(0, 10), (0, 40), (1, 70), (0, 100)]
    answer = found(months * 3, 1)
    assert (answer.period, len(answer.steps)) == ("half", 1)
    assert (answer.steps[0].held, answer.kept, answer.verdict) == (0.5, 0.0, "unsteady")


def test_a_month_is_held_against_the_one_after_it_and_no_other() -> None:
    months = (10, 40, 70, 130, 160)  # January to March, May and June
    answer = found([(n, day) for day in months for n in range(2)] * 5, 1)
    assert [(step.before.month, step.after.month) for step in answer.steps] == [
        (1, 2),
        (2, 3),
        (5, 6),
    ]
    apart = found([(n, day) for day in (10, 70, 130) for n in range(2)] * 5, 1)
    assert [(step.before.month, step.after.month) for step in apart.steps] == [(1, 3)]
    assert apart.period == "half"


@pytest.mark.parametrize(
    ("rows", "top", "why"),
    [
        ([(0, 10), (1, 11)] * 10, 1, "there is one month only"),
        (
            [(n, day) for n in range(6) for day in (10, 40)],
            2,
            "there are 6 crimes in one half of the months, and 2 places need 10 in each",
        ),
        (
            [(n, day) for n in range(3) for day in (10, 40, 70)] * 9,
            40,
            "there are but 3 cells with crime, and all of them are chosen",
        ),
    ],
)
def test_of_too_little_nothing_is_said(
    rows: Sequence[tuple[int, float]], top: int, why: str
) -> None:
    answer = found(rows, top)
    assert (answer.steps, answer.verdict, answer.unknown) == ([], "unknown", why)


def test_what_comes_later_does_not_choose_among_places_that_are_alike_before() -> None:
    """One crime at each of ten places, then many at the last: nobody could have known."""
    rows = [(n, 10) for n in range(10)] + [(9, 40)] * 20
    answer = found(rows, 1)
    assert answer.steps[0].held == 0.0


@pytest.mark.parametrize(("across_m", "count"), [(2_000, 10_000), (10_000, 20_000)])
def test_crimes_at_random_are_unsteady_however_small_the_town(across_m: int, count: int) -> None:
    random = np.random.default_rng(6)
    metres = random.uniform(0, across_m, (count, 2))
    points = metres / (66_000, 111_000) + (-2.95, 53.4)
    made = crimes([(lon, lat) for lon, lat in points], days=random.uniform(0, 365, count).tolist())
    weight = np.ones(len(made))
    answer = stability(made, weight, ranked(made, weight, GRID), 40, CALENDAR)
    assert (answer.period, answer.verdict) == ("month", "unsteady")
    assert abs(answer.kept) < 0.25
