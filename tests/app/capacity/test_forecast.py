"""A forecast is of the shifts it was made from: its range holds nine of ten, words say as much."""

import numpy as np
import pytest

from app.capacity.forecast import Forecast, first, forecast
from app.capacity.ground import metres, middle
from app.capacity.question import CapacityError, Demand, Staffing
from app.capacity.shifts import work
from app.capacity.words import sentence

RNG = np.random.default_rng(3)
DEMAND = Demand(
    x_m=RNG.uniform(0.0, 3000.0, 40),
    y_m=RNG.uniform(0.0, 3000.0, 40),
    hotspot=np.tile(np.arange(40), 2),
    start=np.repeat([0.0, 240.0], 40),
    end=np.repeat([240.0, 480.0], 40),
    required=np.ones(80, np.int64),
)


def make(staffing: Staffing, hotspots: int) -> Forecast:
    return forecast(staffing, first(DEMAND, hotspots), 400, np.random.default_rng(5))


def test_nine_of_ten_shifts_are_in_the_range_and_the_rest_is_their_mean() -> None:
    said = make(Staffing(8), 40)
    coverage = work(Staffing(8), first(DEMAND, 40), 400, np.random.default_rng(5)).coverage()
    within = (said.low <= coverage) & (coverage <= said.high)
    assert within.mean() >= 0.9
    assert said.low <= said.median <= said.high
    assert said.coverage == pytest.approx(coverage.mean())
    assert said.chance == (coverage >= 0.9).mean()
    assert (said.hotspots, said.cells, said.required, said.runs) == (40, 80, 80, 400)


def test_fewer_hot_spots_are_the_first_ones_in_every_window_and_the_station_stays() -> None:
    fewer = first(DEMAND, 15)
    assert fewer.x_m.tolist() == DEMAND.x_m[:15].tolist()
    assert fewer.hotspot.tolist() == [*range(15), *range(15)]
    assert fewer.start.tolist() == [0.0] * 15 + [240.0] * 15
    assert fewer.starting_point == DEMAND.starting_point
    assert make(Staffing(8), 40).coverage < make(Staffing(8), 15).coverage


def test_a_number_of_runs_that_cannot_be_is_refused() -> None:
    with pytest.raises(CapacityError, match="runs: 0 is not from 1 to 20000"):
        forecast(Staffing(8), DEMAND, 0, np.random.default_rng(5))


def test_runs_that_would_take_minutes_are_refused_with_how_many_do_not() -> None:
    with pytest.raises(CapacityError) as refused:
        forecast(Staffing(1000), DEMAND, 1000, np.random.default_rng(5))
    assert str(refused.value) == (
        "runs: 1000 with 500 crews and 80 cells would take minutes: at most 250"
    )
    fewer = first(DEMAND, 2)
    assert forecast(Staffing(1000, 1000), fewer, 1000, np.random.default_rng(5)).runs == 1000


def said(low: float, high: float, chance: float, hotspots: int) -> Forecast:
    return Forecast(hotspots, hotspots, hotspots, 0.9, 0, low, 0, high, chance, 0, 0, 0, 0, 0, 100)


def test_words_name_the_range_and_how_often_the_target_is_missed() -> None:
    found = [
        said(0.708, 0.88, 0.03, 40),
        said(0.9, 1.0, 0.9999, 30),
        said(1.0, 1.0, 1.0, 20),
        said(0.1, 0.2, 0.0, 10),
        said(0.1, 0.2, 0.004, 9),
    ]
    assert sentence(Staffing(12), found) == (
        "With 12 officers in crews of 2, expect this coverage by number of hot spots:"
        " 71 to 88 % at 40 (target missed in 97 of 100 shifts),"
        " 90 to 100 % at 30 (target missed in fewer than 1 of 100 shifts),"
        " 100 % at 20 (target met in every shift simulated),"
        " 10 to 20 % at 10 (target met in no shift simulated),"
        " 10 to 20 % at 9 (target met in fewer than 1 of 100 shifts)."
        " The target is 90 %; nine shifts of ten lie in the range."
    )
    assert sentence(Staffing(1, crew=1), found[:1]).startswith("With 1 officer, expect")


def test_places_in_degrees_are_where_they_are_in_metres_across_the_antimeridian_too() -> None:
    lon, lat = np.array([179.99, -179.99]), np.array([60.0, 60.0])
    centre = middle(lon, lat)
    east, north = metres(lon, lat, centre)
    # A degree of longitude is half as long at 60 degrees: 111 195 m / 2.
    assert east == pytest.approx([-556.0, 556.0], abs=0.1)
    assert north == pytest.approx([0.0, 0.0])
