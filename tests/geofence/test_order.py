"""The same fixes give the same visits, however they come."""

from collections.abc import Iterator

import numpy as np
import worlds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Ints, Profile

HOTSPOTS = Hotspots.prepare(worlds.hotspots())
slow = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def in_batches(data: st.DataObject, fixes: Fixes, order: Ints) -> Iterator[Fixes]:
    cuts = data.draw(st.lists(st.integers(0, len(fixes)), max_size=12))
    for part in np.split(order, sorted(cuts)):
        yield fixes.take(part)


@slow
@given(worlds.walks(), worlds.profiles, st.data())
def test_batches_in_order_give_what_one_run_gives(
    fixes: Fixes, profile: Profile, data: st.DataObject
) -> None:
    whole = worlds.told(run(fixes, HOTSPOTS, profile))
    store = worlds.Store(HOTSPOTS, profile)
    order = np.lexsort((fixes.device, fixes.time_us))
    for batch in in_batches(data, fixes, order):
        store.take_in(batch)
    assert store.visits == whole


@slow
@given(worlds.walks(), worlds.profiles, st.data())
def test_shuffled_and_duplicated_fixes_give_what_one_run_gives(
    fixes: Fixes, profile: Profile, data: st.DataObject
) -> None:
    whole = worlds.told(run(fixes, HOTSPOTS, profile))
    store = worlds.Store(HOTSPOTS, profile)
    twice = data.draw(st.lists(st.integers(0, max(len(fixes) - 1, 0)), max_size=5))
    rows = [*range(len(fixes)), *(twice if len(fixes) else [])]
    order = np.array(data.draw(st.permutations(rows)), np.int64)
    for batch in in_batches(data, fixes, order):
        store.take_in(batch)
    assert store.visits == whole
