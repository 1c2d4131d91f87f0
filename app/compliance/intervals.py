"""Closed stretches of time, each in a group: which meet, what unites them, how long they are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
_LARGEST = np.iinfo(np.int64).max


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

    def joined(self, others: "Intervals") -> "Intervals":
        """These, and then others."""
        return Intervals(
            np.concatenate([self.group, others.group]),
            np.concatenate([self.start_us, others.start_us]),
            np.concatenate([self.end_us, others.end_us]),
        )

    def clip(self, start_us: Ints, end_us: Ints) -> "Intervals":
        """Each one cut to a frame of its own; what lies outside its frame is left with length 0."""
        start = np.clip(self.start_us, start_us, end_us)
        return Intervals(self.group, start, np.clip(self.end_us, start, end_us))


def unite(intervals: Intervals) -> Ints:
    """Labels 0, 1, ... by group and start; what overlaps or touches in one group shares one."""
    starts, ends = _keys((intervals.group, intervals.start_us), (intervals.group, intervals.end_us))
    order = np.argsort(starts, kind="stable")
    # A later group's keys are all greater, so that the maximum starts afresh with each group.
    reach = np.maximum.accumulate(ends[order])
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = starts[order][1:] > reach[:-1]
    labels = np.empty(len(order), dtype=np.int64)
    labels[order] = np.cumsum(fresh) - 1
    return labels


def hulls(labels: Ints, intervals: Intervals) -> Intervals:
    """For each label 0, 1, ... its group, earliest start and latest end."""
    size = int(labels.max(initial=-1)) + 1
    group, start, end = (np.empty(size, np.int64) for _ in range(3))
    # Of several with one label any will do: all are of its group, and the rest is compared below.
    group[labels], start[labels], end[labels] = (
        intervals.group,
        intervals.start_us,
        intervals.end_us,
    )
    np.minimum.at(start, labels, intervals.start_us)
    np.maximum.at(end, labels, intervals.end_us)
    return Intervals(group, start, end)


def united(intervals: Intervals) -> Intervals:
    """Disjoint intervals that cover the same time, ordered by group and start."""
    return hulls(unite(intervals), intervals)


def meeting(left: Intervals, right: Intervals) -> tuple[Ints, Ints]:
    """All pairs of rows, one of each side, that share a group and at least one moment."""
    if not len(left) or not len(right):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    # How far the right ones reach beyond all of the left does not matter, and may be for ever.
    first = max(int(left.start_us.min()) - 1, -_LARGEST)
    last = min(int(left.end_us.max()) + 1, _LARGEST)
    start, end = np.clip(right.start_us, first, last), np.clip(right.end_us, first, last)
    starts, ends, begins, finishes = _keys(
        (right.group, start),
        (right.group, end),
        (left.group, left.start_us),
        (left.group, left.end_us),
    )
    order = np.argsort(starts, kind="stable")
    # Reaches never fall, so nothing before `low` gets as far as the left one's start.
    low = np.searchsorted(np.maximum.accumulate(ends[order]), begins, side="left")
    high = np.searchsorted(starts[order], finishes, side="right")
    row, place = ragged(low, np.maximum(high - low, 0))
    other = order[place]
    meets = ends[other] >= begins[row]
    return row[meets], other[meets]


def shared(left: Intervals, right: Intervals) -> tuple[Ints, Ints, Intervals]:
    """All pairs of rows that meet, and the time each has in common, by the left one's row."""
    one, other = meeting(left, right)
    start = np.maximum(left.start_us[one], right.start_us[other])
    end = np.minimum(left.end_us[one], right.end_us[other])
    return one, other, Intervals(one, start, end)


def gaps(intervals: Intervals, groups: Ints, start_us: int, end_us: int) -> Intervals:
    """What intervals leave of a stretch of time in each of the groups (each once)."""
    first, last = np.full(len(groups), start_us), np.full(len(groups), end_us)
    edges = Intervals(groups, first, first).joined(Intervals(groups, last, last))
    clipped = Intervals(
        intervals.group,
        np.clip(intervals.start_us, start_us, end_us),
        np.clip(intervals.end_us, start_us, end_us),
    )
    taken = united(clipped.joined(edges))
    between = taken.group[1:] == taken.group[:-1]
    return Intervals(
        taken.group[1:][between], taken.end_us[:-1][between], taken.start_us[1:][between]
    )


def ragged(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Each row as often as its count, and beside it `first`, `first` + 1, ... of that row."""
    row = np.repeat(np.arange(len(count)), count)
    return row, np.arange(len(row)) + np.repeat(first - np.cumsum(count) + count, count)


def sums(group: Ints, values: Ints, size: int) -> Ints:
    """The sums of a column's values in groups 0 to `size` - 1; exact, unlike bincount's."""
    total = np.zeros(size, np.int64)
    np.add.at(total, group, values)
    return total


def counts(group: Ints, size: int) -> Ints:
    """How many rows there are of groups 0 to `size` - 1."""
    return np.bincount(group, minlength=size).astype(np.int64)


def ranks(*columns: Ints) -> tuple[list[Ints], int]:
    """The columns' numbers as 0, 1, ... in their order, the same in all, and how many there are."""
    every = np.concatenate(columns)
    least, most = int(every.min(initial=0)), int(every.max(initial=0))
    if most - least < 8 * len(every):  # a table of them is quicker than sorting
        there = np.zeros(most - least + 1, np.bool_)
        there[every - least] = True
        rank = np.cumsum(there)[every - least] - 1
        size = int(there.sum())
    else:
        found, rank = np.unique(every, return_inverse=True)
        size = len(found)
    return np.split(rank, np.cumsum([len(column) for column in columns])[:-1]), size


def looked_up(asked: Ints, keys: Ints, values: Ints, otherwise: int) -> Ints:
    """The value of the key that each asked number is, where one is, else `otherwise`.

    No two keys are the same.
    """
    if not len(keys):
        return np.full(len(asked), otherwise, np.int64)
    order = np.argsort(keys)
    row = order[np.minimum(np.searchsorted(keys, asked, sorter=order), len(keys) - 1)]
    return np.where(keys[row] == asked, values[row], otherwise)


def _keys(*columns: tuple[Ints, Ints]) -> list[Ints]:
    """One int64 for each (group, time), by group and then time, comparable across columns."""
    groups, size = ranks(*(group for group, _ in columns))
    times = [time for _, time in columns]
    first = min((int(time.min()) for time in times if len(time)), default=0)
    span = max((int(time.max()) for time in times if len(time)), default=0) - first + 1
    if span * size <= _LARGEST:
        times = [time - first for time in times]
    else:
        times, span = ranks(*times)
    return [group * span + time for group, time in zip(groups, times, strict=True)]
