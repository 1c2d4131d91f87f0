"""Visits on real tracks, as two other implementations of the dwell method find them."""

import json
from dataclasses import replace
from pathlib import Path

import contest
import fuzz
import numpy as np
import pytest
import worlds
from shapely.geometry import shape

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile, Visits
from ingest.trackfiles import read_tracks

TRACKS = Path(__file__).parents[2] / ".." / "shared" / "data" / "tracks"
pytestmark = pytest.mark.skipif(not TRACKS.is_dir(), reason="no folder of real tracks beside this")
VARIANTS = {
    "phones": ("phones", Profile()),
    "phones.still": ("phones", Profile(reports_when_still=False)),
    "phones.gap60": ("phones", Profile(max_gap_s=60.0)),
    "buses": ("buses", Profile()),
    "buses.i60a15": ("buses", Profile(interval_s=60.0, assumed_accuracy_m=15.0)),
    "handhelds": ("handhelds", Profile()),
}
# Every track, and each rule that a profile changes: the others take their time.
VARIANTS_SHORT = ["phones.still", "buses.i60a15", "handhelds"]


def real(name: str) -> tuple[Fixes, list[Hotspot], list[str], list[str]]:
    """Fixes and hot spots of a file, and the names of its devices and hot spots by number."""
    track = read_tracks([TRACKS / f"{name}.csv"])
    fixes = Fixes(track.device, track.time_us, track.lon, track.lat, track.accuracy_m)
    features = json.loads((TRACKS / f"{name}.hotspots.geojson").read_text())["features"]
    hotspots = [
        Hotspot(i, shape(f["geometry"]), f["properties"].get("buffer_m", 0.0))
        for i, f in enumerate(features)
    ]
    return fixes, hotspots, list(track.names), [f["properties"]["id"] for f in features]


def rows(visits: Visits, devices: list[str], hotspots: list[str]) -> list[dict[str, object]]:
    """Visits with names and seconds, by device, hot spot, enter."""
    seconds = {
        "enter": visits.enter_us,
        "exit": visits.exit_us,
        "inside_s": visits.inside_us,
        "bridged_s": visits.bridged_us,
        "dwell_s": visits.dwell_us,
        "low_s": visits.low_us,
        "high_s": visits.high_us,
    }
    found = [
        {
            "device": devices[visits.device[i]],
            "hotspot": hotspots[visits.hotspot[i]],
            **{name: column[i] / 1e6 for name, column in seconds.items()},
            "enter_seen": bool(visits.enter_seen[i]),
            "exit_seen": bool(visits.exit_seen[i]),
            "fixes": int(visits.fixes[i]),
            "mean_speed_mps": float(visits.mean_speed_mps[i]),
            "pass_through": bool(visits.pass_through[i]),
        }
        for i in range(len(visits))
    ]
    return sorted(found, key=lambda row: (row["device"], row["hotspot"], row["enter"]))


@pytest.mark.parametrize("variant", VARIANTS)
def test_real_tracks_give_the_visits_that_are_expected(variant: str) -> None:
    name, profile = VARIANTS[variant]
    fixes, hotspots, devices, ids = real(name)
    found = rows(run(fixes, Hotspots.prepare(hotspots), profile), devices, ids)
    expected = json.loads((TRACKS / f"{variant}.visits.json").read_text())
    expected.sort(key=lambda row: (row["device"], row["hotspot"], row["enter"]))
    assert len(found) == len(expected)
    for visit, wanted in zip(found, expected, strict=True):
        assert [visit.pop(n) for n in ("device", "hotspot")] == [
            wanted.pop(n) for n in ("device", "hotspot")
        ]
        assert visit == pytest.approx(wanted, rel=0.0, abs=1e-3)


@pytest.mark.parametrize("variant", VARIANTS if fuzz.TIMES > 1 else VARIANTS_SHORT)
def test_the_plain_implementation_agrees_on_real_tracks(variant: str) -> None:
    name, profile = VARIANTS[variant]
    fixes, hotspots, _, _ = real(name)
    assert contest.agree(fixes, hotspots, profile) >= 39


def test_it_agrees_where_hot_spots_change_in_the_middle_of_real_stays() -> None:
    fixes, hotspots, _, _ = real("buses")
    visits = run(fixes, Hotspots.prepare(hotspots), Profile())
    versions = []
    for hotspot in (hotspots[i] for i in np.unique(visits.hotspot)):
        there = visits.take(visits.hotspot == hotspot.id)
        longest = np.argmax(there.inside_us)
        change = int(there.first_us[longest] + there.last_us[longest]) // 2
        wider = hotspot.buffer_m + 15.0
        versions.append(replace(hotspot, valid_to_us=change))
        versions.append(replace(hotspot, valid_from_us=change, buffer_m=wider))
    assert contest.agree(fixes, versions, Profile()) > len(visits)


@pytest.mark.parametrize("variant", ["phones", "phones.still", "buses.i60a15", "handhelds"])
def test_real_tracks_in_shuffled_batches_give_the_same_visits(variant: str) -> None:
    name, profile = VARIANTS[variant]
    fixes, hotspots, _, _ = real(name)
    prepared = Hotspots.prepare(hotspots)
    store = worlds.Store(prepared, profile)
    random = np.random.default_rng(7)
    # Batches of an hour or so each, some of them late, and a tenth of all fixes twice.
    late = random.choice([0, 0, 0, 20, 180], len(fixes)) * 60 * worlds.SECOND
    order = np.argsort(fixes.time_us + late, kind="stable")
    again = random.choice(len(order), len(order) // 10)
    order = np.insert(order, np.minimum(again + 50, len(order)), order[again])
    for batch in np.array_split(order, 12):
        store.take_in(fixes.take(batch))
    assert store.visits == worlds.told(run(fixes, prepared, profile))
