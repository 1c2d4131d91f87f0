"""The engine agrees with a second, plain implementation of the dwell method."""

import plain
import pytest
import worlds
from hypothesis import HealthCheck, given, settings

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Profile

LASTING = [h for h in worlds.hotspots() if h.valid_from_us is None and h.valid_to_us is None]
HOTSPOTS = Hotspots.prepare(LASTING)


def rows_of(fixes: Fixes, device: int) -> list[plain.Row]:
    mine = fixes.take(fixes.device == device)
    columns = (mine.time_us, mine.lon, mine.lat, mine.accuracy_m)
    return list(zip(*(c.tolist() for c in columns), strict=True))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds.walks(devices=1), worlds.profiles)
def test_a_plain_implementation_gives_the_same_visits(fixes: Fixes, profile: Profile) -> None:
    found = worlds.told(run(fixes, HOTSPOTS, profile))
    rows = rows_of(fixes, 1)
    expected = {
        (1, hotspot.id, visit["first_us"]): visit
        for hotspot in LASTING
        for visit in plain.visits(rows, hotspot, profile)
    }
    assert len(found) == len(expected)
    for (key, visit), (other_key, plain_visit) in zip(
        sorted(found.items()), sorted(expected.items()), strict=True
    ):
        assert key[:2] == other_key[:2]
        speed = plain_visit.pop("mean_speed_mps")
        assert visit["mean_speed_mps"] == pytest.approx(speed, rel=1e-4, abs=1e-4)
        told = {name: visit[name] for name in plain_visit}
        assert told == pytest.approx(plain_visit, rel=0, abs=1000)  # microseconds
