"""A plan's cells: hot spot x schedule window x operational day, from what was known by then."""

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from app.compliance.calendar import DAY
from app.compliance.days import Day, Slot
from app.compliance.intervals import Ints
from app.compliance.plan import Plan

# Stands for "still the truth" and "without end" in columns of int64.
NEVER_US = np.iinfo(np.int64).max

# Kinds of row: what the plan requires; a trial's control, of which it requires nothing; and all
# that lies in no window, one row a hot spot and operational day.
REQUIRED: Final = 0
CONTROL: Final = 1
REST: Final = 2
NO_SLOT: Final = -1

Shares = npt.NDArray[np.float64]
_Value = TypeVar("_Value")
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """A plan as it stood from `known_from_us` until `known_to_us` (None: until now)."""

    plan: Plan
    known_from_us: int
    known_to_us: int | None = None

    def known_at(self, time_us: int) -> bool:
        """Whether this was the version at that moment."""
        return self.known_from_us <= time_us and (
            self.known_to_us is None or time_us < self.known_to_us
        )


@dataclass(frozen=True, slots=True)
class HotspotVersions:
    """Versions of hot spots: int64 columns of equal length, times in microseconds UTC.

    `valid_*` is when the version holds, `known_*` when that was believed; NEVER_US ends neither.
    """

    hotspot: Ints
    valid_from_us: Ints
    valid_to_us: Ints
    known_from_us: Ints
    known_to_us: Ints

    def valid(self, time_us: int, known_us: int) -> Ints:
        """Ids, ascending, of the hot spots that exist at a moment, as believed at `known_us`."""
        held = (self.valid_from_us <= time_us) & (time_us < self.valid_to_us)
        believed = (self.known_from_us <= known_us) & (known_us < self.known_to_us)
        return np.unique(self.hotspot[held & believed])


@dataclass(frozen=True, slots=True)
class Slots:
    """Schedule windows on operational days ("shifts"): columns of equal length.

    Ordered by day and start. `day` is a proleptic ordinal, `window` an index into the cells'
    `windows`, `staff` one into `staffs`: the teams whose duty times count (None: everybody's);
    `least` is the share of tracked time from which on it is measurable, `target` that of cells
    which the plan wants covered; times in microseconds UTC.
    """

    day: Ints
    window: Ints
    start_us: Ints
    end_us: Ints
    least: Shares
    target: Shares
    staff: Ints
    staffs: tuple[frozenset[int] | None, ...]

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True)
class Cells:
    """What each hot spot was to get, and where else time may have been spent: columns.

    First the rows of kind REQUIRED and CONTROL, ordered by day, window's start and end, and hot
    spot; then those of kind REST, whose `slot` and `window` are NO_SLOT, and whose times are the
    operational day's. `treated`, `control`: whether on that day the hot spot is under a trial's
    treatment, or its control. `day` is a proleptic ordinal, `window` an index into `windows`,
    `slot` one into `slots`; times and lengths are in microseconds. `retrospective`: whether the
    plan was loaded after the day began.
    """

    hotspot: Ints
    kind: Ints
    treated: npt.NDArray[np.bool_]
    control: npt.NDArray[np.bool_]
    slot: Ints
    window: Ints
    day: Ints
    start_us: Ints
    end_us: Ints
    required: Ints
    minimum_us: Ints
    maximum_us: Ints
    retrospective: npt.NDArray[np.bool_]
    windows: tuple[str, ...]
    slots: Slots

    def __len__(self) -> int:
        return len(self.hotspot)


def cells(
    versions: Sequence[PlanVersion],
    hotspots: HotspotVersions,
    first_day: dt.date,
    last_day: dt.date,
    as_at_us: int,
) -> Cells:
    """The cells of a plan's operational days `first_day` to `last_day`, both included.

    Each day goes by the plan and the hot spots known when it began. If no plan was, it goes by the
    first that there was, which makes it retrospective, and the hot spots known with it, or the
    first that were. So no later change alters a day. Nothing known after `as_at_us` is used.
    """
    slots: list[Slot] = []
    rests: list[Slot] = []
    for date in days(first_day, last_day):
        version, known_us = _basis(versions, hotspots, date, as_at_us)
        if version is not None and version.plan.runs_on(date):
            day = Day(
                date,
                version.plan,
                functools.partial(hotspots.valid, known_us=known_us),
                retrospective=version.known_from_us > version.plan.calendar.start_of(date),
            )
            found = sorted(day.slots(), key=lambda slot: slot.times)
            slots += found
            rests.append(day.rest(found))
    return _columns(slots, rests)


