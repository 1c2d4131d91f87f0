"""The rule for sparse devices, beside what was measured of simulated patrols."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
from planted import KNOWN, square

from app.doctor.devices import Seen
from app.doctor.finding import Status
from app.doctor.judging import Fitness, Grade, Patrols, Verdict, grades, judged, summary
from app.doctor.places import Cores, sized
from app.observing.figures import figures
from app.observing.track import Track
from app.storage.hotspots import HotspotVersion
from app.storage.observing import Watched
from geofence.model import Profile

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("interval_s", "share", "grade"),
    [
        (15, 0.8, Grade.MOST),
        (75, 1.0, Grade.MOST),
        (76, 1.0, Grade.LONG),
        (15, 0.49, Grade.LONG),
        (150, 1.0, Grade.LONG),
        (151, 1.0, Grade.NONE),
        (60, 0.3, Grade.NONE),
        (5, 0.0, Grade.NONE),
    ],
)
def test_what_can_be_judged_hangs_on_interval_and_core(
    interval_s: float, share: float, grade: Grade
) -> None:
    assert grades(interval_s, np.array([share]), Patrols()).tolist() == [grade]


def test_a_plan_without_room_between_its_lengths_can_be_judged_by_nobody() -> None:
    assert grades(5, np.ones(1), Patrols(15, 15)).tolist() == [Grade.NONE]


def seen(
    interval_s: float, accuracy_m: float = 6.0, late_s: float = 0.0, assumed_m: float = 0.0
) -> Seen:
    time_us = 1_768_500_000_000_000 + np.arange(200) * round(interval_s * 1e6)
    n = np.ones(200)
    late_us = time_us + round(late_s * 1e6)
    track = Track(time_us, late_us, -2.9 * n, 53.4 * n, accuracy_m * n, np.nan * n)
    profile = Profile(interval_s=15, max_accuracy_m=300, assumed_accuracy_m=assumed_m)
    device = Watched(1, "radio-1", "radio", "radio", profile, NOW, carried=True)
    return Seen(device, figures(track, device.profile), NOW - dt.timedelta(days=1), NOW)


def verdict(one: Seen, **halves_m: float) -> tuple[list[Status], str]:
    _, found = judgement(one, **halves_m)
    return [finding.status for finding in found], " ".join(finding.says for finding in found)


def judgement(one: Seen, **halves_m: float) -> Verdict:
    versions = [HotspotVersion(key, key, square(m), 0.0, KNOWN) for key, m in halves_m.items()]
    spots = sized(versions)
    return judged(one, spots.keys, Cores(spots), Patrols())


def test_a_device_that_can_judge_is_not_told_of() -> None:
    assert verdict(seen(15), park=75) == ([], "")


def test_a_sparse_device_is_told_of_in_plain_words() -> None:
    statuses, says = verdict(seen(300), park=75)
    assert statuses == [Status.BROKEN]
    assert says == (
        "radio-1 (half of its time 300 s or more between fixes, accurate to 6 m) is too sparse to"
        " judge a 10-minute patrol in any of these hot spots: of a stay of that length 0 min at"
        " worst are sure."
    )


def test_a_device_that_is_too_inaccurate_is_not_called_sparse() -> None:
    [finding] = judgement(seen(1, accuracy_m=200), park=75).found
    assert finding.status is Status.BROKEN
    assert "accurate to 200 m) is too inaccurate to judge" in finding.says
    assert "more often" not in finding.do
    assert "antenna" in finding.do


def test_accuracy_that_is_assumed_is_said_to_be() -> None:
    _, says = verdict(seen(300, accuracy_m=np.nan, assumed_m=6.0), park=75)
    assert "accurate to 6 m as assumed)" in says


@pytest.mark.parametrize(
    ("one", "fitness"),
    [
        (seen(15), Fitness.ALL),
        (seen(90), Fitness.PART),
        (seen(300), Fitness.NONE),
        (seen(15, late_s=3600), Fitness.NONE),
        (seen(15, accuracy_m=np.nan), Fitness.UNKNOWN),
    ],
)
def test_how_much_a_device_can_judge_is_told_in_the_summary(one: Seen, fitness: Fitness) -> None:
    assert judgement(one, park=150).fitness is fitness
    [line] = summary({"radio-1": fitness}, Patrols())
    assert line.says.startswith("1 of 1 device ")
    assert line.says.endswith(": radio-1.")
    assert line.status is (Status.OK if fitness is Fitness.ALL else Status.NOTE)


def test_a_device_that_is_sure_of_long_patrols_only_is_told_of() -> None:
    statuses, says = verdict(seen(90), park=150)
    assert statuses == [Status.LOOK]
    assert says.endswith(
        "can be sure of a 10-minute patrol in these hot spots only where it lasts nearly"
        " 15 minutes."
    )


def test_the_hot_spots_that_are_too_narrow_for_it_are_named() -> None:
    statuses, says = verdict(seen(15, accuracy_m=20), park=150, alley=12)
    assert statuses == [Status.LOOK]
    assert says.endswith("cannot judge a 10-minute patrol in alley.")


def test_the_rule_says_what_was_measured_of_simulated_patrols() -> None:
    """How many patrols of 12 to 14 minutes were surely ten, as docs/doctor.md has it."""
    bands = json.loads((DOCS / "accuracy" / "figures.json").read_text())["bands"]
    told = " ".join((DOCS / "doctor.md").read_text().split())
    sure: dict[Grade, list[float]] = {grade: [] for grade in Grade}
    for interval, lengths in bands.items():
        middle = [band for band in lengths if 12 <= band["from_min"] < 14]
        share = sum(band["yes"] for band in middle) / sum(band["n"] for band in middle)
        [grade] = grades(float(interval), np.ones(1), Patrols()).tolist()
        sure[Grade(grade)].append(share)
    *often, minute = sure[Grade.MOST]
    [two], [five] = sure[Grade.LONG], sure[Grade.NONE]
    assert f"surely ten were {100 * min(often):.0f} % and more at up to 30 s" in told
    assert f"{100 * minute:.0f} % at a minute" in told
    assert f"{100 * two:.0f} % at two minutes, {100 * five:.0f} % at five" in told
    assert five < two < 0.5 < minute
