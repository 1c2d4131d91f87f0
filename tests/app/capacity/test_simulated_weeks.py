"""What a forecast promises, held against shifts that were walked through and measured.

The simulator knows nothing of the forecast's model: it leads crews through streets second by
second, lets devices err and fall silent, and the engine and the figures see only their fixes.
"""

from dataclasses import replace
from functools import cache
from math import comb

import numpy as np
import pytest
from capacity_weeks import Setting, coverage, missed_share

from app.capacity.forecast import Forecast, forecast
from app.capacity.question import Staffing

DAYS = 10
# A sound range holds nine shifts of ten; fewer than this come once in ten thousand such tests.
ONCE_IN = 1e-4

SETTINGS = (
    Setting("40 hot spots", Staffing(5), hotspots=40),
    Setting("30 hot spots", Staffing(5), hotspots=30),
    Setting("20 hot spots", Staffing(5), hotspots=20),
    Setting("more officers, two patrols each", Staffing(8), patrols=2),
    Setting("alone and slow", Staffing(4, crew=1, speed_kmh=5.0)),
    Setting("fast, and called all the time", Staffing(6, speed_kmh=30.0, calls_per_hour=1.2)),
    Setting("no calls, far apart", Staffing(4, calls_per_hour=0.0), side_m=9000.0),
    Setting("many taken off, long breaks", Staffing(10, abstraction=0.4, other_minutes=120.0)),
)


def fewest(shifts: int) -> int:
    """How many of so many shifts a sound range holds but for once in ten thousand times."""
    odds = 0.0
    for held in range(shifts + 1):
        odds += comb(shifts, held) * 0.9**held * 0.1 ** (shifts - held)
        if odds > ONCE_IN:
            return held
    return shifts


def promised(setting: Setting) -> Forecast:
    return forecast(setting.staffing, setting.demand(), 1000, np.random.default_rng(1))


def within(made: list[float], said: Forecast) -> int:
    return sum(said.low <= one <= said.high for one in made)


@cache
def made_good(setting: Setting) -> list[float]:
    """The coverage of each day of a week that was simulated and measured."""
    return coverage(setting.shifts(DAYS, seed=11))


def test_shifts_come_out_within_the_range_that_was_promised() -> None:
    # One test: workers that share out many would each simulate the weeks.
    held = {}
    for setting in SETTINGS:
        made, said = made_good(setting), promised(setting)
        assert len(made) == DAYS
        assert said.low <= np.mean(made) <= said.high, setting.name
        held[setting.name] = within(made, said)
    assert min(held.values()) >= fewest(DAYS), held
    assert sum(held.values()) >= fewest(DAYS * len(SETTINGS)), held


@pytest.mark.parametrize(
    "wrong", [{"officers": 10}, {"calls_per_hour": 2.0}, {"speed_kmh": 3.0}], ids=str
)
def test_the_range_of_another_staffing_does_not_hold_the_same_shifts(
    wrong: dict[str, float],
) -> None:
    setting = SETTINGS[0]
    other = replace(setting, staffing=replace(setting.staffing, **wrong))  # type: ignore[arg-type] # its own fields
    assert within(made_good(setting), promised(other)) < fewest(DAYS)


def test_a_device_misses_about_as_many_patrols_as_is_assumed() -> None:
    alone = Setting("alone", Staffing(12, crew=1, abstraction=0.0), patrols=4)
    missed, patrols = missed_share(alone.shifts(2, seed=3))
    assert patrols > 200
    assert missed == pytest.approx(Staffing(2).uncounted, abs=0.06)
