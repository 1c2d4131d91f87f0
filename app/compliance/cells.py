"""Required cells: hot spot x schedule window x operational day, from what was known by then."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.compliance.calendar import DAY
from app.compliance.plan import Plan, Window

Ints = npt.NDArray[np.int64]
# Stands for "still the truth" and "without end" in columns of int64.
NEVER_US = np.iinfo(np.int64).max


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
class Cells:
    """What is required: columns of equal length, ordered by day, window's start, hot spot.

    `day` is a proleptic ordinal, `window` an index into `windows`; times and lengths are in
    microseconds. `retrospective`: whether the plan was loaded after the start of the cell's day.
    """

    hotspot: Ints
    window: Ints
    day: Ints
    start_us: Ints
    end_us: Ints
    required: Ints
    minimum_us: Ints
    maximum_us: Ints
    retrospective: npt.NDArray[np.bool_]
    windows: tuple[str, ...]

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
    slots: list[_Slot] = []
    for day in days(first_day, last_day):
        version, known_us = _basis(versions, hotspots, day, as_at_us)
        if version is None or not version.plan.runs_on(day):
            continue
        slots += _slots(version, day, hotspots, known_us)
    return _columns(slots)


def most_cells(
    versions: Sequence[PlanVersion],
    hotspots: HotspotVersions,
    first_day: dt.date,
    last_day: dt.date,
) -> int:
    """How many cells there can be at most, without making them."""
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


@dataclass(frozen=True, slots=True)
class _Slot:
    """One window on one day, and the hot spots that it asks for."""

    day: dt.date
    start_us: int
    end_us: int
    window: Window
    version: PlanVersion
    hotspots: Ints

    @property
    def retrospective(self) -> bool:
        return self.version.known_from_us > self.version.plan.calendar.start_of(self.day)


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


def _slots(
    version: PlanVersion, day: dt.date, hotspots: HotspotVersions, known_us: int
) -> Iterator[_Slot]:
    plan = version.plan
    for window in plan.windows:
        times = plan.times_of(window, day)
        if times is None:
            continue
        valid = hotspots.valid(times[0], known_us)
        if plan.hotspots is not None:
            valid = valid[np.isin(valid, list(plan.hotspots))]
        yield _Slot(day, *times, window, version, valid)


def _columns(slots: list[_Slot]) -> Cells:
    slots.sort(key=lambda slot: (slot.day, slot.start_us, slot.end_us))
    names = tuple(dict.fromkeys(slot.window.name for slot in slots))
    counts = [len(slot.hotspots) for slot in slots]

    def column(values: Iterable[int]) -> Ints:
        return np.repeat(np.fromiter(values, np.int64, len(slots)), counts)

    return Cells(
        hotspot=np.concatenate([np.empty(0, np.int64), *(slot.hotspots for slot in slots)]),
        window=column(names.index(slot.window.name) for slot in slots),
        day=column(slot.day.toordinal() for slot in slots),
        start_us=column(slot.start_us for slot in slots),
        end_us=column(slot.end_us for slot in slots),
        required=column(slot.window.patrols for slot in slots),
        minimum_us=column(slot.version.plan.minimum_us for slot in slots),
        maximum_us=column(slot.version.plan.maximum_us for slot in slots),
        retrospective=column(slot.retrospective for slot in slots).astype(np.bool_),
        windows=names,
    )
