"""What is asked for: hot spots, schedule windows, patrols per window, minutes per patrol."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.compliance.calendar import DAY, Calendar

MINUTE_US = 60_000_000
EVERY_DAY = frozenset(range(7))


class PlanError(ValueError):
    """A plan that cannot be meant; names the field and what is wrong with it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of local time in which each hot spot is to have so many patrols.

    It belongs to the operational day in which it starts, and `weekdays` (Monday is 0) are
    operational days: 02:00 to 05:00 on Fridays is the early morning after Friday evening.
    One that ends at or before the time it starts at ends on the next calendar date.
    `by_weight`: `patrols` is how many all hot spots are to have together, shared by their weights.
    """

    name: str
    start: dt.time
    end: dt.time
    weekdays: frozenset[int] = EVERY_DAY
    patrols: int = 1
    by_weight: bool = False

    def __post_init__(self) -> None:
        where = f"windows[{self.name}]"
        _require(bool(self.name.strip()), "windows", "a window needs a name")
        _require(self.start != self.end, where, f"it starts and ends at {self.start:%H:%M}")
        _require(bool(self.weekdays), where, "it is on no day of the week")
        _require(self.weekdays <= EVERY_DAY, where, "weekdays are 0 (Monday) to 6 (Sunday)")
        _require(
            self.patrols >= 1, where, f"it asks for {self.patrols} patrols; at least 1 makes sense"
        )


@dataclass(frozen=True, slots=True)
class DrawnTrial:
    """So many of a plan's hot spots are under treatment each day, drawn by lot from a seed."""

    seed: int
    treated: int


@dataclass(frozen=True, slots=True)
class ListedTrial:
    """Which hot spots (ids) are under treatment on which days (true), or are controls (false).

    What is not listed is neither under treatment nor control.
    """

    days: Mapping[tuple[int, dt.date], bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a plan, from `first_day` to `last_day`, both included (None: without end).

    `hotspots` are ids; None means every hot spot there is on the day. `weights` are those that are
    not 1, of some of them. `keys` names the hot spots of a drawn trial: lots are drawn by name.
    `teams` are the ids of those whose duty times and abstractions count; None: everybody's.
    Raises PlanError when made of what cannot be meant.
    """

    key: str
    name: str
    windows: tuple[Window, ...]
    first_day: dt.date
    last_day: dt.date | None = None
    hotspots: frozenset[int] | None = None
    minimum_minutes: float = 10.0
    maximum_minutes: float = 15.0
    coverage_target: float = 0.9
    least_observability: float = 0.8
    overdue_minutes: float = 60.0
    weights: Mapping[int, float] = field(default_factory=dict)
    trial: DrawnTrial | ListedTrial | None = None
    keys: Mapping[int, str] = field(default_factory=dict)
    teams: frozenset[int] | None = None
    calendar: Calendar = field(default_factory=Calendar)

    def __post_init__(self) -> None:
        names = [window.name for window in self.windows]
        low, high = self.minimum_minutes, self.maximum_minutes
        _require(bool(names), "windows", "a plan needs at least one window")
        _require(len(set(names)) == len(names), "windows", "two windows have the same name")
        _require(0 < low < float("inf"), "minimum_minutes", f"{low:g} is not a length of a patrol")
        _require(
            low <= high < float("inf"),
            "maximum_minutes",
            f"{high:g} is not a finite number of at least minimum_minutes, {low:g}",
        )
        _require(
            0 < self.coverage_target <= 1, "coverage_target", "it is a share: above 0, at most 1"
        )
        _require(
            self.last_day is None or self.first_day <= self.last_day,
            "last_day",
            f"{self.last_day} is before first_day, {self.first_day}",
        )
        _require(self.hotspots is None or bool(self.hotspots), "hotspots", "none is named")

    @property
    def minimum_us(self) -> int:
        """Microseconds from which on a patrol qualifies."""
        return round(self.minimum_minutes * MINUTE_US)

    @property
    def maximum_us(self) -> int:
        """Microseconds past which a patrol's time is surplus."""
        return round(self.maximum_minutes * MINUTE_US)

    def runs_on(self, day: dt.date) -> bool:
        """Whether an operational day is one of the plan's."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)

    def times_of(self, window: Window, day: dt.date) -> tuple[int, int] | None:
        """When a window of this plan begins and ends on an operational day, microseconds UTC.

        None if it is not on that day of the week. Where moving its start past the hour that a
        spring day lacks would leave nothing, it is clipped to what there is of it, if anything.
        """
        if day.weekday() not in window.weekdays:
            return None
        date = day + DAY if window.start < self.calendar.day_start else day
        start_us = self.calendar.at(date, window.start)
        end_us = self.calendar.at(date + DAY if window.end <= window.start else date, window.end)
        if end_us <= start_us:
            start_us = self.calendar.past_gap(date, window.start)
        return (start_us, end_us) if start_us < end_us else None


def _require(holds: bool, where: str, what: str) -> None:  # noqa: FBT001 -- reads as a sentence
    if not holds:
        raise PlanError(where, what)
