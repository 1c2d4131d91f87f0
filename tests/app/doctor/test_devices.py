"""What one device's figures make the doctor say, where the whole examination does not show it."""

import datetime as dt

import numpy as np

from app.doctor.devices import Seen, faults, fine
from app.doctor.finding import Finding, Status, listed, worst
from app.observing.figures import figures
from app.observing.track import Track
from app.storage.observing import Watched
from app.storage.types import to_us
from geofence.model import Profile

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
START = NOW - dt.timedelta(days=1)


def seen(times_s: list[float], *, heard: dt.datetime | None = NOW, **more: bool) -> Seen:
    time_us = to_us(START) + np.round(np.array(times_s) * 1e6).astype(np.int64)
    n = np.ones(len(times_s))
    track = Track(time_us, time_us, -2.9 * n, 53.4 * n, 8.0 * n, np.nan * n)
    device = Watched(1, "d", "phone", "phone", Profile(), heard, more.pop("carried", True))
    return Seen(device, figures(track, device.profile), START, NOW, **more)


def told(one: Seen) -> list[tuple[str, Status]]:
    return [(finding.check, finding.status) for finding in faults(one)]


def test_of_a_device_that_is_well_nothing_is_told() -> None:
    assert told(seen([i * 15.0 for i in range(100)])) == []


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
    checks = [finding.check for finding in fine(found, 3)]
    assert "clock" not in checks
    assert {"silence", "interval", "assignment"} <= set(checks)
    assert fine(found, 0) == []


def test_the_worst_of_all_is_the_exit_status() -> None:
    some = [Finding("a", Status.LOOK, ""), Finding("b", Status.OK, "")]
    assert (int(worst([])), int(worst(some))) == (0, 1)
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
