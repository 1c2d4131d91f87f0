"""The study's ground, worked out by hand: truth, devices, rivals and matching."""

import numpy as np
import pytest
from accuracy.devices import START_US, Device, record, time_us
from accuracy.matching import match
from accuracy.path import Path, bridged, stays
from accuracy.patrols import ARRIVALS, PURPOSES, draw_patrol
from accuracy.places import Place
from accuracy.rules import ends
from shapely import Polygon

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile
from simulator.plane import Plane, distance

SQUARE = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]])
# A U, open to the north: a way from arm to arm leaves it.
HORSESHOE = np.array(
    [[0, 0], [300, 0], [300, 100], [200, 100], [200, 50], [100, 50], [100, 100], [0, 100]], float
)


def along_x(*corners: tuple[float, float], y: float = 50.5) -> Path:
    """A path along a line of equal y; corners are (seconds, x)."""
    t, x = np.array(corners).T
    return Path(t, x, np.full(len(t), y))


def test_a_walk_through_a_square_is_inside_from_edge_to_edge() -> None:
    assert stays(along_x((0, -50), (100, 50), (200, 250)), SQUARE) == [(50.0, 125.0)]


def test_a_stop_exactly_on_the_way_in_is_no_second_entry() -> None:
    found = stays(along_x((0, -50), (50, 0), (60, 0), (110, 50), (400, 50)), SQUARE)
    assert len(found) == 1
    assert found[0][1] == 400.0


def test_an_absence_of_two_minutes_is_bridged_and_a_longer_one_is_not() -> None:
    assert bridged([(0.0, 10.0), (130.0, 200.0), (320.1, 400.0)]) == [(0.0, 200.0), (320.1, 400.0)]


def test_the_way_between_the_arms_of_a_concave_hot_spot_is_an_absence() -> None:
    slow = along_x((0, 50), (400, 250), y=75.0)  # half a metre a second: 200 s across the gap
    fast = along_x((0, 50), (200, 250), y=75.0)
    assert stays(slow, HORSESHOE) == [(0.0, 100.0), (300.0, 400.0)]
    assert stays(fast, HORSESHOE) == [(0.0, 200.0)]


def test_patrols_are_the_same_however_many_are_drawn_and_arrive_in_every_way() -> None:
    patrols = [draw_patrol(number, 1, "stays") for number in range(6)]
    again = draw_patrol(4, 1, "stays")
    assert np.array_equal(again.path.x, patrols[4].path.x)
    assert {patrol.arrival for patrol in patrols} == set(ARRIVALS)
    assert not np.array_equal(again.path.x, draw_patrol(4, 2, "stays").path.x)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_patrols_begin_and_end_far_outside(purpose: str) -> None:
    for number in range(6):
        patrol = draw_patrol(number, 3, purpose)
        ends_m = distance(patrol.place.ring, patrol.path.x[[0, -1]], patrol.path.y[[0, -1]])
        assert ends_m.min() > 100.0
        assert all(0.0 < a < b < patrol.path.t_s[-1] for a, b in patrol.stays)
        assert (purpose == "elsewhere") == (not patrol.stays)


def test_points_beside_a_hot_spot_are_as_far_from_it_as_asked() -> None:
    rng = np.random.default_rng(1)
    points = np.array([Place(HORSESHOE).beside(20.0, rng) for _ in range(50)])
    assert distance(HORSESHOE, *points.T) == pytest.approx(20.0)
    assert not Place(HORSESHOE).holds(*points.T).any()


