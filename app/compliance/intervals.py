"""Closed stretches of time, each in a group: which meet, what unites them, how long they are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Columns of equal length: a group's number, start and end (microseconds; start <= end)."""

    group: Ints
    start_us: Ints
    end_us: Ints

    def __len__(self) -> int:
        return len(self.group)

    @property
    def length_us(self) -> Ints:
        """Each one's length."""
        return self.end_us - self.start_us

    def take(self, rows: npt.NDArray[np.int64 | np.bool_]) -> "Intervals":
        """Those rows, by index or mask."""
        return Intervals(self.group[rows], self.start_us[rows], self.end_us[rows])

    def clip(self, start_us: Ints, end_us: Ints) -> "Intervals":
        """Each one cut to a frame of its own; what lies outside its frame is left with length 0."""
        start = np.clip(self.start_us, start_us, end_us)
        return Intervals(self.group, start, np.clip(self.end_us, start, end_us))


def unite(intervals: Intervals) -> Ints:
    """Labels 0, 1, ... by group and start; what overlaps or touches in one group shares one."""
    order = np.lexsort((intervals.start_us, intervals.group))
    ordered = intervals.take(order)
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (ordered.group[1:] != ordered.group[:-1]) | (
        ordered.start_us[1:] > _reach(ordered)[:-1]
    )
    labels = np.empty(len(order), dtype=np.int64)
    labels[order] = np.cumsum(fresh) - 1
    return labels


def hulls(labels: Ints, intervals: Intervals) -> Intervals:
    """For each label 0, 1, ... its group, earliest start and latest end."""
    _, first = np.unique(labels, return_index=True)
    start, end = intervals.start_us[first], intervals.end_us[first]
    np.minimum.at(start, labels, intervals.start_us)
    np.maximum.at(end, labels, intervals.end_us)
    return Intervals(intervals.group[first], start, end)


def united(intervals: Intervals) -> Intervals:
    """Disjoint intervals that cover the same time, ordered by group and start."""
    return hulls(unite(intervals), intervals)


def meeting(left: Intervals, right: Intervals) -> tuple[Ints, Ints]:
    """All pairs of rows, one of each side, that share a group and at least one moment."""
    order = np.lexsort((right.start_us, right.group))
    ordered = right.take(order)
    starts, reaches, begins, ends = _keys(
        (ordered.group, ordered.start_us),
        (ordered.group, _reach(ordered)),
        (left.group, left.start_us),
        (left.group, left.end_us),
    )
    # Reaches never fall, so nothing before `low` gets as far as the left one's start.
    low = np.searchsorted(reaches, begins, side="left")
    high = np.searchsorted(starts, ends, side="right")
    count = np.maximum(high - low, 0)
    row = np.repeat(np.arange(len(left)), count)
    step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    other = low[row] + step
    meets = ordered.end_us[other] >= left.start_us[row]
    return row[meets], order[other[meets]]


def _reach(ordered: Intervals) -> Ints:
    """How far each interval and those before it in its group reach; ordered by group."""
    times, rank = np.unique(ordered.end_us, return_inverse=True)
    _, group = np.unique(ordered.group, return_inverse=True)
    # A later group's numbers are all greater, so that the maximum starts afresh with each group.
    furthest = np.maximum.accumulate(group * len(times) + rank)
    reach: Ints = times[furthest % max(len(times), 1)]
    return reach


def _keys(*columns: tuple[Ints, Ints]) -> list[Ints]:
    """One int64 for each (group, time), comparable across columns; of ranks, so none overflows."""
    sizes = np.cumsum([len(group) for group, _ in columns])[:-1]
    _, group = np.unique(np.concatenate([group for group, _ in columns]), return_inverse=True)
    times, time = np.unique(np.concatenate([time for _, time in columns]), return_inverse=True)
    return np.split(group * len(times) + time, sizes)
