"""A small world of hot spots, plan and patrols in half minutes, for figures reckoned plainly.

Time is counted in ticks of half a minute from midnight of the world's first date, in a zone whose
clocks are not changed. A stretch of time is a set of ticks, so that uniting, cutting and measuring
are what sets do.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from app.compliance.plan import DrawnTrial, Plan, Window

MINUTE = 2
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BRIEF = 2 * MINUTE  # shorter than this is a pass-through
Ticks: TypeAlias = set[int]
Slot: TypeAlias = tuple[dt.date, str | None]  # a window on a day


@dataclass(frozen=True)
class Stay:
    """One visit: when, for how long surely and at most, and whether its ends were seen."""

    device: int
    hotspot: int
    enter: int
    exit: int
    sure: tuple[int, int]
    outer: tuple[int, int]
    enter_seen: bool = True
    exit_seen: bool = True
    brief: bool = False

    @property
    def ticks(self) -> Ticks:
        return set(range(self.enter, self.exit))


@dataclass(frozen=True)
class Carried:
    """Who had which device."""

    device: int
    officer: int
    start: int
    end: int


@dataclass(frozen=True)
class Duty:
    """When an officer was rostered."""

    officer: int
    start: int
    end: int


@dataclass(frozen=True)
class Away:
    """An abstraction: of an officer, of a team, or (neither) of everybody."""

    start: int
    end: int
    reason: str
    officer: int | None = None
    team: int | None = None


@dataclass(frozen=True)
class Person:
    """An officer's team (or none) and organisation."""

    team: int | None
    organisation: str


@dataclass(frozen=True)
class Near:
    """A device outside a hot spot, but close by."""

    device: int
    hotspot: int
    start: int
    end: int


@dataclass(frozen=True)
class Dark:
    """A device that nothing was heard of. All else is observed."""

    device: int
    start: int
    end: int


@dataclass(frozen=True)
class World:
    """All that figures are made from. `spots` has each hot spot's first date."""

    date: dt.date
    plan: Plan
    spots: Mapping[int, dt.date]
    as_at: int
    stays: tuple[Stay, ...] = ()
    carried: tuple[Carried, ...] = ()
    people: Mapping[int, Person] = field(default_factory=dict)
    kinds: Mapping[int, str] = field(default_factory=dict)
    duty: tuple[Duty, ...] = ()
    away: tuple[Away, ...] = ()
    dark: tuple[Dark, ...] = ()
    near: tuple[Near, ...] = ()
    answers: frozenset[tuple[int, dt.date, str]] = frozenset()

    def observed(self, device: int, minute: int) -> bool:
        """Whether all of a minute (numbered from tick 0) was observed."""
        start, end = minute * MINUTE, (minute + 1) * MINUTE
        mine = [dark for dark in self.dark if dark.device == device]
        return all(dark.end <= start or end <= dark.start for dark in mine)

    def at(self, date: dt.date, time: dt.time) -> int:
        """The tick of a local time."""
        since = dt.datetime.combine(date, time) - dt.datetime.combine(self.date, dt.time())
        return int(since / dt.timedelta(seconds=30))

    def day_start(self, date: dt.date) -> int:
        """When an operational day begins."""
        return self.at(date, self.plan.calendar.day_start)


@dataclass(frozen=True)
class Row:
    """A cell that is required or under control, or (without a window) the rest of a day."""

    hotspot: int
    day: dt.date
    window: str | None
    arm: str  # required, control, rest
    start: int
    end: int
    required: int = 0
    treated: bool | None = True  # that day; None: in no arm of the trial

    @property
    def slot(self) -> Slot:
        return self.day, self.window

    @property
    def ticks(self) -> Ticks:
        return set(range(self.start, self.end))


def rows(world: World, first: dt.date, last: dt.date) -> list[Row]:
    """All rows of the plan's days from one to another, both included."""
    count = (last - first).days + 1
    days = (first + dt.timedelta(days=number) for number in range(count))
    return [row for day in days if world.plan.runs_on(day) for row in _rows_of_day(world, day)]


