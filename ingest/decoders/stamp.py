"""Times as phone programs write them: seconds, milliseconds, ISO 8601, with or without a zone."""

from datetime import UTC, datetime
from typing import Final

from ingest import moment

_LONGEST: Final = 64  # characters; the parsers below are not given megabytes
_DATE: Final = 10  # characters of 2026-03-01


def read(value: object) -> int:
    """Give the microseconds UTC that a number or a text means; ValueError where it means none.

    A number counts seconds since 1970, or milliseconds if it is 1e11 or more (Traccar divides at
    2^31 - 1, which seconds reach in 2038). A time without a zone is UTC.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _counted(value)
    if isinstance(value, str) and len(value) <= _LONGEST:
        return _written(value.strip())
    message = "time: expected seconds, milliseconds or an ISO 8601 text"
    raise ValueError(message)


def _counted(number: float) -> int:
    if abs(number) < moment.LEAST_MS:
        return moment.from_epoch(number)
    if abs(number) < moment.LEAST_MS * 1000:
        return moment.from_epoch(number / 1000)
    message = "time: the number is neither seconds nor milliseconds since 1970"
    raise ValueError(message)


def _written(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        return _calendar(text)
    return _counted(number)


def _calendar(text: str) -> int:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        message = f"time: {text!r} is neither a number nor an ISO 8601 time"
        raise ValueError(message) from None
    if len(text) <= _DATE:
        message = f"time: {text!r} is a day, not a moment"
        raise ValueError(message)
    return moment.from_datetime(when if when.tzinfo else when.replace(tzinfo=UTC))
