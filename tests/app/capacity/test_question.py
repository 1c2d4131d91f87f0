"""Questions that nobody can answer are refused, each in words that say why."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.capacity.question import CapacityError, Demand, Staffing, check_together

DEMAND = Demand(
    x_m=np.zeros(1),
    y_m=np.zeros(1),
    hotspot=np.zeros(1, np.int64),
    start=np.zeros(1),
    end=np.array([480.0]),
    required=np.ones(1, np.int64),
)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"officers": 0}, "officers: there are none: nobody can patrol"),
        ({"officers": 2000}, "officers: more than 1000"),
        ({"crew": 0}, "crew: 0 officers do not make a crew"),
        ({"crew": 5}, "crew: a crew is 5 officers, and there are 4"),
        ({"speed_kmh": 0.0}, "speed: 0 km/h is not above 0"),
        ({"speed_kmh": float("nan")}, "speed: nan km/h is not above 0"),
        ({"detour": 0.5}, "detour: 0.5 is not from 1 to 10"),
        ({"abstraction": 1.0}, "abstraction: 1 is not a share from 0 to below 1: at 1 nobody is"),
        ({"uncounted": 1.0}, "uncounted: 1 is not a share from 0 to below 1"),
        ({"calls_per_hour": -1.0}, "calls-per-hour: -1 is not 0 or more"),
        ({"calls_per_hour": 1e4}, "calls-per-hour: 10000 are more than 20: hardly a patrol"),
        ({"calls_per_hour": float("nan")}, "calls-per-hour: nan is not 0 or more"),
        ({"call_minutes": float("inf")}, "call-minutes: inf is not 0 or more"),
    ],
)
def test_a_staffing_that_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CapacityError) as refused:
        Staffing(**({"officers": 4} | given))
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"required": np.zeros(1, np.int64)}, "patrols: nothing is required"),
        ({"hotspot": np.empty(0, np.int64)}, "patrols: nothing is required"),
        ({"minutes": 9.0}, "minutes: patrols of 9 minutes never count: the plan asks for 10"),
        ({"minutes": float("nan")}, "minutes: patrols of nan minutes never count"),
        ({"minutes": 481.0}, "minutes: patrols of 481 minutes do not fit into a window of 480"),
        ({"target": 0.0}, "target: 0 is not a share above 0"),
        ({"x_m": np.zeros(2001)}, "hotspots: there are over 2000"),
    ],
)
def test_a_plan_that_asks_nothing_or_too_much_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CapacityError) as refused:
        replace(DEMAND, **given)
    assert str(refused.value).startswith(said)


def test_other_work_that_fills_the_shift_leaves_nothing_to_ask() -> None:
    check_together(Staffing(4, other_minutes=468.0), DEMAND)
    with pytest.raises(CapacityError, match="other-minutes: 469 of a shift of 480 minutes leave"):
        check_together(Staffing(4, other_minutes=469.0), DEMAND)


def test_a_station_in_another_country_is_refused() -> None:
    replace(DEMAND, station=(50_000.0, 0.0))
    with pytest.raises(CapacityError, match="station: the nearest hot spot is 3,000 km from it"):
        replace(DEMAND, station=(3_000_000.0, 0.0))


def test_a_crew_misses_a_patrol_only_if_all_its_devices_do() -> None:
    assert Staffing(4, crew=1, uncounted=0.1).missed == pytest.approx(0.1)
    assert Staffing(4, crew=2, uncounted=0.1).missed == pytest.approx(0.01)
