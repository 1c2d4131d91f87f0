import numpy as np
from worlds import START_US, degrees, square, track

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import NEVER, Hotspot, Profile
from geofence.replay import Replay, replay

HOTSPOTS = Hotspots.prepare([Hotspot(1, degrees(square(0, 0, 50)))])
# In for five minutes, out for fifteen, and again.
FIXES = track(*((60.0 * i, -200.0 if i % 20 >= 5 else 0.0, 0.0) for i in range(60)), accuracy_m=5.0)


def again(stored_from: int, late: int) -> Replay:
    """What is found where the first fixes are gone, for one that came late."""
    late_us = {1: int(FIXES.time_us[late])}
    stored = FIXES.take(slice(stored_from, None))
    return replay(stored, {1: NEVER}, late_us, {1: START_US}, HOTSPOTS, Profile())


def test_a_track_without_its_beginning_is_told_from_the_first_fix_nothing_reaches_across() -> None:
    visits = run(FIXES, HOTSPOTS, Profile())
    assert len(visits) == 3
    for stored_from, late in ((3, 3), (3, 4), (3, 0), (6, 6)):
        found = again(stored_from, late)
        # Five minutes after the last presence that may go on, or the first fix there is.
        assert FIXES.time_us[5] < found.cut_us[1] < visits.first_us[1]
        assert found.visits.enter_us.tolist() == visits.enter_us[1:].tolist()
        assert found.visits.inside_us.tolist() == visits.inside_us[1:].tolist()
        assert found.memory.tail.first_us.tolist() == [START_US]
        assert found.needs_from == {}


def test_a_track_without_its_beginning_is_cut_before_a_late_fix_where_it_can_be() -> None:
    found = again(3, 50)
    assert found.cut_us == {1: int(FIXES.time_us[39])}


def test_a_track_without_its_beginning_that_is_never_clear_is_not_told() -> None:
    short = FIXES.take(np.arange(2, 5))
    found = replay(short, {1: NEVER}, {1: NEVER}, {1: START_US}, HOTSPOTS, Profile())
    assert (found.cut_us, found.needs_from, len(found.visits)) == ({}, {}, 0)
