"""Figures, days and counts as people read them aloud."""

import datetime as dt
from typing import Final

from app.compliance.figures import Share

UNKNOWN: Final = "not known"
# A number and its unit stay on one line.
_NO_BREAK: Final = "\u00a0"


def percent(value: float | None) -> str:
    """A share (0 to 1), to a tenth: 89.6 % does not read as the 90 % that it missed."""
    return UNKNOWN if value is None else f"{_number(value * 100)}{_NO_BREAK}%"


def span(low: float | None, high: float | None) -> str:
    """The lowest and highest that a share may be: 80 to 90 %; where they are the same, that."""
    if low is None or high is None:
        return UNKNOWN
    if percent(low) == percent(high):
        return percent(low)
    return f"{_number(low * 100)} to {percent(high)}"


def is_settled(share: Share) -> bool:
    """Whether a share has a value, and the data leave no other."""
    return share.value is not None and share.low == share.high


def counted(number: int, noun: str) -> str:
    """1 cell, 2 cells."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def hours(number: float) -> str:
    """A number of hours, to a tenth."""
    return f"{_number(number)} hour{'' if _number(number) == '1' else 's'}"


def lapse(minutes: float) -> str:
    """A stretch of time as one says it: 45 min, 3 h 10 min, 2 days 4 h."""
    whole = round(minutes)
    hour, rest = divmod(whole, 60)
    if hour == 0:
        return f"{rest}{_NO_BREAK}min"
    days, left = divmod(hour, 24)
    if days == 0:
        return f"{hour}{_NO_BREAK}h {rest}{_NO_BREAK}min"
    return f"{counted(days, 'day')} {left}{_NO_BREAK}h"


def date(day: dt.date) -> str:
    """Sunday 22 November 2026."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")
