"""The engine against shifts whose truth is known: nothing but what went over the wire to go by."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from shapely.geometry import shape

from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile, Visits
from simulator import Scenario, make
from simulator.score import Score, VisitRow, breaches, score

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fixes(scenario: Scenario) -> Fixes:
    """All fixes of all messages, as they came; devices are numbered as the scenario lists them."""
    numbers = {device.name: number for number, device in enumerate(scenario.devices)}
    rows = []
    for message in scenario.messages:
        many = message.body.startswith(b'{"fixes"')
        lines = [json.loads(line) for line in message.body.splitlines()]
        for fix in lines[0]["fixes"] if many else lines:
            moment = datetime.fromisoformat(fix["time"]) - EPOCH if "time" in fix else None
            time_us = fix["tst"] * 1_000_000 if moment is None else moment // timedelta.resolution
            accuracy_m = fix.get("accuracy_m", fix.get("acc", np.nan))
            rows.append((numbers[message.device], time_us, fix["lon"], fix["lat"], accuracy_m))
    device, time_us, lon, lat, accuracy_m = (np.array(column) for column in zip(*rows, strict=True))
    return Fixes(device, time_us, lon, lat, accuracy_m)


def hotspots(scenario: Scenario) -> Hotspots:
    features = scenario.hotspots["features"]
    assert isinstance(features, list)
    return Hotspots.prepare(
        [
            Hotspot(number, shape(one["geometry"]), one["properties"].get("buffer_m", 0.0))
            for number, one in enumerate(features)
        ]
    )


def rows(visits: Visits, scenario: Scenario) -> list[VisitRow]:
    def moment(time_us: int) -> str:
        return (EPOCH + timedelta(microseconds=time_us)).isoformat()

    return [
        {
            "device": scenario.devices[visits.device[i]].name,
            "hotspot": f"HS{visits.hotspot[i] + 1:02}",
            "enter": moment(int(visits.enter_us[i])),
            "exit": moment(int(visits.exit_us[i])),
            "dwell_s": visits.dwell_us[i] / 1e6,
            "low_s": visits.low_us[i] / 1e6,
            "high_s": visits.high_us[i] / 1e6,
            "enter_seen": bool(visits.enter_seen[i]),
            "exit_seen": bool(visits.exit_seen[i]),
            "pass_through": bool(visits.pass_through[i]),
        }
        for i in range(len(visits.device))
    ]


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    found = []
    for seed in range(8):
        scenario = make(seed, date(2026, 3, 6))
        profiles = {
            number: Profile(device.interval_s, assumed_accuracy_m=device.assumed_accuracy_m)
            for number, device in enumerate(scenario.devices)
        }
        visits = run(fixes(scenario), hotspots(scenario), profiles)
        found.append(score(rows(visits, scenario), scenario))
    return found


def test_no_shift_goes_past_the_limits_of_the_demonstration(scores: list[Score]) -> None:
    assert [breach for found in scores for breach in breaches(found)] == []


@pytest.mark.parametrize(("kind", "bias_s", "rms_s"), [(0, 6.0, 45.0), (1, 2, 8), (2, 2, 8)])
def test_over_several_shifts_dwell_is_neither_too_long_nor_too_short(
    scores: list[Score], kind: int, bias_s: float, rms_s: float
) -> None:
    agreements = [found.kinds[kind] for found in scores]
    assert abs(np.mean([one.bias_s for one in agreements])) < bias_s
    assert np.sqrt(np.mean([one.rms_s**2 for one in agreements])) < rms_s


def test_over_several_shifts_hardly_a_sure_verdict_is_wrong(scores: list[Score]) -> None:
    assert sum(found.total.sure for found in scores) > 800
    assert sum(found.total.wrong for found in scores) <= 8
