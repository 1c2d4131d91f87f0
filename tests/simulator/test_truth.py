"""The truth of small tracks that can be worked out by hand."""

import numpy as np

from simulator.path import Track
from simulator.town import Place
from simulator.truth import TrueVisit, qualifying, stays, witness

RING = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]])


def place(buffer_m: float = 0.0) -> Place:
    return Place("HS01", "Alder Street", RING, buffer_m, junction=0)


def visit(device: str, enter_s: int, exit_s: int) -> TrueVisit:
    return TrueVisit(device, "HS01", enter_s, exit_s)


def eastward(speed_mps: float, seconds: int) -> Track:
    """From 50.5 m west of the square straight through its middle."""
    t = np.arange(seconds + 1.0)
    return Track(-50.5 + speed_mps * t, np.full(seconds + 1, 50.0))


def test_a_walk_through_a_square_is_inside_for_its_width() -> None:
    truth = witness({"radio-1": eastward(1.0, 300)}, (place(),), {"radio-1": []})
    assert truth.visits == (visit("radio-1", 51, 151),)
    assert truth.patrols == {"HS01": 0}


def test_a_buffer_makes_the_visit_longer_at_both_ends() -> None:
    truth = witness({"radio-1": eastward(1.0, 300)}, (place(buffer_m=10.0),), {"radio-1": []})
    assert truth.visits == (visit("radio-1", 41, 161),)


def test_a_visit_is_interrupted_by_a_silence_within_it_only() -> None:
    def interrupted(*silences: tuple[float, float]) -> bool:
        truth = witness({"radio-1": eastward(1.0, 300)}, (place(),), {"radio-1": list(silences)})
        return truth.visits[0].interrupted

    assert interrupted((140.0, 280.0))
    assert not interrupted((0.0, 51.0), (151.0, 299.0))


def test_absences_of_up_to_two_minutes_are_bridged_and_longer_ones_are_not() -> None:
    inside = np.zeros(1000, dtype=np.bool_)
    inside[100:200] = inside[320:400] = inside[521:1000] = True
    assert stays(inside) == [(100, 400), (521, 1000)]


def test_nobody_there_is_no_stay() -> None:
    assert stays(np.zeros(10, dtype=np.bool_)) == []


def test_two_officers_at_once_make_one_patrol_and_together_ten_minutes() -> None:
    together = [visit("a", 0, 400), visit("b", 400, 800)]
    apart = [visit("a", 0, 400), visit("b", 401, 800)]
    assert qualifying(together) == 1
    assert qualifying(apart) == 0


def test_a_pass_through_does_not_lengthen_a_patrol() -> None:
    assert qualifying([visit("a", 0, 590), visit("b", 580, 660)]) == 0


def test_coverage_counts_hot_spots_with_a_patrol() -> None:
    standing = Track(np.full(700, 50.0), np.full(700, 50.0))
    elsewhere = Place("HS02", "Birch Lane", RING + 1000.0, 0.0, junction=1)
    truth = witness({"radio-1": standing}, (place(), elsewhere), {"radio-1": []})
    assert truth.patrols == {"HS01": 1, "HS02": 0}
    assert truth.coverage == 0.5
