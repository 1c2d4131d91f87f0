"""Figures of tracks that a person can reckon by head."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from app.observing.figures import figures
from app.observing.gaps import OFF_DUTY, watch
from app.observing.speed import unit_slip
from app.observing.track import Saying, Track
from geofence.model import Profile

S = 1_000_000
START_US = 1_768_500_000 * S
METRE = 1 / 111_195.08
PHONE = Profile(interval_s=15.0)


def track(
    times_s: ArrayLike,
    *,
    north_m: ArrayLike = 0.0,
    accuracy_m: ArrayLike = 8.0,
    speed_mps: ArrayLike = np.nan,
    late_s: ArrayLike = 1.0,
    at_once: int = 1,
) -> Track:
    times = np.asarray(times_s, float)
    n = len(times)
    time_us = START_US + np.round(times * S).astype(np.int64)
    # Each message brings `at_once` fixes, when the last of them is due.
    last = np.minimum((np.arange(n) // at_once + 1) * at_once, n) - 1
    received_us = time_us[last] + np.round(np.broadcast_to(late_s, n).astype(float) * S).astype(
        np.int64
    )
    return Track(
        time_us=time_us,
        received_us=received_us,
        lon=np.full(n, -2.9),
        lat=53.4 + np.broadcast_to(north_m, n).astype(float) * METRE,
        accuracy_m=np.broadcast_to(accuracy_m, n).astype(float),
        speed_mps=np.broadcast_to(speed_mps, n).astype(float),
    )


def test_no_fixes_give_no_figures_and_no_zeros() -> None:
    found = figures(track([]), PHONE)
    assert (found.fixes, found.tracked_us, found.gaps) == (0, 0, [])
    assert found.observability is None
    assert found.measurable is None
    assert found.interval_s is found.accuracy_m is found.clock is found.first_us is None


def test_one_fix_is_no_time() -> None:
    found = figures(track([0]), PHONE)
    assert (found.fixes, found.first_us, found.last_us) == (1, START_US, START_US)
    assert found.observability is found.interval_s is None


def test_time_between_fixes_no_further_apart_than_the_largest_gap_is_observed() -> None:
    # A fix each minute for ten minutes, ten minutes of nothing, two fixes 120 s apart (just a leg).
    found = figures(track([*range(0, 601, 60), 1200, 1320]), PHONE)
    assert (found.tracked_us, found.observed_us) == (1320 * S, 720 * S)
    assert found.observability == pytest.approx(720 / 1320)
    assert found.measurable is False
    [gap] = found.gaps
    assert (gap.start_us, gap.end_us, gap.why) == (START_US + 600 * S, START_US + 1200 * S, None)
    assert (found.interval_s, found.interval_by_time_s) == (60.0, 60.0)


def test_a_burst_of_fixes_does_not_hide_what_comes_between_bursts() -> None:
    found = figures(track([110 * burst + i for burst in range(5) for i in range(10)]), PHONE)
    assert (found.interval_s, found.interval_by_time_s) == (1.0, 101.0)


def test_vague_fixes_leave_the_time_unobserved() -> None:
    vague = [8, 8, 101, 101, 8, 8]
    found = figures(track(range(0, 360, 60), accuracy_m=vague), PHONE)
    assert (found.tracked_us, found.observed_us) == (300 * S, 120 * S)
    assert found.accuracy_over == pytest.approx(2 / 6)
    assert found.accuracy_m == 8


def test_a_device_that_is_silent_when_still_is_observed_while_it_stands() -> None:
    still = Profile(interval_s=15.0, reports_when_still=False)
    times, places = [0, 15, 1000, 1015], [0, 0, 20, 20]
    assert figures(track(times, north_m=places), still).observability == 1.0
    assert figures(track(times, north_m=places), PHONE).observability == pytest.approx(30 / 1015)
    moved = figures(track(times, north_m=[0, 0, 40, 40]), still)
    assert moved.observability == pytest.approx(30 / 1015)


def test_the_night_is_no_time_that_was_tracked() -> None:
    night_s = 10 * 3600
    found = figures(track([0, 60, 120, night_s, night_s + 60]), PHONE)
    assert (found.tracked_us, found.observability) == (180 * S, 1.0)
    assert [gap.why for gap in found.gaps] == [OFF_DUTY]
    assert found.interval_s == 60


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([(590, "power_off"), (1205, "power_on")], "it was switched off"),
        ([(1190, "power_on")], "it was switched off, and on again"),
        ([(700, "gps_lost"), (1190, "gps_back")], "it had lost GPS"),
        ([(610, "offline")], "it was offline"),
        ([(605, "service_lost")], "it had lost its network"),
        ([(100, "battery_low")], "its battery was low"),
        ([(100, "power_off")], None),
        ([(1300, "power_on")], None),
        ([(700, "emergency"), (700, "hello")], None),
        ([(100, "battery_low"), (700, "power_off")], "it was switched off"),
    ],
)
def test_what_a_device_said_explains_its_gap(said: list[tuple[int, str]], why: str | None) -> None:
    sayings = [Saying(START_US + time * S, kind) for time, kind in said]
    watched = watch(track([*range(0, 601, 60), 1200, 1260]), PHONE, sayings)
    assert [gap.why for gap in watched.gaps] == [why]


def test_accuracy_that_is_not_told_is_unknown() -> None:
    found = figures(track(range(5), accuracy_m=[4, np.nan, -1, 6, 8]), PHONE)
    assert (found.accuracy_m, found.accuracy_90_m) == (6, pytest.approx(7.6))
    assert found.accuracy_unknown == pytest.approx(0.4)


def test_fixes_half_a_second_apart_are_doubled() -> None:
    assert figures(track([0, 0.4, 15, 15.4, 30, 30.5]), PHONE).doubled == 2


CLOCKS = [
    (1.0, 1, None),
    (-1.5, 1, None),
    (-40.0, 1, "its clock is 40 s ahead"),
    (-3600.0 + 1, 1, "its clock is 1 h ahead: it sends local time, or its time zone is wrong"),
    (3600.0 + 3, 1, "its clock is 1 h behind: it sends local time, or its time zone is wrong"),
    (19_800.0, 1, "its clock is 5.5 h behind: it sends local time, or its time zone is wrong"),
    (619_315_200.0, 1, "1024 weeks behind: the GPS week counter has rolled over"),
    (700.0, 1, "its clock is 12 min behind, or all that it sends is that late"),
    (1.0, 100, None),  # a logger that uploads at the end of each spell
]


@pytest.mark.parametrize(("late_s", "at_once", "wrong"), CLOCKS)
def test_a_clock_is_told_by_its_promptest_messages(
    late_s: float, at_once: int, wrong: str | None
) -> None:
    found = figures(track(range(0, 15_000, 15), late_s=late_s, at_once=at_once), PHONE).clock
    assert found is not None
    assert found.error_s == pytest.approx(late_s)
    assert found.wrong is None if wrong is None else wrong in (found.wrong or "")


def test_messages_that_come_late_now_and_then_say_nothing_against_the_clock() -> None:
    late = np.where(np.arange(200) % 4, 3600.0, 2.0)
    found = figures(track(range(0, 3000, 15), late_s=late), PHONE).clock
    assert found is not None
    assert (found.error_s, found.wrong) == (2.0, None)
    assert found.spread_s == 3598


def test_what_is_always_late_and_never_alike_is_sent_late_by_a_clock_that_may_be_right() -> None:
    late = 3600 + np.arange(200) * 10.0
    found = figures(track(range(0, 3000, 15), late_s=late), PHONE).clock
    assert found is not None
    assert (found.error_s, found.half_s, found.wrong) == (3600.0, 4595.0, None)


def test_one_message_in_time_clears_a_clock_of_being_behind() -> None:
    late = np.full(200, 600.0)
    late[100] = 7.0
    found = figures(track(range(0, 3000, 15), late_s=late), PHONE).clock
    assert found is not None
    assert (found.error_s, found.half_s, found.wrong) == (7.0, 600.0, None)


def test_of_messages_of_four_minutes_nothing_is_said_of_the_clock() -> None:
    assert figures(track(range(0, 210, 15), late_s=3600), PHONE).clock is None
    assert figures(track(range(0, 315, 15), late_s=3600), PHONE).clock is not None


def test_old_positions_count_apart() -> None:
    found = figures(track(range(5), accuracy_m=[4, 20_000, 25_000, np.nan, 101]), PHONE)
    assert found.stale == pytest.approx(2 / 5)
    assert (found.accuracy_m, found.accuracy_unknown, found.accuracy_over) == (
        52.5,
        pytest.approx(1 / 3),
        pytest.approx(1 / 3),
    )


@pytest.mark.parametrize(
    ("ratio", "slip"),
    [
        (1.0, None),
        (0.8, None),
        (3.6, "km/h are taken for m/s"),
        (1.944, "knots are taken for m/s"),
        (2.237, "mph are taken for m/s"),
        (0.514, "m/s are taken for knots"),
        (0.278, "m/s are taken for km/h"),
        (7.0, None),
    ],
)
def test_a_speed_in_another_unit_is_told_by_what_was_moved(ratio: float, slip: str | None) -> None:
    n = 60
    driving = track(np.arange(n) * 5, north_m=np.arange(n) * 50.0, speed_mps=10.0 * ratio)
    found = figures(driving, PHONE).speed_ratio
    assert found == pytest.approx(ratio, rel=1e-3)
    said = unit_slip(found or 0)
    assert said is None if slip is None else slip in (said or "")


@pytest.mark.parametrize("every_s", [1, 5, 15, 30])
@pytest.mark.parametrize(("factor", "slip"), [(1.0, None), (3.6, "km/h are taken for m/s")])
def test_a_walker_is_told_by_legs_of_half_a_minute_though_gps_errs(
    every_s: int, factor: float, slip: str | None
) -> None:
    errors = np.random.default_rng(4).normal(0, 4, 7200 // every_s)
    times = np.arange(len(errors)) * every_s
    walking = track(times, north_m=1.4 * times + errors, speed_mps=1.4 * factor)
    found = figures(walking, PHONE).speed_ratio
    assert found == pytest.approx(factor, rel=0.08)
    said = unit_slip(found or 0)
    assert said is None if slip is None else slip in (said or "")


def test_a_speed_that_is_not_told_all_along_says_nothing() -> None:
    driving = track(np.arange(60) * 5, north_m=np.arange(60) * 50.0, speed_mps=-1.0)
    assert figures(driving, PHONE).speed_ratio is None


def test_of_a_device_that_stands_nothing_is_said_of_its_speed() -> None:
    standing = track(np.arange(60) * 5, north_m=0.0, speed_mps=10.0)
    assert figures(standing, PHONE).speed_ratio is None
