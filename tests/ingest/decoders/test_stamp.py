import pytest

from ingest.decoders import stamp

NOW = 1_772_399_045_000_000


@pytest.mark.parametrize(
    ("written", "time_us"),
    [
        (1772399045, NOW),
        (1772399045.25, NOW + 250_000),
        (1772399045250, NOW + 250_000),
        ("1772399045250", NOW + 250_000),
        (" 1772399045 ", NOW),
        (2**31 + 10, (2**31 + 10) * 1_000_000),  # seconds of 2038, not milliseconds of 1970
        (99_999_999_999, 99_999_999_999 * 1_000_000),
        (100_000_000_000, 100_000_000_000 * 1_000),
        (-1, -1_000_000),
        ("2026-03-01T21:04:05Z", NOW),
        ("2026-03-01T21:04:05.123456Z", NOW + 123_456),
        ("2026-03-01T22:04:05+01:00", NOW),
        ("2026-03-01T13:04:05-0800", NOW),
        ("2026-03-01T21:04:05", NOW),
        ("2026-03-01 21:04:05", NOW),
        ("2026-03-01T21:04", NOW - 5_000_000),
    ],
)
def test_seconds_milliseconds_and_calendar_times_are_told_apart(
    written: object, time_us: int
) -> None:
    assert stamp.read(written) == time_us


@pytest.mark.parametrize(
    "written",
    [
        *(None, True, [], {}, "", "soon", "2026-03-01"),
        *("2026-13-01T00:00:00Z", "2026-03-01T25:00:00Z", "0001-01-01T00:00:00+14:00"),
        *(float("nan"), float("inf"), "nan", "inf", "-inf", 10**14, 10**400, "1" * 100),
    ],
)
def test_what_is_no_moment_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"^time: "):
        stamp.read(written)
