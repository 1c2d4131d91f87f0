"""What goes into the engine and comes out: fixes, hot spots, profiles and visits, in columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import IntEnum
from functools import cache
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Index: TypeAlias = Ints | Bools | slice

METHOD = 1  # version of the dwell method, stamped on each visit by whoever stores it
NEVER = int(np.iinfo(np.int64).min)  # a moment that has not been, or before everything
FOREVER = int(np.iinfo(np.int64).max)
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
LONGEST_S = 7 * 86_400.0  # of a profile's times: more is a slip, and no visit goes on for so long
FARTHEST_M = 10_000.0  # of a profile's lengths
VAGUEST_M = 1_000.0  # of a profile's accuracies: a fix vaguer than this is near half a town


@dataclass(frozen=True, slots=True)
class Columns:
    """A table: every field a numpy array of one length."""

    def take(self, index: Index) -> Self:
        """Return the rows that `index` (positions, a mask or a slice) picks."""
        return type(self)(*[getattr(self, name)[index] for name in self.names()])

    @classmethod
    @cache
    def names(cls) -> tuple[str, ...]:
        """Return the names of the columns, in order."""
        return tuple(column.name for column in fields(cls))

    @classmethod
    def concat(cls, tables: Sequence[Self]) -> Self:
        """Return the rows of all `tables` (at least one), one table after the other."""
        return cls(*[np.concatenate([getattr(t, name) for t in tables]) for name in cls.names()])


@dataclass(frozen=True, slots=True)
class Stretches(Columns):
    """Stretches of time, by whose they are, then start."""

    of: Ints
    start_us: Ints
    end_us: Ints


@dataclass(frozen=True, slots=True)
class Fixes(Columns):
    """Positions of any number of devices, in any order; all columns of one length.

    Longitude (-180 to 180) and latitude must be finite: whoever hands them in has looked. Both NaN:
    the device was too far from every hot spot for its accuracy to matter, and nobody kept where.
    Then it was surely outside, and no leg is known to or from there.
    """

    device: Ints
    time_us: Ints  # microseconds since the Unix epoch, UTC
    lon: Floats  # degrees
    lat: Floats
    accuracy_m: Floats  # NaN, negative or infinite: unknown

    def __len__(self) -> int:
        return len(self.time_us)


@dataclass(frozen=True, slots=True)
class Hotspot:
    """One version of a hot spot; versions share the id and follow each other in time.

    `geometry` is in degrees (longitude, latitude) and is grown by `buffer_m` metres. The version
    counts from `valid_from_us` until just before `valid_to_us`; None is without end.
    """

    id: int
    geometry: Polygon | MultiPolygon
    buffer_m: float = 0.0
    valid_from_us: int | None = None
    valid_to_us: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What to expect of a kind of device; seconds and metres.

    ValueError, which names the field and its limits, where a value is no length that can be used:
    up to `LONGEST_S`, `FARTHEST_M` or, of an accuracy, `VAGUEST_M`, and of `interval_s` and
    `max_gap_s` more than nothing.
    """

    interval_s: float = 15.0
    max_gap_s: float | None = None  # None: from the interval
    merge_gap_s: float = 120.0
    reports_when_still: bool = True
    assumed_accuracy_m: float = 0.0
    max_accuracy_m: float = 100.0
    min_visit_s: float = 120.0
    still_gap_s: float = 1800.0
    still_radius_m: float = 30.0

    def __post_init__(self) -> None:
        for name in (column.name for column in fields(self)):
            value = getattr(self, name)
            if value is None or isinstance(value, bool):
                continue
            most = LONGEST_S if name.endswith("_s") else FARTHEST_M
            most = VAGUEST_M if name.endswith("accuracy_m") else most
            some = name in {"interval_s", "max_gap_s"}
            if not (0.0 <= value <= most and not (some and value == 0.0)):
                least = "more than 0" if some else "0"
                message = f"{name} must be {least} to {most:.0f}, and is {value:g}"
                raise ValueError(message)

    @property
    def max_gap_us(self) -> int:
        """Longest time between two fixes over which the device is taken to move straight on."""
        gap_s = max(120.0, 2.5 * self.interval_s) if self.max_gap_s is None else self.max_gap_s
        return microseconds(gap_s)

    @property
    def merge_gap_us(self) -> int:
        """Longest absence that a visit bridges though the device was seen outside."""
        return microseconds(self.merge_gap_s)

    @property
    def doubt_gap_us(self) -> int:
        """Longest absence that a visit bridges when nothing surely outside was seen."""
        return max(microseconds(300.0), self.max_gap_us)

    @property
    def min_visit_us(self) -> int:
        """Shorter dwells are pass-throughs."""
        return microseconds(self.min_visit_s)

    @property
    def still_gap_us(self) -> int:
        """Longest silence of a device that stands still; 0 where silence says nothing."""
        return 0 if self.reports_when_still else microseconds(self.still_gap_s)

    @property
    def leg_us(self) -> int:
        """Longest time between two fixes that a leg joins, moving or still."""
        return max(self.max_gap_us, self.still_gap_us)

    @property
    def silence_us(self) -> int:
        """After so much silence a service closes a visit that is still open."""
        return max(microseconds(self.still_gap_s), self.doubt_gap_us)


