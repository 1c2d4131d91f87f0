"""What `beatkeeper export` is asked for: which options each table takes, and what they mean."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from app.cli import moments
from app.cli.opening import fail
from app.compliance.calendar import DAY, Calendar
from app.compliance.groups import Period
from app.reports.table import OfPlan
from app.storage.types import from_us
from app.storage.visit_reads import Wanted

_CALENDAR: Final = Calendar()
_OF_PEOPLE: Final = ("device", "officer", "pseudonyms", "study")
_OF_PLACES: Final = ("patrols", "cells", "place-days")
# All tables take these, and --as-at, besides.
_SPAN: Final = ("from", "to")
_TAKES: Final[dict[str, tuple[str, ...]]] = {
    "visits": ("hotspot", "open", *_OF_PEOPLE),
    "pings": _OF_PEOPLE,
    **dict.fromkeys(_OF_PLACES, ("plan",)),
}
TABLES: Final = tuple(_TAKES)
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "visits": (),
    "pings": _SPAN,
    **dict.fromkeys(_OF_PLACES, ("plan", *_SPAN)),
}


@dataclass(frozen=True, slots=True)
class Options:
    """The options as they were given; None, or false, where one was not."""

    start: str | None
    end: str | None
    as_at: str | None
    plan: str | None
    hotspot: str | None
    device: str | None
    officer: str | None
    study: str | None
    open: bool | None
    pseudonyms: bool

    def check(self, table: str) -> None:
        """Ends the command where the table lacks an option, or can do nothing with one."""
        if table not in _TAKES:
            fail(f"there is no table {table!r}: take one of {', '.join(_TAKES)}", 2)
        given = {"plan": self.plan, "from": self.start, "to": self.end, "hotspot": self.hotspot}
        given |= {"device": self.device, "officer": self.officer, "study": self.study}
        for name in _NEEDS[table]:
            if given[name] is None:
                fail(f"the table {table} needs --{name}", 2)
        flags = {"open": self.open, "pseudonyms": self.pseudonyms or None}
        for name, value in (given | flags).items():
            if value is not None and name not in _SPAN + _TAKES[table]:
                fail(f"the table {table} does not take --{name}", 2)

    def wanted(self, now: dt.datetime) -> Wanted:
        """Which visits or pings."""
        start = None if self.start is None else _moment("--from", self.start, first=True)
        end = None if self.end is None else _moment("--to", self.end, first=False)
        if start is not None and end is not None and start > end:
            fail(f"--from {self.start} is after --to {self.end}", 2)
        known = moments.as_at(self.as_at, now)
        return Wanted(start, end, self.hotspot, self.device, self.officer, self.open, known)

    def of_plan(self, now: dt.datetime) -> OfPlan:
        """Which days of which plan."""
        first, last = moments.day("--from", self.start or ""), moments.day("--to", self.end or "")
        if first > last:
            fail(f"--from {first} is after --to {last}", 2)
        return OfPlan(self.plan or "", Period(first, last), moments.as_at(self.as_at, now), now)


def _moment(option: str, text: str, *, first: bool) -> dt.datetime:
    """A time, or the beginning (else the end) of an operational day."""
    if len(text) > len("YYYY-MM-DD"):
        return moments.time(option, text)
    day = moments.day(option, text)
    return from_us(_CALENDAR.start_of(day if first else day + DAY))
