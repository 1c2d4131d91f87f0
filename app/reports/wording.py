"""Figures, days and counts as people read them aloud."""

import datetime as dt
from decimal import Decimal
from typing import Final

UNKNOWN: Final = "not known"
_FINEST: Final = 12  # decimals, past which binary numbers are no longer what was written
# A number and its unit stay on one line.
_NO_BREAK: Final = "\u00a0"


def percent(value: float | None, target: float | None = None) -> str:
    """A share (0 to 1), to a tenth; finer where it would else read as none, all, or its target.

    So 89.96 % is not the 90 % that it missed, and 2,499 of 2,500 are not 100 %.
    """
    if value is None:
        return UNKNOWN
    return f"{_percent(value, target)}{_NO_BREAK}%"


def goal(target: float) -> str:
    """A share that was set, as it was set: 87.25 %."""
    return f"{_exactly(target)}{_NO_BREAK}%"


def span(
    low: float | None, high: float | None, target: float | None = None, *, to: str = "to"
) -> str:
    """The lowest and highest that a share may be: 80 to 90 %; where they read the same, that."""
    if low is None or high is None:
        return UNKNOWN
    if percent(low, target) == percent(high, target):
        return percent(low, target)
    return f"{_percent(low, target)} {to} {percent(high, target)}"


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


def _percent(value: float, target: float | None) -> str:
    marks = [0.0, 1.0] if target is None else [0.0, 1.0, target]
    digits = 1
    while digits < _FINEST and not all(_stands(value, digits, mark) for mark in marks):
        digits += 1
    return _number(value * 100, digits)


def _stands(value: float, digits: int, mark: float) -> bool:
    """Whether a share reads as above, below or at a mark as it is."""
    told, at = Decimal(f"{value * 100:.{digits}f}"), Decimal(_exactly(mark))
    return (told > at, told < at) == (value > mark, value < mark)


def _exactly(share: float) -> str:
    return _number(share * 100, _FINEST)


def _number(value: float, digits: int = 1) -> str:
    return f"{value:,.{digits}f}".rstrip("0").removesuffix(".")
