"""Shifts whose course can be told beforehand, and what holds of all of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.capacity.question import Demand, Staffing
from app.capacity.shifts import Outcome, work

# Nothing comes between, nothing is lost, a kilometre takes four minutes.
UNDISTURBED = Staffing(
    1, crew=1, detour=1.0, calls_per_hour=0.0, other_minutes=0.0, abstraction=0.0, uncounted=0.0
)


def line(count: int, apart_m: float, patrols: int = 1, end: float = 480.0) -> Demand:
    """Hot spots in a row, the station at the first."""
    return Demand(
        x_m=apart_m * np.arange(count, dtype=np.float64),
        y_m=np.zeros(count),
        hotspot=np.arange(count),
        start=np.zeros(count),
        end=np.full(count, end),
        required=np.full(count, patrols),
        station=(0.0, 0.0),
    )


def run(staffing: Staffing, demand: Demand, runs: int = 50, seed: int = 1) -> Outcome:
    return work(staffing, demand, runs, np.random.default_rng(seed))


def test_all_is_done_where_there_is_time_for_all() -> None:
    done = run(UNDISTURBED, line(10, 500.0, patrols=2))
    assert (done.counted == 2).all()
    assert (done.patrols == 20).all()
    assert (done.patrol_minutes >= 200).all()
    assert (done.spare_minutes > 60).all()


def test_no_more_is_done_than_there_is_time_for() -> None:
    # 20 km are 80 minutes: in 240 minutes two ways and three stays, or three ways and two.
    done = run(UNDISTURBED, line(30, 20_000.0, end=240.0), runs=300)
    assert (done.patrols <= 4).all()
    assert 2 < done.patrols.mean() < 3.5
    assert (done.counted.sum(axis=1) == done.patrols).all()


def test_a_patrol_in_each_window_is_made_in_its_window() -> None:
    windows = replace(
        line(1, 0.0),
        hotspot=np.zeros(2, np.int64),
        start=np.array([0.0, 60.0]),
        end=np.array([30.0, 90.0]),
        required=np.ones(2, np.int64),
    )
    done = run(UNDISTURBED, windows)
    assert (done.counted == 1).all()
    # Between the windows, and after the second, there was nothing to do.
    assert (done.spare_minutes > 45).all()
    shut = replace(windows, start=np.array([0.0, 20.0]), end=np.array([30.0, 32.0]))
    assert run(UNDISTURBED, shut).counted[:, 1].mean() < 0.7


def test_two_crews_are_not_at_one_hot_spot_at_once() -> None:
    # Within 30 minutes there is room for two patrols one after the other, and the walk between.
    crowd = replace(UNDISTURBED, officers=10)
    done = run(crowd, line(1, 0.0, patrols=9, end=30.0))
    assert (done.counted <= 2).all()


def test_a_call_breaks_a_patrol_off_and_the_hot_spot_stays_owed() -> None:
    # A call in three minutes on average, short: hardly a stay lasts ten minutes.
    called = replace(UNDISTURBED, calls_per_hour=20.0, call_minutes=1.0)
    done = run(called, line(3, 300.0), runs=200)
    assert (done.patrol_minutes > 12 * done.patrols).any()
    assert 0.3 < done.coverage().mean() < 1.0


def test_officers_taken_off_make_fewer_crews_and_one_alone_makes_none() -> None:
    pair = replace(UNDISTURBED, officers=2, crew=2, abstraction=0.5)
    covered = run(pair, line(3, 300.0), runs=4000).coverage()
    # Both are there in a quarter of all shifts.
    assert covered.mean() == pytest.approx(0.25, abs=0.03)
    assert set(covered.tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("asked", [30.0, 240.0, 360.0, 468.0])
def test_other_work_takes_the_minutes_that_were_asked(asked: float) -> None:
    # There is no way to go: what is neither patrol nor spare is other work.
    done = run(replace(UNDISTURBED, other_minutes=asked), line(40, 0.0), runs=200)
    spent = 480.0 - done.patrol_minutes - done.spare_minutes
    assert spent.mean() == pytest.approx(asked, abs=1.0)
    # The last patrol before it may make it late, and no more than that.
    assert (spent >= asked - 14.0).all()
    assert (spent <= asked + 1e-6).all()


def test_what_no_device_shows_was_made_and_does_not_count() -> None:
    lost = replace(UNDISTURBED, uncounted=0.3)
    done = run(lost, line(10, 300.0), runs=400)
    assert (done.patrols == 10).all()
    assert done.coverage().mean() == pytest.approx(0.7, abs=0.03)


STAFFINGS = st.builds(
    lambda crews, crew, **more: Staffing(crews * crew, crew, **more),
    st.integers(1, 8),
    st.integers(1, 2),
    speed_kmh=st.floats(3.0, 40.0),
    calls_per_hour=st.floats(0.0, 3.0),
    abstraction=st.floats(0.0, 0.9),
)


@given(STAFFINGS, st.integers(1, 12), st.integers(1, 3), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_of_any_shift_the_sums_are_within_what_is_possible(
    staffing: Staffing, hotspots: int, patrols: int, seed: int
) -> None:
    demand = line(hotspots, 800.0, patrols)
    done = run(staffing, demand, runs=5, seed=seed)
    assert (done.counted >= 0).all()
    assert (done.counted <= patrols).all()
    assert (done.counted.sum(axis=1) <= done.patrols).all()
    assert (done.patrol_minutes >= 10.0 * done.patrols).all()
    crews = staffing.officers // staffing.crew
    assert (done.patrol_minutes + done.spare_minutes <= crews * demand.length + 1e-6).all()


@pytest.mark.parametrize(
    "better",
    [
        {"officers": 8},
        {"speed_kmh": 30.0},
        {"calls_per_hour": 0.1},
        {"other_minutes": 10.0},
        {"abstraction": 0.0},
    ],
)
def test_with_more_time_more_is_covered(better: dict[str, float]) -> None:
    usual = Staffing(6, speed_kmh=10.0, other_minutes=90.0)
    demand = line(40, 150.0)
    worse = run(usual, demand, 500).coverage().mean()
    assert run(replace(usual, **better), demand, 500).coverage().mean() > worse + 0.01  # type: ignore[arg-type] # its own fields


def test_the_same_seed_gives_the_same_shifts() -> None:
    one, other = (run(Staffing(6), line(20, 300.0), seed=4) for _ in range(2))
    assert (one.counted == other.counted).all()
    assert (one.spare_minutes == other.spare_minutes).all()
