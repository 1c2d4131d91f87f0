"""Visits through windows of time: those of one run over everything."""

from contextlib import closing
from dataclasses import fields
from random import Random

import numpy as np
import pytest
import worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli.dwell_visits import VISIT, measure
from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile
from ingest.trackfiles import FIX, TrackFixes
from ingest.tracksort import TimeOrder

HOTSPOTS = Hotspots.prepare(
    [Hotspot(i, worlds.degrees(shape)) for i, shape in enumerate(worlds.SHAPES)]
    + [Hotspot(20, worlds.degrees(worlds.SHAPES[0]), buffer_m=24.683)]
)


def rows(fixes: Fixes) -> TrackFixes:
    table = np.zeros(len(fixes), FIX)
    for column in fields(fixes):
        table[column.name] = getattr(fixes, column.name)
    return table


def columns(table: TrackFixes) -> Fixes:
    return Fixes(
        table["device"].astype(np.int64),
        *(table[name].copy() for name in ("time_us", "lon", "lat", "accuracy_m")),
    )


@settings(max_examples=60)
@given(worlds.walks(), worlds.profiles, st.integers(1, 20), st.integers(1, 20), st.randoms())
def test_shuffled_fixes_by_small_runs_and_windows_give_what_one_run_gives(
    fixes: Fixes, profile: Profile, run_fixes: int, window_fixes: int, random: Random
) -> None:
    order = list(range(len(fixes)))
    random.shuffle(order)
    table = rows(fixes)[np.array(order, np.int64)]
    with closing(TimeOrder(run_fixes, window_fixes)) as ordered:
        for start in range(0, len(table), 3):
            ordered.add(table[start : start + 3])
        found = measure(map(columns, ordered.windows()), HOTSPOTS, profile)
    whole = run(fixes, HOTSPOTS, profile)
    expected = zip(*(getattr(whole, name).tolist() for name in VISIT), strict=True)
    assert sorted(found.iter_rows()) == sorted(expected)


def test_windows_that_do_not_follow_each_other_are_refused() -> None:
    later, earlier = worlds.track((60, 0, 0)), worlds.track((0, 0, 0))
    with pytest.raises(ValueError, match="not later than those before"):
        measure([later, earlier], HOTSPOTS, Profile())
