"""The engine beside the plain implementation of the dwell method: they must agree to 1 ms."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import plain
import pytest
import worlds

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile

WITHIN_US = 1000
WITHIN_MPS = 1e-3


def plainly(fixes: Fixes, hotspots: Iterable[Hotspot], profile: Profile) -> list[plain.Visit]:
    """What the plain implementation finds, with `device` and `hotspot`."""
    rules = plain.Rules(**asdict(profile))
    found = []
    for device in sorted(set(fixes.device.tolist())):
        rows = _rows(fixes, device)
        for hotspot in hotspots:
            at = {"device": device, "hotspot": hotspot.id}
            found += [at | visit for visit in plain.visits(rows, _place(hotspot), rules)]
    return found


def _rows(fixes: Fixes, device: int) -> list[plain.Row]:
    mine = fixes.take(fixes.device == device)
    columns = (mine.time_us, mine.lon, mine.lat, mine.accuracy_m)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _place(hotspot: Hotspot) -> plain.Place:
    times = {"since": hotspot.valid_from_us, "until": hotspot.valid_to_us}
    given = {name: time for name, time in times.items() if time is not None}
    return plain.Place(hotspot.geometry, hotspot.buffer_m, **given)


def agree(fixes: Fixes, hotspots: Sequence[Hotspot], profile: Profile) -> int:
    """Assert that both find the same visits, the same of each; how many."""
    found = list(worlds.told(run(fixes, Hotspots.prepare(hotspots), profile)).values())
    expected = plainly(fixes, hotspots, profile)
    assert len(found) == len(expected)
    for visit, other in zip(sorted(found, key=_order), sorted(expected, key=_order), strict=True):
        same(visit, other)
    return len(found)


def _order(visit: worlds.Visit) -> tuple[int, int, int]:
    return (visit["device"], visit["hotspot"], visit["first_us"])


def same(visit: worlds.Visit, other: plain.Visit) -> None:
    """Assert that all that `other` says of a visit is what `visit` says; 1 ms is none."""
    told = {name: visit[name] for name in other}
    spans, other_spans = told.pop("spans"), dict(other).pop("spans")
    assert [span[0] for span in spans] == [span[0] for span in other_spans]
    for span, other_span in zip(spans, other_spans, strict=True):
        assert span == pytest.approx(other_span, rel=0, abs=WITHIN_US)
    said = {name: value for name, value in other.items() if name != "spans"}
    speed, other_speed = told.pop("mean_speed_mps"), said.pop("mean_speed_mps")
    assert speed == pytest.approx(other_speed, rel=1e-4, abs=WITHIN_MPS)
    assert told == pytest.approx(said, rel=0, abs=WITHIN_US)
