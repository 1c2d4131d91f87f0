"""Officers keep to the speed of their mode, do their tasks, and cover most of the hot spots."""

from datetime import date

import numpy as np
import pytest

from simulator import make
from simulator.roster import Officer, Task, deal, muster
from simulator.shift import SHIFT_S, work
from simulator.town import build
from simulator.truth import witness


def test_four_officers_go_by_each_mode_and_every_hot_spot_is_on_a_list() -> None:
    town = build(np.random.default_rng(1))
    officers = muster()
    tasks = deal(officers, town, np.random.default_rng(2))
    assert [officer.mode for officer in officers].count("bicycle") == 4
    assert len({officer.name for officer in officers}) == 12
    assert {task.place.id for dealt in tasks.values() for task in dealt} == {
        place.id for place in town.places
    }


@pytest.mark.parametrize(("mode", "slowest", "fastest"), [("foot", 1.0, 2.0), ("car", 8.0, 11.5)])
def test_officers_move_at_the_speed_of_their_mode(
    mode: str, slowest: float, fastest: float
) -> None:
    officer = next(officer for officer in muster() if officer.mode == mode)
    town = build(np.random.default_rng(1))
    track = work(officer, [], town, np.random.default_rng(2))
    speed = np.hypot(np.diff(track.x), np.diff(track.y))
    assert len(track.x) == SHIFT_S + 1
    assert slowest < np.median(speed[speed > 0.1]) < fastest
    assert speed.max() < fastest


def test_a_task_is_done_for_as_long_as_was_asked_and_a_walk_in_and_out() -> None:
    town = build(np.random.default_rng(4))
    officer = Officer("PC Ashdown", "car")
    place = town.places[0]
    track = work(officer, [Task(place, 720.0)], town, np.random.default_rng(5))
    visits = witness({"phone-1": track}, (place,), {"phone-1": []}).visits
    assert 720 <= max(visit.dwell_s for visit in visits) <= 720 + 420


@pytest.mark.parametrize("seed", range(6))
def test_the_plan_is_mostly_but_not_wholly_met(seed: int) -> None:
    truth = make(seed, date(2026, 3, 6)).truth
    assert 0.75 <= truth.coverage <= 0.95
    minutes = np.array([visit.dwell_s for visit in truth.visits]) / 60
    assert (minutes < 2).sum() >= 20
    assert ((minutes >= 2) & (minutes < 10)).sum() >= 5
    assert (minutes >= 10).sum() >= 40