def most_cells(
    versions: Sequence[PlanVersion],
    hotspots: HotspotVersions,
    first_day: dt.date,
    last_day: dt.date,
) -> int:
    """How many cells in windows there can be at most, without making them."""
    every = len(np.unique(hotspots.hotspot))
    a_day = (
        len(plan.windows) * (every if plan.hotspots is None else len(plan.hotspots))
        for plan in (version.plan for version in versions)
    )
    return ((last_day - first_day).days + 1) * max(a_day, default=0)


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """The days from one to another, both included."""
    for number in range((last - first).days + 1):
        yield first + number * DAY


def _basis(
    versions: Sequence[PlanVersion], hotspots: HotspotVersions, day: dt.date, as_at_us: int
) -> tuple[PlanVersion | None, int]:
    """The version of the plan that a day goes by, and when the hot spots it asks for were known."""
    for version in versions:
        known_us = min(version.plan.calendar.start_of(day), as_at_us)
        if version.known_at(known_us):
            return version, known_us
    known = (version for version in versions if version.known_from_us <= as_at_us)
    first = min(known, key=lambda version: version.known_from_us, default=None)
    if first is None:
        return None, as_at_us
    spots_us = int(hotspots.known_from_us.min(initial=NEVER_US))
    return first, min(max(first.known_from_us, spots_us), as_at_us)


def _columns(slots: Sequence[Slot], rests: Sequence[Slot]) -> Cells:
    every = [*slots, *rests]
    arms_of_each = [spots for slot in every for spots in (slot.due, slot.controls)]
    counts = [len(spots) for spots in arms_of_each]
    windows = _indexed(slot.window.name for slot in every if slot.window)

    def rows(values: Sequence[int]) -> Ints:
        return np.repeat(np.array(values, np.int64), counts)

    def column(of: Callable[[Slot], int]) -> Ints:
        return rows([of(slot) for slot in every for _ in range(2)])

    return Cells(
        hotspot=np.concatenate([_NONE, *arms_of_each]),
        kind=rows([REQUIRED, CONTROL] * len(slots) + [REST, REST] * len(rests)),
        treated=_beside_none(lambda slot: slot.treated, every).astype(np.bool_),
        control=rows([False, True] * len(every)).astype(np.bool_),
        slot=rows([n for n in range(len(slots)) for _ in range(2)] + [NO_SLOT] * 2 * len(rests)),
        window=column(lambda slot: windows[slot.window.name] if slot.window else NO_SLOT),
        day=column(lambda slot: slot.day.date.toordinal()),
        start_us=column(lambda slot: slot.times[0]),
        end_us=column(lambda slot: slot.times[1]),
        required=_beside_none(lambda slot: slot.required, every),
        minimum_us=column(lambda slot: slot.day.plan.minimum_us),
        maximum_us=column(lambda slot: slot.day.plan.maximum_us),
        retrospective=column(lambda slot: slot.day.retrospective).astype(np.bool_),
        windows=tuple(windows),
        slots=_slot_columns(slots, windows),
    )


def _beside_none(
    of: Callable[[Slot], npt.NDArray[np.int64 | np.bool_]], every: Sequence[Slot]
) -> Ints:
    """A column of what is due, with zeros where the controls are."""
    parts = (part for slot in every for part in (of(slot), np.zeros_like(slot.controls)))
    return np.concatenate([_NONE, *parts])


def _slot_columns(slots: Sequence[Slot], windows: Mapping[str, int]) -> Slots:
    plans = [slot.day.plan for slot in slots]
    teams = _indexed(plan.teams for plan in plans)
    return Slots(
        day=np.array([slot.day.date.toordinal() for slot in slots], np.int64),
        window=np.array([windows[slot.window.name] for slot in slots if slot.window], np.int64),
        start_us=np.array([slot.times[0] for slot in slots], np.int64),
        end_us=np.array([slot.times[1] for slot in slots], np.int64),
        least=np.array([plan.least_observability for plan in plans], np.float64),
        target=np.array([plan.coverage_target for plan in plans], np.float64),
        staff=np.array([teams[plan.teams] for plan in plans], np.int64),
        staffs=tuple(teams),
    )


def _indexed(values: Iterable[_Value]) -> dict[_Value, int]:
    """Each value once, and its place in the order in which they first came."""
    return {value: place for place, value in enumerate(dict.fromkeys(values))}
