import numpy as np
import pytest
from crimesmade import crimes

from app.compliance.calendar import Calendar
from app.places.choosing import NoChoice, in_hours, of_categories, weighed

CALENDAR = Calendar()
PLACE = (-2.98, 53.4)
MIXED = crimes([PLACE] * 3, categories=["Robbery", "Other theft", "Bicycle theft"])


def test_a_category_is_known_by_its_name_or_a_part_of_it() -> None:
    assert of_categories(MIXED, ["robbery"]).tolist() == [True, False, False]
    assert of_categories(MIXED, ["THEFT"]).tolist() == [False, True, True]
    assert of_categories(MIXED, ["other theft", "rob"]).tolist() == [True, True, False]


def test_an_unknown_category_is_told_with_those_there_are() -> None:
    with pytest.raises(NoChoice, match=r"'arson'; there are: Bicycle theft \(1\), Other theft"):
        of_categories(MIXED, ["theft", "arson"])


def test_weights_go_by_category_and_those_without_one_are_named() -> None:
    weights = {"robbery": 365.0, "OTHER THEFT": 2.0}
    with pytest.raises(NoChoice, match=r"no weight: Bicycle theft \(1\)$"):
        weighed(MIXED, weights)
    assert weighed(MIXED, weights, 0.5).tolist() == [365.0, 2.0, 0.5]
    assert weighed(MIXED, None).tolist() == [1.0, 1.0, 1.0]


def test_hours_are_those_of_the_clock_on_the_wall_and_may_pass_midnight() -> None:
    # 22:30 UTC is 23:30 by the clock in July, and in January 22:30.
    days = [22.5 / 24, 180 + 22.5 / 24, 1 / 24, 12 / 24]
    found = crimes([PLACE] * 4, days=[day + 365 * 30 for day in days])
    assert in_hours(found, (23, 3), CALENDAR)[0].tolist() == [False, True, True, False]
    assert in_hours(found, (0, 24), CALENDAR)[0].all()


def test_crimes_of_which_nobody_knows_the_hour_are_left_out_and_counted() -> None:
    mixed = crimes([PLACE] * 2, days=[10000.5, 10000.0])
    mixed.end_us[1] += 10**12
    within, timeless = in_hours(mixed, (0, 24), CALENDAR)
    assert (within.tolist(), timeless) == ([True, False], 1)
    with pytest.raises(NoChoice, match="hours of day cannot be told"):
        in_hours(mixed.take(np.array([1])), (0, 24), CALENDAR)
