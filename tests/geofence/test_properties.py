"""What holds of every track, however it goes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import worlds
from fuzz import examples
from hypothesis import given
from hypothesis import strategies as st
from shapely import box
from shapely.affinity import rotate
from worlds import Visit

from geofence.engine import advance, run
from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import Fixes, Hotspot, Profile, Span

HOTSPOTS = worlds.prepared()


def visits_of(fixes: Fixes, profile: Profile) -> list[Visit]:
    return list(worlds.told(run(fixes, HOTSPOTS, profile)).values())


@examples(50)
@given(worlds.tracks, worlds.profiles)
def test_dwell_lies_within_its_bounds(fixes: Fixes, profile: Profile) -> None:
    visits = run(fixes, HOTSPOTS, profile)
    assert (visits.low_us <= visits.dwell_us).all()
    assert (visits.dwell_us <= visits.high_us).all()
    assert (visits.inside_us <= visits.dwell_us).all()
    assert (visits.inside_us + visits.bridged_us == visits.last_us - visits.first_us).all()


@examples(50)
@given(worlds.tracks, worlds.profiles)
def test_visits_of_one_device_at_one_hot_spot_never_overlap(fixes: Fixes, profile: Profile) -> None:
    for (one, before), (other, after) in pairwise(
        sorted(worlds.told(run(fixes, HOTSPOTS, profile)).items())
    ):
        if one[:2] == other[:2]:
            assert before["exit_us"] <= after["enter_us"]


@examples(50)
@given(worlds.tracks, worlds.profiles)
def test_spans_add_up_to_the_figures_and_lie_within_the_visit(
    fixes: Fixes, profile: Profile
) -> None:
    for visit in visits_of(fixes, profile):
        spans = {
            kind: [(start, end) for k, start, end in visit["spans"] if k == kind] for kind in Span
        }
        length = {kind: sum(end - start for start, end in spans[kind]) for kind in Span}
        assert length[Span.INSIDE] == visit["inside_us"]
        assert length[Span.BRIDGED] == visit["bridged_us"]
        assert length[Span.SURE] == visit["low_us"]
        # Inside and bridged stretches take turns, without a gap, from first to last crossing.
        whole = sorted(spans[Span.INSIDE] + spans[Span.BRIDGED])
        assert (whole[0][0], whole[-1][1]) == (visit["first_us"], visit["last_us"])
        assert all(before[1] == after[0] for before, after in pairwise(whole))
        assert len(spans[Span.INSIDE]) == len(spans[Span.BRIDGED]) + 1
        assert all(before[1] < after[0] for before, after in pairwise(spans[Span.SURE]))
        for start, end in spans[Span.SURE]:
            assert visit["first_us"] <= start < end <= visit["last_us"]
        assert visit["outer_from_us"] <= visit["enter_us"] <= visit["first_us"]
        assert visit["last_us"] <= visit["exit_us"] <= visit["outer_to_us"]


MOMENTS = {"enter_us", "exit_us", "first_us", "last_us", "outer_from_us", "outer_to_us"}


def later(visit: Visit, shift: int) -> Visit:
    moved = {name: value + shift for name, value in visit.items() if name in MOMENTS}
    spans = [(kind, start + shift, end + shift) for kind, start, end in visit["spans"]]
    return visit | moved | {"spans": spans}


def shifted(hotspot: Hotspot, shift: int) -> Hotspot:
    since, until = hotspot.valid_from_us, hotspot.valid_to_us
    return replace(
        hotspot,
        valid_from_us=None if since is None else since + shift,
        valid_to_us=None if until is None else until + shift,
    )


@examples(50)
@given(worlds.tracks, worlds.profiles, st.integers(-(10**15), 10**15))
def test_shifting_time_shifts_the_visits(fixes: Fixes, profile: Profile, shift: int) -> None:
    hotspots = Hotspots.prepare([shifted(hotspot, shift) for hotspot in worlds.hotspots()])
    moved = run(replace(fixes, time_us=fixes.time_us + shift), hotspots, profile)
    expected = [later(visit, shift) for visit in visits_of(fixes, profile)]
    assert list(worlds.told(moved).values()) == expected


@examples(50)
@given(worlds.tracks, worlds.profiles)
def test_a_hot_spot_far_away_changes_nothing(fixes: Fixes, profile: Profile) -> None:
    far = Hotspot(99, worlds.degrees(worlds.square(0, 0, 50), lon0=100.0))
    more = Hotspots.prepare([*worlds.hotspots(), far])
    assert worlds.told(run(fixes, more, profile)) == worlds.told(run(fixes, HOTSPOTS, profile))


@examples(30)
@given(worlds.tracks, worlds.profiles, st.sampled_from(range(len(worlds.hotspots()))))
def test_each_hot_spot_is_measured_as_if_it_were_alone(
    fixes: Fixes, profile: Profile, which: int
) -> None:
    one = [h for h in worlds.hotspots() if h.id == worlds.hotspots()[which].id]
    alone = worlds.told(run(fixes, Hotspots.prepare(one), profile))
    among = worlds.told(run(fixes, HOTSPOTS, profile))
    assert alone == {key: visit for key, visit in among.items() if key[1] == one[0].id}


@examples(30)
@given(worlds.tracks, worlds.profiles)
def test_other_devices_change_nothing(fixes: Fixes, profile: Profile) -> None:
    together = worlds.told(run(fixes, HOTSPOTS, profile))
    each = [fixes.take(fixes.device == device) for device in (1, 2)]
    apart = [worlds.told(run(mine, HOTSPOTS, profile)) for mine in each]
    assert together == apart[0] | apart[1]


@examples(50)
@given(
    worlds.tracks,
    worlds.profiles,
    st.sampled_from(worlds.SHAPES),
    st.sampled_from([0.0, 90.0, 34.56789]),
    st.integers(-9, 9).map(lambda n: 10 * n + 0.31337),  # no leg along it
)
def test_time_inside_two_halves_of_a_hot_spot_adds_up_to_that_of_the_whole(
    fixes: Fixes, profile: Profile, shape: worlds.Shape, turned: float, cut: float
) -> None:
    west = rotate(box(-1000, -1000, cut, 1000), turned, origin=(0, 0))
    halves = [half for half in (shape & west, shape - west) if half.area > 0]
    inside, presences = [], 0
    for parts in ([shape], halves):
        hotspots = [Hotspot(i, worlds.degrees(part)) for i, part in enumerate(parts)]
        visits = run(fixes, Hotspots.prepare(hotspots), profile)
        inside.append([visits.inside_us[visits.device == device].sum() for device in (1, 2)])
        presences += len(visits.spans.kind)
    # Each crossing is rounded to the microsecond.
    np.testing.assert_allclose(inside[0], inside[1], rtol=0, atol=presences)


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
