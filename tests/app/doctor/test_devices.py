"""What one device's figures make the doctor say, where the whole examination does not show it."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike

from app.doctor.devices import Seen, faults, fine
from app.doctor.devices import told as known
from app.doctor.finding import Finding, Status, gathered, listed, worst
from app.observing.figures import figures
from app.observing.track import Track
from app.storage.observing import Watched
from app.storage.types import to_us
from geofence.model import Profile
from ingest.decoders.staleness import STALE_ACCURACY_M

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
START = NOW - dt.timedelta(days=1)
EACH_15_S = [i * 15.0 for i in range(100)]


def seen(
    times_s: list[float],
    *,
    heard: dt.datetime | None = NOW,
    late_s: ArrayLike = 0.0,
    accuracy_m: ArrayLike = 8.0,
    told_mps: float = np.nan,
    moved_mps: float = 0.0,
    carried: bool = True,
    **more: bool | frozenset[str],
) -> Seen:
    times = np.array(times_s)
    time_us = to_us(START) + np.round(times * 1e6).astype(np.int64)
    n = np.ones(len(times))
    late_us = np.round(np.asarray(late_s) * 1e6 * n).astype(np.int64)
    north = 53.4 + moved_mps * times / 111_195
    track = Track(time_us, time_us + late_us, -2.9 * n, north, accuracy_m * n, told_mps * n)
    device = Watched(1, "d", "phone", "phone", Profile(), heard, carried)
    return Seen(device, figures(track, device.profile), START, NOW, **more)


def told(one: Seen) -> list[tuple[str, Status]]:
    return [(finding.check, finding.status) for finding in faults(one)]


def test_of_a_device_that_is_well_nothing_is_told() -> None:
    assert told(seen([i * 15.0 for i in range(100)])) == []


@pytest.mark.parametrize(("kind", "found"), [("phone", ["assignment"]), ("vehicle", [])])
def test_nobody_needs_to_have_a_vehicle(kind: str, found: list[str]) -> None:
    one = seen(EACH_15_S, carried=False)
    one = replace(one, device=replace(one.device, kind=kind))
    assert [check for check, _ in told(one)] == found


def test_fixes_sent_by_two_ways_are_noticed() -> None:
    twice = [i * 15.0 + more for i in range(100) for more in (0.0, 0.3)]
    assert told(seen(twice)) == [("doubled", Status.LOOK)]


def test_a_device_that_sends_what_it_stored_long_ago_is_told_by_its_last_fix() -> None:
    [finding] = faults(seen([-400_000.0, -399_985.0, -399_970.0], elsewhen=True))
    assert (finding.check, finding.status) == ("clock", Status.LOOK)
    assert "with fixes of other days only, the last of 2026-01-09 20:53 UTC" in finding.says


def test_a_device_that_somebody_has_and_that_was_never_heard_is_worst() -> None:
    assert told(seen([], heard=None)) == [("silence", Status.BROKEN)]
    assert told(seen([], heard=None, carried=False)) == [("silence", Status.LOOK)]


def test_checks_that_find_nothing_are_told_in_one_line_each() -> None:
    found = [Finding("clock", Status.BROKEN, "d is wrong")]
    lines = {one.check: one for one in fine(found, {"silence": 3, "interval": 2}, 3)}
    assert "clock" not in lines
    assert lines["silence"].says == "3 devices: heard within the time that was looked at."
    rest = "of the other 1 too little is known to tell"
    assert lines["interval"].says == f"2 of 3 devices: as often as their profiles say; {rest}."
    assert lines["speed"].status is Status.NOTE


def test_a_check_counts_only_the_devices_of_which_it_can_tell() -> None:
    assert "speed" not in known(seen(EACH_15_S))
    assert "speed" in known(seen(EACH_15_S, told_mps=1.4, moved_mps=1.4))
    assert known(seen([], heard=None)) == ["silence", "assignment"]


def test_a_phone_that_empties_its_queue_late_has_no_wrong_clock() -> None:
    late = np.full(100, 600.0)
    late[::7] = 552.0
    late[50] = 6.7
    [finding] = faults(seen(EACH_15_S, late_s=late))
    assert (finding.check, finding.status) == ("delay", Status.LOOK)
    assert finding.says == (
        "d sends late: half of its messages come more than 10 min after their last fix, the"
        " promptest after 7 s."
    )


def test_a_clock_far_behind_is_no_lateness() -> None:
    assert told(seen(EACH_15_S, late_s=700.0)) == [("clock", Status.BROKEN)]


@pytest.mark.parametrize(
    ("formats", "do"),
    [
        ({"pings"}, "Have its app or gateway write the unit of pings."),
        ({"osmand", "pings"}, "Set its `speed_unit`"),
    ],
)
def test_a_walker_who_sends_km_h_is_told_what_helps_in_that_format(
    formats: set[str], do: str
) -> None:
    walker = seen(EACH_15_S, told_mps=5.04, moved_mps=1.4, formats=frozenset(formats))
    [finding] = faults(walker)
    assert finding.check == "speed"
    assert "km/h are taken for m/s" in finding.says
    assert finding.do.startswith(do)


def test_old_positions_are_no_poor_accuracy() -> None:
    accuracy = np.where(np.arange(100) % 4, 8.0, STALE_ACCURACY_M)
    one = seen(EACH_15_S, accuracy_m=accuracy)
    assert told(one) == [("stale", Status.LOOK)]
    assert (one.figures.accuracy_90_m, one.figures.accuracy_over) == (8.0, 0.0)


def test_what_is_found_of_several_is_one_line() -> None:
    one, other = (
        Finding(
            "silence", Status.LOOK, f"{name} was never heard.", "See.", name, "devices are mute"
        )
        for name in "ab"
    )
    alone = Finding("disk", Status.OK, "There is room.")
    [line, last] = gathered([one, alone, other])
    assert (line.says, line.do, line.status) == ("2 devices are mute: a, b.", "See.", Status.LOOK)
    assert last is alone
    assert gathered([one]) == [one]
    assert len(gathered([one, replace(other, status=Status.BROKEN)])) == 2


def test_the_worst_of_all_is_the_exit_status() -> None:
    some = [Finding("a", Status.LOOK, ""), Finding("b", Status.OK, "")]
    notes = [Finding("a", Status.NOTE, "")]
    assert [int(worst(one)) for one in ([], notes, some)] == [0, 0, 1]
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
