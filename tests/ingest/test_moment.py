from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import moment

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=offsets))
def test_a_time_with_a_zone_keeps_every_microsecond(written: datetime) -> None:
    try:
        moment_us = moment.from_datetime(written)
    except ValueError:
        # The first and last day of the calendar, pushed out of it by their offset.
        assert written.year in (1, 9999)
        return
    assert datetime.fromisoformat(moment.as_text(moment_us)) == written


@given(st.integers(0, 4_000_000_000_000_000))
def test_epoch_seconds_with_six_decimals_keep_every_microsecond(moment_us: int) -> None:
    seconds = float(f"{moment_us // 1_000_000}.{moment_us % 1_000_000:06d}")
    assert moment.from_epoch(seconds) == moment_us


def test_a_time_without_a_zone_is_refused_and_told_why() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        moment.from_datetime(datetime(2026, 3, 1, 21, 4, 5))  # noqa: DTZ001


@pytest.mark.parametrize(
    "seconds", [float("nan"), float("inf"), -1e300, 10**400, 1_772_399_045_000]
)
def test_seconds_outside_the_calendar_are_refused_naming_milliseconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="not milliseconds"):
        moment.from_epoch(seconds)


def test_moments_are_written_in_utc_with_the_decimals_they_need() -> None:
    whole = int(datetime(2026, 3, 1, 21, 4, 5, tzinfo=UTC).timestamp()) * 1_000_000
    assert moment.as_text(whole) == "2026-03-01T21:04:05Z"
    assert moment.as_text(whole + 250_000) == "2026-03-01T21:04:05.250000Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (11_045, "3 h 4 min"),
        (90_061, "1 d 1 h"),
    ],
)
def test_spans_are_written_in_their_two_greatest_units(seconds: float, text: str) -> None:
    assert moment.span_text(int(seconds * 1_000_000)) == text