def _rows_of_day(world: World, day: dt.date) -> Iterator[Row]:
    plan = world.plan
    named = world.spots if plan.hotspots is None else plan.hotspots
    spots = sorted(spot for spot in named if world.spots[spot] <= day)
    arms = _arms(plan, day, spots)
    for window in plan.windows:
        if day.weekday() in window.weekdays:
            start, end = _times(world, window, day)
            treated = [spot for spot in spots if arms[spot]]
            for spot, quota in _quotas(plan, window, treated).items():
                if quota:
                    yield Row(spot, day, window.name, "required", start, end, quota)
            for spot in spots:
                if arms[spot] is False:
                    yield Row(spot, day, window.name, "control", start, end, 0, treated=False)
    start = world.day_start(day)
    for spot in spots:
        yield Row(spot, day, None, "rest", start, start + DAY, 0, treated=arms[spot])


def _times(world: World, window: Window, day: dt.date) -> tuple[int, int]:
    before_day = window.start < world.plan.calendar.day_start
    start = world.at(day, window.start) + (DAY if before_day else 0)
    length = (world.at(day, window.end) - world.at(day, window.start)) % DAY
    return start, start + length


def _arms(plan: Plan, day: dt.date, spots: list[int]) -> dict[int, bool | None]:
    """Whether each hot spot is treated (true), a control (false), or in no arm (None)."""
    if plan.trial is None:
        return dict.fromkeys(spots, True)
    if isinstance(plan.trial, DrawnTrial):
        seed = plan.trial.seed
        ranked = sorted(spots, key=lambda spot: lot(seed, day, plan.keys[spot]))
        return {spot: ranked.index(spot) < plan.trial.treated for spot in spots}
    return {spot: plan.trial.days.get((spot, day)) for spot in spots}


def lot(seed: int, day: dt.date, key: str) -> str:
    """What a hot spot drew."""
    return hashlib.sha256(f"{seed}:{day}:{key}".encode()).hexdigest()


def _quotas(plan: Plan, window: Window, spots: list[int]) -> dict[int, int]:
    """How many patrols each hot spot is to have: largest remainders."""
    if not window.by_weight:
        return dict.fromkeys(spots, window.patrols)
    weight = {spot: Fraction(str(plan.weights.get(spot, 1))) for spot in spots}
    exact = {spot: window.patrols * weight[spot] / sum(weight.values()) for spot in spots}
    whole = {spot: int(exact[spot]) for spot in spots}
    left = window.patrols - sum(whole.values())
    first = sorted(spots, key=lambda spot: (whole[spot] - exact[spot], -weight[spot], spot))
    return {spot: whole[spot] + (spot in first[:left]) for spot in spots}


def cut(stay: Stay, keep: Ticks) -> list[Stay]:
    """The pieces of a visit within some time. An end where it was cut counts as seen."""
    pieces = []
    for start, end in runs(stay.ticks & keep):
        later, sooner = start > stay.enter, end < stay.exit
        piece = Stay(
            stay.device,
            stay.hotspot,
            start,
            end,
            sure=(max(stay.sure[0], start), min(stay.sure[1], end)),
            outer=(start if later else stay.outer[0], end if sooner else stay.outer[1]),
            enter_seen=stay.enter_seen or later,
            exit_seen=stay.exit_seen or sooner,
            brief=stay.brief or ((later or sooner) and end - start < BRIEF),
        )
        pieces.append(piece)
    return pieces


def runs(ticks: Iterable[int]) -> list[tuple[int, int]]:
    """Sets of ticks as stretches from a first tick to the one after the last."""
    ordered = sorted(ticks)
    if not ordered:
        return []
    breaks = [(one + 1, other) for one, other in pairwise(ordered) if other != one + 1]
    starts = [ordered[0], *(start for _, start in breaks)]
    ends = [*(end for end, _ in breaks), ordered[-1] + 1]
    return list(zip(starts, ends, strict=True))
