"""Moments as the service keeps them: whole microseconds since the Unix epoch, UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

SECOND_US: Final = 1_000_000

LEAST_MS: Final = 1e11
"""As seconds the year 5138, as milliseconds 1973: such a number counts milliseconds, if it can."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S: Final = 86_400
_FIRST_US: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST_US: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def from_datetime(moment: datetime) -> int:
    """Give the microseconds of an aware `moment`, exactly; ValueError where it has no zone."""
    if moment.tzinfo is None:
        message = f"time: {moment.isoformat()} has no time zone; add Z or an offset like +01:00"
        raise ValueError(message)
    since = moment - _EPOCH
    moment_us = (since.days * _DAY_S + since.seconds) * SECOND_US + since.microseconds
    if not _FIRST_US <= moment_us <= _LAST_US:
        message = f"time: {moment.isoformat()} is outside the years 1 to 9999 in UTC"
        raise ValueError(message)
    return moment_us


def from_epoch(seconds: float) -> int:
    """Give the microseconds of `seconds` since the epoch; ValueError outside the years 1 to 9999.

    A float of today's date is fine enough (0.24 microseconds) to round to the one that was meant.
    """
    if not _FIRST_US <= seconds * SECOND_US <= _LAST_US:  # never true of NaN
        message = (
            "time: a number counts seconds since 1970 (not milliseconds),"
            " and this one is outside the years 1 to 9999"
        )
        raise ValueError(message)
    return round(seconds * SECOND_US)


def to_datetime(moment_us: int) -> datetime:
    """Give the aware moment, UTC; OverflowError outside the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=moment_us)


def as_text(moment_us: int) -> str:
    """Write a moment as RFC 3339 in UTC, with as many decimals as it needs."""
    return to_datetime(moment_us).isoformat().replace("+00:00", "Z")


def span_text(span_us: int) -> str:
    """Write a length of time in its two greatest units: "3 h 4 min"; under a second, "0 s"."""
    seconds = span_us // SECOND_US
    units = (("d", _DAY_S), ("h", 3600), ("min", 60), ("s", 1))
    parts: list[tuple[int, str]] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append((count, name))
    return " ".join(f"{count} {name}" for count, name in parts[:2] if count) or "0 s"
