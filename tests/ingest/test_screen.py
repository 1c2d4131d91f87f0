from datetime import UTC, datetime

import numpy as np
import pytest

from ingest.columns import Columns, Delivery
from ingest.fix import Fix
from ingest.screen import Verdict, explain, screen

NOW_US = int(datetime(2026, 3, 1, 21, 4, 5, tzinfo=UTC).timestamp()) * 1_000_000
NAN, INF = float("nan"), float("inf")
FIVE_MINUTES_US = 300_000_000
YEAR_2000_US = 946_684_800_000_000


@pytest.mark.parametrize(
    ("fix", "verdict"),
    [
        (Fix(NOW_US, 51.5, -0.1), Verdict.STORED),
        (Fix(NOW_US + FIVE_MINUTES_US, 51.5, -0.1), Verdict.STORED),
        (Fix(NOW_US + FIVE_MINUTES_US + 1, 51.5, -0.1), Verdict.FUTURE),
        (Fix(YEAR_2000_US, 51.5, -0.1), Verdict.STORED),
        (Fix(YEAR_2000_US - 1, 51.5, -0.1), Verdict.ANCIENT),
        (Fix(NOW_US, 0.0, 0.0), Verdict.NULL_ISLAND),
        (Fix(NOW_US, -0.0, 0.0), Verdict.NULL_ISLAND),
        (Fix(NOW_US, 51.5, 0.0), Verdict.STORED),  # Greenwich
        (Fix(NOW_US, 0.0, 32.4), Verdict.STORED),  # the equator
        (Fix(NOW_US, 90.0, 180.0), Verdict.STORED),
        (Fix(NOW_US, 90.000001, 0.0), Verdict.OUT_OF_RANGE),
        (Fix(NOW_US, 51.5, -180.000001), Verdict.OUT_OF_RANGE),
        (Fix(NOW_US, NAN, 0.0), Verdict.NOT_FINITE),
        (Fix(NOW_US, 51.5, -INF), Verdict.NOT_FINITE),
        (Fix(0, NAN, NAN), Verdict.NOT_FINITE),
    ],
)
def test_each_fix_gets_the_verdict_that_says_most(fix: Fix, verdict: Verdict) -> None:
    good = Fix(NOW_US, 1.0, 2.0)
    columns = Columns.of([Delivery([good, fix, good], [7, 7, 7], NOW_US, 0)])
    assert screen(columns).tolist() == [Verdict.STORED, verdict, Verdict.STORED]


def test_the_clock_that_counts_is_that_of_each_fixs_own_arrival() -> None:
    late = Delivery([Fix(NOW_US, 51.5, -0.1)], [7], NOW_US - 2 * FIVE_MINUTES_US, 0)
    now = Delivery([Fix(NOW_US, 51.5, -0.1)], [7], NOW_US, 0)
    columns = Columns.of([late, now])
    assert screen(columns).tolist() == [Verdict.FUTURE, Verdict.STORED]
    assert not np.any(screen(columns, max_ahead_us=2 * FIVE_MINUTES_US))


def test_a_fix_older_than_the_retention_when_it_comes_is_refused_where_one_is_set() -> None:
    week_us = 7 * 86_400_000_000
    times = [NOW_US - week_us, NOW_US - week_us - 1, YEAR_2000_US - 1]
    arrived = Delivery([Fix(t, 51.5, -0.1) for t in times], [7] * 3, NOW_US, 0)
    in_time = Delivery([Fix(NOW_US - week_us - 1, 51.5, -0.1)], [7], NOW_US - 1, 0)
    columns = Columns.of([arrived, in_time])
    verdicts = screen(columns, max_age_us=week_us).tolist()
    expected = [Verdict.STORED, Verdict.PAST_RETENTION, Verdict.ANCIENT, Verdict.STORED]
    assert verdicts == expected
    assert screen(columns).tolist() == [*expected[:1], Verdict.STORED, *expected[2:]]


@pytest.mark.parametrize(
    ("verdict", "time_us", "lat", "lon", "sentence"),
    [
        (
            Verdict.FUTURE,
            NOW_US + 11_045_000_000,
            51.5,
            -0.1,
            "time: 2026-03-02T00:08:10Z is 3 h 4 min ahead of the server's clock",
        ),
        (
            Verdict.PAST_RETENTION,
            NOW_US - 3_546_000_000_000,
            51.5,
            -0.1,
            "time: 2026-01-19T20:04:05Z is 41 d 1 h ago, older than fixes may be when they come",
        ),
        (Verdict.ANCIENT, 0, 51.5, -0.1, "time: 1970-01-01T00:00:00Z is before the year 2000"),
        (
            Verdict.NULL_ISLAND,
            NOW_US,
            0.0,
            0.0,
            "lat, lon: exactly (0, 0), which is what a receiver without a fix reports",
        ),
        (
            Verdict.OUT_OF_RANGE,
            NOW_US,
            91.5,
            200.0,
            "lat, lon: (91.5, 200) is outside -90..90, -180..180 degrees",
        ),
        (Verdict.NOT_FINITE, NOW_US, NAN, 1.0, "lat, lon: (nan, 1) is not a pair of numbers"),
    ],
)
def test_each_verdict_says_what_is_wrong_and_where(
    verdict: Verdict, time_us: int, lat: float, lon: float, sentence: str
) -> None:
    said = explain(verdict, time_us=time_us, received_us=NOW_US, lat=lat, lon=lon)
    assert said == sentence