def off_m(device: Device, patrol_count: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far each fix is off, what it tells, and when it is, over some patrols at one place."""
    far, told, when = [], [], []
    for number in range(patrol_count):
        patrol = draw_patrol(number, 1, "stays")
        fixes = record(device, [patrol], number).fixes
        t_s = (fixes.time_us - START_US) / 1e6
        east, north = Plane(-5.0, 51.0).degrees(*patrol.path.at(t_s))
        per_east, per_north = np.array(Plane(0.0, 51.0).degrees(np.ones(1), np.ones(1))).ravel()
        per_north -= 51.0
        off = np.hypot((fixes.lon - east) / per_east, (fixes.lat - north) / per_north)
        far.append(off)
        told.append(fixes.accuracy_m)
        when.append(t_s)
    return np.concatenate(far), np.concatenate(told), np.concatenate(when)


def test_an_honest_device_tells_the_radius_that_holds_two_thirds_of_its_fixes() -> None:
    far, told, _ = off_m(Device(30.0, 6.0))
    assert np.mean(far <= told) == pytest.approx(0.68, abs=0.03)
    assert np.sqrt(np.mean(far**2) / 2.0) == pytest.approx(6.0, rel=0.05)


def test_devices_that_differ_tell_otherwise() -> None:
    assert np.isnan(off_m(Device(30.0, 6.0, tells=None), 2)[1]).all()
    honest, halved = off_m(Device(30.0, 6.0), 2)[1], off_m(Device(30.0, 6.0, tells=0.5), 2)[1]
    assert halved == pytest.approx(honest / 2.0)
    wild, usual = off_m(Device(30.0, 6.0, wild=3.0))[0], off_m(Device(30.0, 6.0))[0]
    share = np.mean(wild > usual + 1e-3)
    assert 0.0 < share < 0.2
    assert wild[wild > usual + 1e-3] == pytest.approx(3.0 * usual[wild > usual + 1e-3], abs=1e-3)


def test_a_silent_device_leaves_gaps() -> None:
    steady = np.diff(off_m(Device(15.0, 6.0), 1)[2])
    silent = np.diff(off_m(Device(15.0, 6.0, silent_s=300.0), 1)[2])
    assert steady == pytest.approx(15.0, abs=2e-3)
    assert 285.0 <= silent.max() <= 315.0
    still = np.diff(off_m(Device(15.0, 0.0, moves_m=25.0), 1)[2])
    assert still.max() >= 900.0  # the wait far off, without an error to move it


def test_the_rules_begin_and_end_a_visit_where_each_says() -> None:
    # In at 3 m/s, then 2 m/s across the edge; out at 1 m/s across it, then 2 m/s.
    x = np.array([-230.0, -50.0, 70.0, 70.0, 70.0, 130.0, 250.0])
    lon, lat = Plane(-5.0, 51.0).degrees(x, np.full(7, 50.0))
    fixes = Fixes(np.zeros(7, int), time_us(np.arange(7) * 60.0), lon, lat, np.full(7, 5.0))
    ring = np.column_stack(Plane(-5.0, 51.0).degrees(*SQUARE.T))
    visits = run(fixes, Hotspots.prepare([Hotspot(0, Polygon(ring))]), Profile(interval_s=60.0))
    found = ends(visits, fixes, (x >= 0.0) & (x <= 100.0), START_US)
    assert {rule: (e.enter_s[0], e.exit_s[0]) for rule, e in found.items()} == {
        "pace": pytest.approx((60.0 + 50.0 / 3.0, 300.0 - 30.0 / 2.0), abs=1e-4),
        "crossing": pytest.approx((60.0 + 50.0 / 2.0, 240.0 + 30.0 / 1.0), abs=1e-4),
        "midpoint": pytest.approx((90.0, 270.0)),
        "outside": pytest.approx((120.0, 300.0)),
        "inside": pytest.approx((120.0, 240.0)),
    }


def test_a_leg_that_clips_the_hot_spot_says_nothing_to_rules_that_need_a_fix_inside() -> None:
    x = np.array([-200.0, -100.0, 200.0, 300.0])
    lon, lat = Plane(-5.0, 51.0).degrees(x, np.full(4, 50.0))
    fixes = Fixes(np.zeros(4, int), time_us(np.arange(4) * 60.0), lon, lat, np.full(4, 5.0))
    ring = np.column_stack(Plane(-5.0, 51.0).degrees(*SQUARE.T))
    visits = run(fixes, Hotspots.prepare([Hotspot(0, Polygon(ring))]), Profile(interval_s=60.0))
    found = ends(visits, fixes, np.zeros(4, bool), START_US)
    assert found["crossing"].exit_s - found["crossing"].enter_s == pytest.approx(20.0, abs=1e-4)
    assert np.isnan([found[rule].enter_s for rule in ("midpoint", "outside", "inside")]).all()


def test_stays_and_visits_are_matched_by_the_longest_overlap() -> None:
    true = [[(0.0, 100.0), (300.0, 900.0)], [], [(0.0, 50.0)]]
    owner = np.array([0, 0, 0, 1, 2])
    enter = np.array([10.0, 290.0, 700.0, 0.0, 60.0])
    leave = np.array([90.0, 600.0, 910.0, 50.0, 80.0])
    found = match(true, owner, enter, leave)
    assert found.owner.tolist() == [0, 0, 2]
    assert found.true_s.tolist() == [100.0, 600.0, 50.0]
    assert found.shown_by.tolist() == [0, 1, -1]
    assert found.whole.tolist() == [True, False, False]
    assert found.behind.tolist() == [0, 1, 1, -1, -1]
