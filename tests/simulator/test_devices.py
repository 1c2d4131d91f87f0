"""Receivers err as receivers do: by metres, for minutes on end, and say by how much."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from simulator.devices import Device, Recording, issue, record, wander
from simulator.path import Track
from simulator.plane import Floats, Plane
from simulator.roster import muster
from simulator.shift import SHIFT_S

PLANE = Plane(lon0=-2.9, lat0=53.4)
STANDING = Track(np.zeros(SHIFT_S + 1), np.zeros(SHIFT_S + 1))
DEVICES = issue(muster(), np.random.default_rng(0))


def recording(device: Device, seed: int = 1) -> Recording:
    return record(device, STANDING, PLANE, np.random.default_rng(seed))


def error_m(made: Recording) -> Floats:
    north = np.radians(made.lat - PLANE.lat0) * 6_376_000.0
    east = np.radians(made.lon - PLANE.lon0) * 6_376_000.0 * np.cos(np.radians(PLANE.lat0))
    error: Floats = np.hypot(east, north)
    return error


def test_each_kind_is_carried_four_times_and_in_every_mode() -> None:
    modes = {officer.name: officer.mode for officer in muster()}
    carried = Counter((device.kind, modes[device.officer]) for device in DEVICES)
    assert len({device.name for device in DEVICES}) == 12
    assert set(carried) == {
        (kind, mode)
        for kind in ("radio", "phone", "handheld")
        for mode in ("foot", "bicycle", "car")
    }
    assert Counter(device.transport for device in DEVICES if device.kind == "phone") == {
        "mqtt": 3,
        "http": 1,
    }


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_fixes_come_at_the_expected_interval_with_some_minutes_lost(device: Device) -> None:
    made = recording(device)
    gaps = np.diff(made.t_s)
    assert np.median(gaps) == pytest.approx(device.interval_s, abs=1.0)
    assert gaps.min() > 0
    assert 0.8 < len(gaps) * device.interval_s / SHIFT_S < 1.0


def test_silences_are_the_gaps_longer_than_a_profile_allows() -> None:
    phone = next(device for device in DEVICES if device.kind == "phone")
    made = replace(recording(phone), t_s=np.array([0.0, 15.0, 135.0, 256.0, 270.0]))
    assert phone.max_gap_s == 120.0
    assert made.silences() == [(135.0, 256.0)]
    assert replace(phone, interval_s=60.0).max_gap_s == 150.0


def test_the_accuracy_given_holds_two_thirds_of_the_errors() -> None:
    phones = [device for device in DEVICES if device.kind == "phone"]
    made = [recording(device, seed) for seed in range(5) for device in phones]
    within = np.concatenate([error_m(one) <= one.accuracy_m for one in made])
    assert within.mean() == pytest.approx(0.68, abs=0.05)


def test_a_radio_without_accuracy_gives_none_and_says_what_to_assume() -> None:
    radio = next(device for device in DEVICES if not device.gives_accuracy)
    made = recording(radio)
    assert np.isnan(made.accuracy_m).all()
    assert np.quantile(error_m(made), 0.5) < radio.assumed_accuracy_m < 25


def test_an_error_lasts_for_its_memory_and_then_is_forgotten() -> None:
    t_s = np.arange(0.0, 400_000.0, 10.0)
    error = wander(t_s, 100.0, np.random.default_rng(3)).real
    assert error.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(error[:-1], error[1:])[0, 1] == pytest.approx(np.exp(-0.1), abs=0.02)
    assert np.corrcoef(error[:-100], error[100:])[0, 1] == pytest.approx(0.0, abs=0.05)


def test_speed_and_heading_are_those_of_the_track() -> None:
    seconds = np.arange(SHIFT_S + 1.0)
    eastward = Track(2.0 * seconds, 0.0 * seconds)
    made = record(DEVICES[0], eastward, PLANE, np.random.default_rng(1))
    assert made.speed_mps[1:-1] == pytest.approx(2.0)
    assert made.heading_deg[1:-1] == pytest.approx(90.0)
