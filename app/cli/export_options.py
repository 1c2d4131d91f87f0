"""What `beatkeeper export` is asked for: which options each table takes, and what they mean."""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from app.cli.opening import fail
from app.compliance.calendar import DAY, FIRST_DAY, LAST_DAY, Calendar
from app.compliance.groups import Period
from app.reports.table import OfPlan
from app.storage.types import from_us
from app.storage.visit_reads import Wanted

_CALENDAR: Final = Calendar()
_OF_PEOPLE: Final = ("device", "officer", "pseudonyms", "study")
_OF_PLACES: Final = ("patrols", "cells", "place-days")
# All tables take --from, --to and --as-at besides.
_TAKES: Final[dict[str, tuple[str, ...]]] = {
    "visits": ("hotspot", *_OF_PEOPLE),
    "pings": _OF_PEOPLE,
    **dict.fromkeys(_OF_PLACES, ("plan",)),
}
TABLES: Final = tuple(_TAKES)
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "visits": (),
    "pings": ("from", "to"),
    **dict.fromkeys(_OF_PLACES, ("plan", "from", "to")),
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
        given |= {"from": None, "to": None, "pseudonyms": "given" if self.pseudonyms else None}
        for name, value in given.items():
            if value is not None and name not in _TAKES[table]:
                fail(f"the table {table} does not take --{name}", 2)

    def wanted(self, now: dt.datetime) -> Wanted:
        """Which visits or pings."""
        start = None if self.start is None else _moment("--from", self.start, first=True)
        end = None if self.end is None else _moment("--to", self.end, first=False)
        if start is not None and end is not None and start > end:
            fail(f"--from {self.start} is after --to {self.end}", 2)
        return Wanted(start, end, self.hotspot, self.device, self.officer, as_at=self._known(now))

    def of_plan(self, now: dt.datetime) -> OfPlan:
        """Which days of which plan."""
        first, last = _day("--from", self.start or ""), _day("--to", self.end or "")
        if first > last:
            fail(f"--from {first} is after --to {last}", 2)
        return OfPlan(self.plan or "", Period(first, last), self._known(now), now)

    def _known(self, now: dt.datetime) -> dt.datetime | None:
        if self.as_at is None:
            return None
        moment = _time("--as-at", self.as_at)
        if moment > now:
            fail(f"--as-at {self.as_at} lies in the future", 2)
        return moment


def _moment(option: str, text: str, *, first: bool) -> dt.datetime:
    """A time, or the beginning (else the end) of an operational day."""
    if len(text) > len("YYYY-MM-DD"):
        return _time(option, text)
    day = _day(option, text)
    return from_us(_CALENDAR.start_of(day if first else day + DAY))


def _time(option: str, text: str) -> dt.datetime:
    time = None
    with suppress(ValueError):
        time = dt.datetime.fromisoformat(text)
    if time is None or time.tzinfo is None or not FIRST_DAY <= time.date() <= LAST_DAY:
        fail(f"{option} {text}: give a time with an offset, such as 2026-01-15T15:00:00Z", 2)
    return time.astimezone(dt.UTC)


def _day(option: str, text: str) -> dt.date:
    day = None
    with suppress(ValueError):
        day = dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 -- a day has no zone
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        fail(
            f"{option} {text}: give an operational day as YYYY-MM-DD, {FIRST_DAY} to {LAST_DAY}", 2
        )
    return day
