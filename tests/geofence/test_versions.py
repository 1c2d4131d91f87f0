"""Hot spots whose boundary changes, or which begin and end, in the middle of a stay."""

import datetime as dt

import numpy as np
import pytest
import worlds
from byhand import visits
from worlds import SECOND, START_US

from app.compliance.calendar import Calendar
from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile

HERE = worlds.degrees(worlds.square(0, 0, 50))
THERE = worlds.degrees(worlds.square(100, 0, 50))
WIDER = worlds.degrees(worlds.square(0, 0, 80))


def versions(change_us: int, *shapes: worlds.Shape) -> list[Hotspot]:
    before, after = shapes
    return [Hotspot(1, before, valid_to_us=change_us), Hotspot(1, after, valid_from_us=change_us)]


def test_a_stay_through_a_change_of_version_is_cut_there() -> None:
    change = START_US + 100 * SECOND
    shape = worlds.degrees(worlds.square(0, 0, 50))
    versions = [Hotspot(1, shape, valid_to_us=change), Hotspot(1, shape, valid_from_us=change)]
    fixes = worlds.track((0, -100, 0), (60, 0, 0), (150, 0, 0), (210, 100, 0))
    before, after = visits(fixes, versions)
    assert (before["last_us"], before["exit_us"], before["outer_to_us"]) == (100, 100, 100)
    assert (after["first_us"], after["enter_us"], after["outer_from_us"]) == (100, 100, 100)
    assert before["exit_seen"]
    assert after["enter_seen"]
    assert not before["open"]


def test_an_entry_is_not_seen_where_the_version_began_before_the_track() -> None:
    shape = worlds.degrees(worlds.square(0, 0, 50))
    fixes = worlds.track((0, 0, 0), (60, 0, 0))
    for since, seen in ((-60, False), (0, True)):
        version = Hotspot(1, shape, valid_from_us=START_US + since * SECOND)
        (visit,) = visits(fixes, [version])
        assert (visit["enter_seen"], visit["outer_from_us"]) == (seen, since)


def test_a_boundary_that_is_drawn_wider_in_the_middle_of_a_stay_cuts_it() -> None:
    # Walks out over the old boundary after 110 s, and over the new one after 140 s.
    fixes = worlds.track((0, 0, 0), (60, 0, 0), (160, 100, 0), (200, 300, 0))
    before, after = visits(fixes, versions(START_US + 90 * SECOND, HERE, WIDER))
    assert (before["first_us"], before["exit_us"], before["exit_seen"]) == (0, 90, True)
    assert (after["enter_us"], after["last_us"], after["enter_seen"]) == (90, 140, True)
    assert after["exit_us"] == 156  # at the pace of the leg after: 20 m of 5 m/s
    assert (before["fixes"], after["fixes"]) == (2, 0)


def test_a_hot_spot_that_moves_away_from_a_stay_ends_it() -> None:
    fixes = worlds.track(*((s, 0, 0) for s in range(0, 600, 60)))
    (visit,) = visits(fixes, versions(START_US + 270 * SECOND, HERE, THERE))
    assert (visit["inside_us"], visit["outer_to_us"], visit["exit_seen"]) == (270, 270, True)


def test_a_fix_at_the_moment_of_the_change_is_in_both_versions() -> None:
    fixes = worlds.track((0, 0, 0), (60, 0, 0), (120, 0, 0))
    before, after = visits(fixes, versions(START_US + 60 * SECOND, HERE, HERE))
    assert (before["inside_us"], after["inside_us"]) == (60, 60)
    assert (before["low_us"], after["low_us"]) == (60, 60)


def test_a_lone_fix_at_the_moment_of_the_change_is_in_the_new_version() -> None:
    change = START_US + 1000 * SECOND
    fixes = worlds.track((0, 500, 0), (1000, 0, 0), (2000, 500, 0))
    found = run(fixes, Hotspots.prepare(versions(change, THERE, HERE)), Profile())
    assert (found.enter_us.tolist(), found.outer_from_us.tolist()) == ([change], [change])
    assert len(run(fixes, Hotspots.prepare(versions(change, HERE, THERE)), Profile())) == 0


@pytest.mark.parametrize(
    ("day", "day_start", "begins", "lasting_h"),
    [
        ("2026-03-28", dt.time(6), "2026-03-29T05:00Z", 23),  # clocks go forward that night
        ("2026-10-24", dt.time(6), "2026-10-25T06:00Z", 25),  # and back
        ("2026-10-25", dt.time(6), "2026-10-26T06:00Z", 24),
        ("2026-03-28", dt.time(1, 30), "2026-03-29T01:30Z", 24),  # no such time: moves forward
        ("2026-10-24", dt.time(1, 30), "2026-10-25T00:30Z", 24),  # twice: the first
    ],
)
def test_a_stay_is_cut_where_the_operational_day_begins_when_clocks_change(
    day: str, day_start: dt.time, begins: str, lasting_h: int
) -> None:
    calendar, date = Calendar(day_start=day_start), dt.date.fromisoformat(day)
    begin_us = calendar.start_of(date)
    change_us = calendar.start_of(date + dt.timedelta(days=1))
    assert change_us == round(dt.datetime.fromisoformat(begins).timestamp()) * SECOND
    assert change_us - begin_us == lasting_h * 3600 * SECOND
    # Half an hour in the hot spot, from ten minutes before the change on, a fix a minute.
    time_us = change_us + np.arange(-10, 21) * 60 * SECOND
    n = len(time_us)
    middle = np.array(worlds.HOME)
    lon, lat = np.tile(middle[:, None], n)
    fixes = Fixes(np.ones(n, np.int64), time_us, lon, lat, np.full(n, 5.0))
    found = run(fixes, Hotspots.prepare(versions(change_us, HERE, HERE)), Profile())
    assert (found.dwell_us // SECOND).tolist() == [600, 1200]
    assert found.exit_us[0] == found.enter_us[1] == change_us
    assert (found.low_us // SECOND).tolist() == [600, 1200]