Profiles: TypeAlias = Profile | Mapping[int, Profile]  # of all devices, or by device


def microseconds(seconds: float) -> int:
    """Return whole microseconds."""
    return round(seconds * 1e6)


class Span(IntEnum):
    """What a stretch of a visit is."""

    INSIDE = 0  # on the track, inside the hot spot
    BRIDGED = 1  # absence between two stretches inside, counted as one visit
    SURE = 2  # between fixes that were surely inside


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches of visits: visit i has rows offset[i] to offset[i + 1], by kind, then start."""

    offset: Ints  # [visits + 1]
    start_us: Ints
    end_us: Ints
    kind: NDArray[np.uint8]

    def take(self, index: Index) -> "Spans":
        """Return the spans of the visits that `index` picks, in its order."""
        visits = np.arange(len(self.offset) - 1)[index]
        counts = np.diff(self.offset)[visits]
        offset = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        rows = np.arange(offset[-1]) + np.repeat(self.offset[visits] - offset[:-1], counts)
        return Spans(offset, self.start_us[rows], self.end_us[rows], self.kind[rows])


@dataclass(frozen=True, slots=True)
class Visits(Columns):
    """One visit a row. A visit is known by its device, its hot spot and `first_us`.

    `first_us` and `last_us` are the plain crossings (start of the first presence, end of the
    last); `enter_us` and `exit_us` follow the pace of the approach. `outer_from_us` to
    `outer_to_us` is the longest that the visit can have been; `enter_seen`, `exit_seen` say if a
    fix surely outside bounds it. An `open` visit may still change without any late fix.
    A visit that `continues` was told of before: of its spans of each kind those that start before
    the first one here are as they were told then.
    """

    device: Ints
    hotspot: Ints
    enter_us: Ints
    exit_us: Ints
    first_us: Ints
    last_us: Ints
    outer_from_us: Ints
    outer_to_us: Ints
    enter_seen: Bools
    exit_seen: Bools
    low_us: Ints
    inside_us: Ints
    bridged_us: Ints
    fixes: Ints
    mean_speed_mps: Floats
    pass_through: Bools
    open: Bools
    continues: Bools
    spans: Spans = field(repr=False)

    def __len__(self) -> int:
        return len(self.device)

    @property
    def dwell_us(self) -> Ints:
        """Exit minus enter."""
        return self.exit_us - self.enter_us

    @property
    def high_us(self) -> Ints:
        """Length of the outer interval: dwell was not longer."""
        return self.outer_to_us - self.outer_from_us

    def take(self, index: Index) -> "Visits":
        """Return the visits that `index` picks, with their spans."""
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        spans = columns.pop("spans").take(index)
        return Visits(**{name: column[index] for name, column in columns.items()}, spans=spans)
