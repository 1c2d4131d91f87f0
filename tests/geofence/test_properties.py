"""What holds of every track, however it goes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import worlds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geofence.engine import advance, run
from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import Fixes, Hotspot, Profile

HOTSPOTS = Hotspots.prepare(worlds.hotspots())
LASTING = [h for h in worlds.hotspots() if h.id < 30]  # without versions, which have their times
many = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(worlds.walks(), worlds.profiles)
def test_dwell_lies_within_its_bounds(fixes: Fixes, profile: Profile) -> None:
    visits = run(fixes, HOTSPOTS, profile)
    assert (visits.low_us <= visits.dwell_us).all()
    assert (visits.dwell_us <= visits.high_us).all()
    assert (visits.inside_us <= visits.dwell_us).all()
    assert (visits.inside_us + visits.bridged_us == visits.last_us - visits.first_us).all()


@many
@given(worlds.walks(), worlds.profiles)
def test_visits_of_one_device_at_one_hot_spot_never_overlap(fixes: Fixes, profile: Profile) -> None:
    for (one, before), (other, after) in pairwise(
        sorted(worlds.told(run(fixes, HOTSPOTS, profile)).items())
    ):
        if one[:2] == other[:2]:
            assert before["exit_us"] <= after["enter_us"]


@many
@given(worlds.walks(), worlds.profiles, st.integers(-(10**15), 10**15))
def test_shifting_time_shifts_the_visits(fixes: Fixes, profile: Profile, shift: int) -> None:
    hotspots = Hotspots.prepare(LASTING)
    visits = run(fixes, hotspots, profile)
    shifted = run(replace(fixes, time_us=fixes.time_us + shift), hotspots, profile)
    np.testing.assert_array_equal(shifted.enter_us, visits.enter_us + shift)
    np.testing.assert_array_equal(shifted.exit_us, visits.exit_us + shift)
    np.testing.assert_array_equal(shifted.outer_to_us, visits.outer_to_us + shift)
    np.testing.assert_array_equal(shifted.low_us, visits.low_us)


@many
@given(worlds.walks(), worlds.profiles)
def test_a_hot_spot_far_away_changes_nothing(fixes: Fixes, profile: Profile) -> None:
    far = Hotspot(99, worlds.degrees(worlds.square(0, 0, 50), lon0=100.0))
    more = Hotspots.prepare([*worlds.hotspots(), far])
    assert worlds.told(run(fixes, more, profile)) == worlds.told(run(fixes, HOTSPOTS, profile))


@pytest.mark.parametrize("hotspots", [[], worlds.hotspots()])
def test_nothing_to_look_at_is_no_visit(hotspots: list[Hotspot]) -> None:
    prepared = Hotspots.prepare(hotspots)
    nothing = advance(Memory.empty(), worlds.track(), prepared, Profile())
    assert len(nothing.visits) == 0
    inexact = worlds.track((0, 0, 0), accuracy_m=500.0)
    step = advance(Memory.empty(), inexact, prepared, Profile())
    assert len(step.visits) == 0
    assert step.memory.tail.last_us.tolist() == [worlds.START_US]
    assert len(run(worlds.track((0, 900, 0)), prepared, Profile())) == 0


def test_two_versions_that_begin_together_are_refused() -> None:
    twice = [worlds.hotspots()[0]] * 2
    with pytest.raises(ValueError, match="begin at the same moment"):
        Hotspots.prepare(twice)
