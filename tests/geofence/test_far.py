"""Hot spots and tracks of a size that a town does not have."""

import numpy as np
import pytest
import worlds
from shapely import Polygon, box

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile

MINUTE = 60_000_000


def _fixes(places: list[tuple[float, float]], *, step_us: int, accuracy_m: float) -> Fixes:
    lon, lat = np.array(places).T
    count = len(places)
    return Fixes(
        np.ones(count, np.int64),
        np.arange(count) * step_us,
        lon,
        lat,
        np.full(count, accuracy_m),
    )


def test_beside_a_tall_hot_spot_metres_are_those_of_its_own_plane() -> None:
    """A degree of longitude is longer at its southern end than where its plane has its origin."""
    hotspots = Hotspots.prepare([Hotspot(1, box(-1.0, 53.0, -0.5, 53.5))])
    inside, beside = (-0.501, 53.0001), (-0.5 + 199.5 / hotspots.place[0, 2], 53.0001)
    there = [inside] * 3 + [beside] * 11 + [inside] * 3
    fixes = _fixes(there, step_us=15_000_000, accuracy_m=100.0)
    (visit,) = worlds.told(run(fixes, hotspots, Profile())).values()
    assert visit["last_us"] == 240_000_000
    store = worlds.Store(hotspots, Profile())
    for row in range(len(there)):
        store.take_in(fixes.take(slice(row, row + 1)))
    assert store.visits == worlds.told(run(fixes, hotspots, Profile()))


def test_a_device_that_goes_round_the_far_side_of_the_earth_is_seen_there() -> None:
    strips = [(179.0, 179.9), (-179.9, -179.0), (-61.0, -60.0), (60.0, 61.0)]
    hotspots = Hotspots.prepare(
        [Hotspot(i, box(west, 49.0, east, 51.0)) for i, (west, east) in enumerate(strips)]
    )
    fixes = _fixes([(0, 50), (120, 50), (-120, 50), (0, 50)], step_us=MINUTE, accuracy_m=5.0)
    visits = run(fixes, hotspots, Profile())
    assert sorted(visits.hotspot.tolist()) == [0, 1, 2, 3]
    store = worlds.Store(hotspots, Profile())
    for row in range(4):
        store.take_in(fixes.take(slice(row, row + 1)))
    assert store.visits == worlds.told(visits)


def test_an_edge_too_short_to_have_a_direction_is_none() -> None:
    ring = [(-1e-3, -1e-3), (-1e-200, -1e-3), (1e-200, -1e-3), (1e-3, -1e-3), (1e-3, 1e-3)]
    hotspots = Hotspots.prepare([Hotspot(1, Polygon([*ring, (-1e-3, 1e-3)]))])
    fixes = _fixes([(0.0, 0.0), (2e-3, 0.0), (3e-3, 0.0)], step_us=MINUTE, accuracy_m=5.0)
    (enter,) = run(fixes, hotspots, Profile()).enter_us.tolist()
    assert enter == 0


def test_an_empty_polygon_is_no_hot_spot() -> None:
    with pytest.raises(ValueError, match="empty"):
        Hotspots.prepare([Hotspot(1, box(0, 0, 1, 1)), Hotspot(2, Polygon())])
