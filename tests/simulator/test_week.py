"""A week over hot spots from outside: crews do what is asked, devices tell, the truth is known."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from squares import collection, feature, square

from simulator.crews import Staffing
from simulator.scenario import Plan
from simulator.shift import SHIFT_S
from simulator.truth import PATROL_S
from simulator.week import Week, make

HOTSPOTS = collection(
    *(feature(f"HS{i}", square(-2.98 + 0.005 * (i % 4), 53.4 + 0.004 * (i // 4))) for i in range(8))
)
FRIDAY = date(2026, 3, 27)
QUIET = Staffing(6, calls_an_hour=0.0, other_s=0.0, abstraction=0.0)


def week(staffing: Staffing, days: int = 1, seed: int = 1, plan: Plan | None = None) -> Week:
    return make(seed, HOTSPOTS, FRIDAY, days, staffing, plan=plan)


def patrols(made: Week) -> list[Counter[str]]:
    return [Counter(dict(made.truth(shift).patrols)) for shift in made.shifts]


def test_the_same_seed_gives_the_same_week_and_another_one_another() -> None:
    one, other, third = (week(Staffing(4), 2, seed) for seed in (5, 5, 6))
    assert one.messages == other.messages
    assert one.messages != third.messages


def test_shifts_begin_at_the_plan_s_time_by_the_clocks_of_each_day() -> None:
    made = week(QUIET, 3)
    # The clocks go forward on Sunday.
    assert [shift.start for shift in made.shifts] == [
        datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((27, 15), (28, 15), (29, 14))
    ]


def test_crews_make_the_patrols_asked_for_and_then_stand_about_anywhere() -> None:
    for found in patrols(week(replace(QUIET, patrols=2), 2)):
        assert min(found.values()) == 2
        assert found.total() <= 2 * len(found) + 3


def test_two_of_a_crew_go_together_and_both_their_devices_tell() -> None:
    made = week(QUIET)
    [shift] = made.shifts
    assert [len(crew) for crew in shift.crews] == [2, 2, 2]
    assert {one.device.officer for one in shift.recordings} == {o.name for o in made.officers}
    stays = made.truth(shift).visits
    by_device = {
        name: [(s.hotspot, s.enter_s) for s in stays if s.device == name]
        for name in (device.name for device in made.devices[:2])
    }
    one, other = by_device.values()
    assert one == other


def test_who_is_left_over_joins_a_crew_and_who_is_taken_off_tells_nothing() -> None:
    made = week(replace(QUIET, officers=7, abstraction=0.4), 10)
    for shift in made.shifts:
        here = [officer for crew in shift.crews for officer in crew]
        silent = {o.name for o in made.officers} - {r.device.officer for r in shift.recordings}
        assert silent >= set(shift.abstracted)
        assert len(here) in {0, 7 - len(shift.abstracted)}
        assert all(len(crew) in {2, 3} for crew in shift.crews)
    assert 15 <= sum(len(shift.abstracted) for shift in made.shifts) <= 42


def test_stays_are_as_long_as_was_asked() -> None:
    made = week(replace(QUIET, stay_s=780.0), 2)
    long = [
        stay.dwell_s
        for shift in made.shifts
        for stay in made.truth(shift).visits
        if stay.dwell_s >= PATROL_S
    ]
    assert 750 <= np.mean(long) <= 840
    assert max(long) <= 1100


@pytest.mark.parametrize(
    "less",
    [
        {"calls_an_hour": 2.0},
        {"other_s": 12_000.0},
        {"abstraction": 0.6},
        {"speed_mps": 0.7},
    ],
    ids=str,
)
def test_what_takes_time_takes_patrols(less: dict[str, float]) -> None:
    busy = replace(QUIET, officers=4, patrols=9)
    usual, fewer = (
        sum(found.total() for found in patrols(week(staffing, 3)))
        for staffing in (busy, replace(busy, **less))  # type: ignore[arg-type] # its own fields
    )
    assert fewer < 0.9 * usual


def test_breaks_take_the_minutes_that_were_asked_however_many() -> None:
    made = week(replace(QUIET, officers=2, other_s=27_000.0, patrols=9), 5)
    for shift in made.shifts:
        [track] = shift.tracks
        away_m = np.hypot(track.x - made.ground.station[0], track.y - made.ground.station[1])
        # Of 28,800 s; what comes before a break, and the way to it, take from the second one.
        assert (away_m < 1.0).sum() > 25_500


def test_nobody_patrols_outside_the_window() -> None:
    short = Plan(window_end=time(16), patrols_per_window=9)
    made = week(replace(QUIET, patrols=9), plan=short)
    [shift] = made.shifts
    long = [stay for stay in made.truth(shift).visits if stay.dwell_s >= PATROL_S]
    assert long
    assert all(stay.enter_s < 3600 for stay in long)


def test_officers_keep_to_their_speed_stops_included() -> None:
    made = week(replace(QUIET, speed_mps=4.0, patrols=9))
    for track in made.shifts[0].tracks:
        assert len(track.x) == SHIFT_S + 1
        speed = np.hypot(np.diff(track.x), np.diff(track.y))
        assert speed.max() < 5.5
        assert 3.5 < np.median(speed[speed > 2.0]) < 5.0


def test_messages_and_fixes_say_the_same() -> None:
    made = week(Staffing(3, crew=1, abstraction=0.0), 2)
    sent: set[tuple[str, int, float, float]] = set()
    for message in made.messages:
        bodies = [json.loads(line) for line in message.body.splitlines()]
        for fix in bodies[0].get("fixes", bodies) if len(bodies) == 1 else bodies:
            if "time" in fix:
                moment = datetime.fromisoformat(fix["time"]).timestamp()
                sent.add((message.device, round(moment * 1000), fix["lat"], fix["lon"]))
    columns = [made.fixes(shift) for shift in made.shifts]
    told = {
        (made.devices[device].name, time_us // 1000, lat, lon)
        for part in columns
        for device, time_us, lat, lon in zip(
            part.device.tolist(),
            part.time_us.tolist(),
            part.lat.tolist(),
            part.lon.tolist(),
            strict=True,
        )
        if made.devices[device].format == "pings"
    }
    assert len(sent) > 2000
    assert sent == told


def test_messages_of_all_days_come_in_the_order_of_sending() -> None:
    moments = [message.at_s for message in week(Staffing(2), 2).messages]
    assert moments == sorted(moments)
    assert moments[-1] > timedelta(days=1).total_seconds()


def test_a_track_file_has_a_line_for_each_fix() -> None:
    made = week(Staffing(3, crew=1, abstraction=0.0))
    heading, *lines = made.csv()
    fixes = made.fixes(made.shifts[0])
    assert heading == "device,time,lat,lon,accuracy_m"
    assert len(lines) == len(fixes.device)
    device, moment, lat, _, accuracy_m = lines[0].split(",")
    assert device == "radio-1"
    assert datetime.fromisoformat(moment).timestamp() == pytest.approx(fixes.time_us[0] / 1e6)
    assert float(lat) == fixes.lat[0]
    assert float(accuracy_m) == fixes.accuracy_m[0]
