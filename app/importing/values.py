"""What cells say that hold names, numbers, yes or no, days of the week, time zones."""

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from app.compliance.calendar import zone
from app.compliance.limits import LONGEST_NAME, LONGEST_NOTE, NO_NAME, NO_NOTE
from app.importing.grid import Cell

QUOTED: Final = 60
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_YES: Final = {"yes", "y", "true", "x", "1"}
_NO: Final = {"no", "n", "false", "0", "-"}
_SETS: Final = {
    "daily": frozenset(range(7)),
    "everyday": frozenset(range(7)),
    "all": frozenset(range(7)),
    "weekdays": frozenset(range(5)),
    "weekends": frozenset({5, 6}),
    "weekend": frozenset({5, 6}),
}


def quoted(cell: Cell) -> str:
    """A cell in a message, cut short."""
    text = str(cell)
    return repr(text if len(text) <= QUOTED else text[:QUOTED] + "\u2026")


def _words(longest: int, refused: str, what: str) -> Callable[[Cell], str]:
    """Reads text that is not longer than that, and has none of the characters `refused`."""
    pattern = re.compile(f"[{refused}]")

    def read(cell: Cell) -> str:
        text = _plain(cell)
        if len(text) > longest:
            msg = f"it is longer than {longest} characters"
            raise ValueError(msg)
        if pattern.search(text):
            msg = f"it has {what}"
            raise ValueError(msg)
        return text

    return read


name = _words(LONGEST_NAME, NO_NAME, "a line break or another control character")
"""Reads a name, an officer's number, or other words on one line; 1234.0 is 1234."""
note = _words(LONGEST_NOTE, NO_NOTE, "a control character")
"""Reads a text of several lines."""


def names(cell: Cell) -> tuple[str, ...]:
    """Names with commas or semicolons between them."""
    return tuple(name(part.strip()) for part in re.split("[,;]", _plain(cell)) if part.strip())


def _plain(cell: Cell) -> str:
    if isinstance(cell, bool | dt.date | dt.time | dt.timedelta):
        msg = f"{quoted(cell)} is no text: format the cell as text"
        raise ValueError(msg)  # noqa: TRY004 -- a cell that cannot be read
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()


def number(cell: Cell) -> float:
    """A number; a share may be written in per cent, with the sign."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        found = float(cell)
    else:
        text = str(cell).replace(" ", "")
        share = text.endswith("%")
        try:
            found = float(text.rstrip("%")) / (100 if share else 1)
        except ValueError as exc:
            msg = f"{quoted(cell)} is not a number"
            raise ValueError(msg) from exc
    if not math.isfinite(found):
        msg = f"{quoted(cell)} is not a finite number"
        raise ValueError(msg)
    return found


def within(low: float, high: float, what: str, *, or_low: bool = False) -> Callable[[Cell], float]:
    """Reads a number above `low`, `or_low` from it on, and at most `high`."""

    def read(cell: Cell) -> float:
        found = number(cell)
        if not low < found <= high and not (or_low and found == low):
            msg = f"{quoted(cell)} is not {what}"
            raise ValueError(msg)
        return found

    return read


def whole(low: int, high: int) -> Callable[[Cell], int]:
    """Reads a whole number from `low` to `high`."""

    def read(cell: Cell) -> int:
        # Not by way of a float: a seed may have more digits than one holds.
        text = _plain(cell)
        if not re.fullmatch(r"-?\d{1,19}", text) or not low <= int(text) <= high:
            msg = f"{quoted(cell)} is not a whole number from {low} to {high}"
            raise ValueError(msg)
        return int(text)

    return read


def yes_or_no(cell: Cell) -> bool:
    """Whether it says yes (y, true, x, 1) or no (n, false, 0)."""
    text = str(cell).strip().lower().removesuffix(".0")
    if text not in _YES | _NO:
        msg = f"{quoted(cell)} is neither yes nor no"
        raise ValueError(msg)
    return text in _YES


def treatment(cell: Cell) -> bool:
    """Whether a day is one of treatment; else it is one of control."""
    text = str(cell).strip().lower()
    if text not in {"treatment", "treated", "t", "control", "c"}:
        msg = f"{quoted(cell)} is neither treatment nor control"
        raise ValueError(msg)
    return text.startswith("t")


def time_zone(cell: Cell) -> ZoneInfo:
    """A time zone by its IANA name."""
    return zone(name(cell))


def weekdays(cell: Cell) -> frozenset[int]:
    """Days of the week (Monday is 0): "daily", "Mon-Fri", "Fri, Sat", "weekends"."""
    text = _plain(cell).lower().replace("\u2013", "-")
    text = re.sub(r"\bto\b|\bthrough\b|\buntil\b", "-", text)
    found = _SETS.get(text.replace(" ", ""))
    if found is not None:
        return found
    text = re.sub(r"\s*-\s*", "-", text)
    days: set[int] = set()
    for part in re.split(r"[\s,;/&+]+|\band\b", text):
        first, dash, last = part.partition("-")
        if part and dash:
            begin, end = _weekday(first, cell), _weekday(last, cell)
            days |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
        elif part:
            days.add(_weekday(part, cell))
    if not days:
        msg = f"{quoted(cell)} names no day of the week"
        raise ValueError(msg)
    return frozenset(days)


def _weekday(text: str, cell: Cell) -> int:
    text = text.rstrip(".")
    forms = {text, text.removesuffix("s")} if len(text) > 1 else set()  # "t" may be either
    found = [at for at, day in enumerate(WEEKDAYS) if any(day.startswith(one) for one in forms)]
    if len(found) != 1:
        msg = f"{quoted(cell)} is not days of the week, such as Mon-Fri or Fri, Sat or daily"
        raise ValueError(msg)
    return found[0]
