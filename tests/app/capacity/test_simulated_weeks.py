"""What a forecast promises, held against shifts that were walked through and measured.

The simulator knows nothing of the forecast's model: it leads crews through streets second by
second, lets devices err and fall silent, and the engine and the figures see only their fixes.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import comb, sqrt

import numpy as np
import pytest
from capacity_weeks import Setting, coverage, missed_share, ranks

from app.capacity import shifts
from app.capacity.forecast import forecast
from app.capacity.question import Staffing

DAYS, RUNS = 10, 500
# A sound range holds nine shifts of ten; fewer than this come once in ten thousand such tests.
ONCE_IN = 1e-4
FAR = 3.0
"""Standard errors from where the shifts are amid those promised."""

# None of them so easy that most shifts cover all: a wrong model would promise the same.
SETTINGS = (
    Setting("40 hot spots", Staffing(5), hotspots=40),
    Setting("30 hot spots, two patrols each", Staffing(5), hotspots=30, patrols=2),
    Setting("20 hot spots", Staffing(3), hotspots=20),
    Setting("more officers, three patrols each", Staffing(8), patrols=3),
    Setting("alone and slow", Staffing(3, crew=1, speed_kmh=5.0)),
    Setting("fast, and called all the time", Staffing(5, speed_kmh=30.0, calls_per_hour=1.2)),
    Setting("no calls, far apart", Staffing(4, calls_per_hour=0.0), side_m=9000.0),
    Setting("many taken off, long breaks", Staffing(10, abstraction=0.4, other_minutes=200.0)),
)
# What a model may have wrong: times what holds.
WRONG = (
    {"speed_kmh": 1.5},
    {"speed_kmh": 0.6},
    {"calls_per_hour": 0.5},
    {"calls_per_hour": 1.6},
    {"other_minutes": 0.0},
    {"abstraction": 0.0},
)
Brought = Mapping[Setting, list[float]]


def fewest(shifts: int) -> int:
    """How many of so many shifts a sound range holds but for once in ten thousand times."""
    odds = 0.0
    for held in range(shifts + 1):
        odds += comb(shifts, held) * 0.9**held * 0.1 ** (shifts - held)
        if odds > ONCE_IN:
            return held
    return shifts


def held(brought: Brought) -> list[int]:
    """How many shifts of each setting are in the range that is promised for it."""
    rng = np.random.default_rng(1)
    promises = [forecast(setting.staffing, setting.demand(), RUNS, rng) for setting in brought]
    return [
        sum(said.low <= one <= said.high for one in made)
        for said, made in zip(promises, brought.values(), strict=True)
    ]


def astray(brought: Brought, times: Mapping[str, float]) -> float:
    """Standard errors that all shifts lie above the promises of a model told so many times this."""
    rng = np.random.default_rng(1)
    found = []
    for setting, made in brought.items():
        told = {name: factor * getattr(setting.staffing, name) for name, factor in times.items()}
        staffing = replace(setting.staffing, **told)
        promised = shifts.work(staffing, setting.demand(), RUNS, rng).coverage()
        found.append(ranks(made, promised))
    rank = np.concatenate(found)
    return float(rank.mean() - 0.5) * sqrt(12 * len(rank))


def test_shifts_come_out_as_promised_and_not_as_wrong_models_would_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # One test: workers that share out many would each simulate the weeks.
    brought = {setting: coverage(setting.shifts(DAYS, seed=11)) for setting in SETTINGS}
    assert [len(made) for made in brought.values()] == [DAYS] * len(SETTINGS)
    in_range = held(brought)
    assert min(in_range) >= fewest(DAYS)
    assert sum(in_range) >= fewest(DAYS * len(SETTINGS))
    assert abs(astray(brought, {})) < FAR
    for times in WRONG:
        assert abs(astray(brought, times)) > FAR, times
    monkeypatch.setattr(shifts, "REACH", 0.0)
    assert abs(astray(brought, {})) > FAR, "crews that always take the nearest"


def test_a_device_misses_about_as_many_patrols_as_is_assumed() -> None:
    alone = Setting("alone", Staffing(12, crew=1, abstraction=0.0), patrols=4)
    missed, patrols = missed_share(alone.shifts(2, seed=3))
    assert patrols > 200
    assert missed == pytest.approx(Staffing(2).uncounted, abs=0.06)
