"""What is asked for: hot spots, schedule windows, patrols per window, minutes per patrol."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.compliance.calendar import DAY, Calendar
from app.compliance.limits import (
    HEAVIEST,
    LONGEST_OVERDUE_MINUTES,
    LONGEST_PATROL_MINUTES,
    MOST_PATROLS,
    MOST_TRIAL_DAYS,
    MOST_WINDOWS,
)
from geofence.model import MINUTE_US

SEEDS = range(-(2**63), 2**63)
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
            1 <= self.patrols <= MOST_PATROLS,
            where,
            f"it asks for {self.patrols} patrols, and not for 1 to {MOST_PATROLS}",
        )


@dataclass(frozen=True, slots=True)
class DrawnTrial:
    """So many of a plan's hot spots are under treatment each day, drawn by lot from a seed."""

    seed: int
    treated: int


@dataclass(frozen=True, slots=True)
class ListedTrial:
    """Which hot spots (ids) are under treatment on which days (true), or are controls (false).

    What is not listed is neither under treatment nor control. Errors count them in this order.
    """

    days: Mapping[tuple[int, dt.date], bool]


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a plan, from `first_day` to `last_day`, both included (None: without end).

    `hotspots` are ids; None means every hot spot there is on the day. `weights` are of some of
    them, and kept where they are not 1. `keys` names the hot spots: lots are drawn by key.
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
        _require(bool(names), "windows", "a plan needs at least one window")
        _require(len(names) <= MOST_WINDOWS, "windows", f"there are more than {MOST_WINDOWS}")
        _require(len(set(names)) == len(names), "windows", "two windows have the same name")
        _require(
            self.last_day is None or self.first_day <= self.last_day,
            "last_day",
            f"{self.last_day} is before first_day, {self.first_day}",
        )
        _require(self.hotspots is None or bool(self.hotspots), "hotspots", "none is named")
        _require(self.teams is None or bool(self.teams), "teams", "none is named")
        self._check_measures()
        self._check_weights()
        match self.trial:
            case DrawnTrial():
                self._check_drawn(self.trial)
            case ListedTrial():
                self._check_listed(self.trial)

    def _check_measures(self) -> None:
        low, high = self.minimum_minutes, self.maximum_minutes
        _require(low > 0, "minimum_minutes", f"{low:g} is not a length of a patrol")
        _require(
            low <= high <= LONGEST_PATROL_MINUTES,
            "maximum_minutes",
            f"{high:g} is not from minimum_minutes, {low:g}, to {LONGEST_PATROL_MINUTES}",
        )
        _require(
            0 < self.coverage_target <= 1, "coverage_target", "it is a share: above 0, at most 1"
        )
        _require(0 <= self.least_observability <= 1, "least_observability", "it is a share: 0 to 1")
        _require(
            0 < self.overdue_minutes <= LONGEST_OVERDUE_MINUTES,
            "overdue_minutes",
            f"{self.overdue_minutes:g} is not above 0 and at most {LONGEST_OVERDUE_MINUTES}",
        )

    def _check_weights(self) -> None:
        spots = self.hotspots or frozenset()
        for spot, weight in self.weights.items():
            _require(spot in spots, "weights", f"{self.named(spot)} is not named among hotspots")
            _require(
                0 < weight <= HEAVIEST,
                "weights",
                f"{weight:g} for {self.named(spot)} is not above 0 and at most {HEAVIEST:g}",
            )
        for window in self.windows:
            _require(
                bool(spots) or not window.by_weight,
                f"windows[{window.name}]",
                "patrols are shared by weight among hot spots that are named: name them",
            )
        kept = {spot: weight for spot, weight in self.weights.items() if weight != 1}
        object.__setattr__(self, "weights", kept)

    def _check_drawn(self, trial: DrawnTrial) -> None:
        spots = self.hotspots or frozenset()
        _require(bool(spots), "trial", "lots are drawn among hot spots that are named: name them")
        _require(spots <= self.keys.keys(), "trial", "lots are drawn by keys, and some have none")
        _require(
            1 <= trial.treated <= len(spots),
            "trial.treated",
            f"{trial.treated} of {len(spots)} hot spots cannot be under treatment",
        )
        _require(trial.seed in SEEDS, "trial.seed", "it takes more than 64 bits")

    def _check_listed(self, trial: ListedTrial) -> None:
        _require(bool(trial.days), "trial.days", "none is listed")
        most = f"there are more than {MOST_TRIAL_DAYS}"
        _require(len(trial.days) <= MOST_TRIAL_DAYS, "trial.days", most)
        for index, (spot, day) in enumerate(trial.days):
            where = f"trial.days[{index}]"
            _require(
                self.hotspots is None or spot in self.hotspots,
                where,
                f"{self.named(spot)} is not among the hot spots of the plan",
            )
            _require(self.runs_on(day), where, f"{day} is not a day of the plan")

    def named(self, hotspot: int) -> str:
        """A hot spot's key, or its id where the plan does not say."""
        return self.keys.get(hotspot, str(hotspot))

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
