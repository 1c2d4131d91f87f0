"""Visits and assignments as compliance takes them: columns; and which time is whose."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.compliance.intervals import Intervals, Ints, counts, ragged, shared, unite
from geofence.model import Profile

Bools = npt.NDArray[np.bool_]
# A visit shorter than this is a pass-through, whether by itself or for what others leave of it.
LEAST_US = round(Profile().min_visit_s * 1_000_000)


@dataclass(frozen=True, slots=True)
class VisitColumns:
    """Visits, one a row; times in microseconds UTC.

    `sure` are the stretches of certain presence of all of them; their group is the visit's row, and
    ascends.
    """

    device: Ints
    hotspot: Ints
    enter_us: Ints
    exit_us: Ints
    outer_from_us: Ints
    outer_to_us: Ints
    enter_seen: Bools
    exit_seen: Bools
    pass_through: Bools
    open: Bools
    sure: Intervals

    def __len__(self) -> int:
        return len(self.device)

    @property
    def stays(self) -> Intervals:
        """From enter to exit, by hot spot."""
        return Intervals(self.hotspot, self.enter_us, self.exit_us)

    @property
    def times(self) -> Intervals:
        """From enter to exit, by device."""
        return Intervals(self.device, self.enter_us, self.exit_us)

    @property
    def outer(self) -> Intervals:
        """The longest that each can have been, by hot spot."""
        return Intervals(self.hotspot, self.outer_from_us, self.outer_to_us)

    def take(self, keep: Bools) -> "VisitColumns":
        """Those rows, and their sure stretches."""
        sure = self.sure.take(keep[self.sure.group])
        row = np.cumsum(keep) - 1
        return VisitColumns(
            device=self.device[keep],
            hotspot=self.hotspot[keep],
            enter_us=self.enter_us[keep],
            exit_us=self.exit_us[keep],
            outer_from_us=self.outer_from_us[keep],
            outer_to_us=self.outer_to_us[keep],
            enter_seen=self.enter_seen[keep],
            exit_seen=self.exit_seen[keep],
            pass_through=self.pass_through[keep],
            open=self.open[keep],
            sure=replace(sure, group=row[sure.group]),
        )

    def slice(self, first: int, end: int) -> "VisitColumns":
        """Rows from one until before another, without copying them."""
        low, high = np.searchsorted(self.sure.group, [first, end])
        sure = self.sure.take(np.arange(low, high))
        return VisitColumns(
            device=self.device[first:end],
            hotspot=self.hotspot[first:end],
            enter_us=self.enter_us[first:end],
            exit_us=self.exit_us[first:end],
            outer_from_us=self.outer_from_us[first:end],
            outer_to_us=self.outer_to_us[first:end],
            enter_seen=self.enter_seen[first:end],
            exit_seen=self.exit_seen[first:end],
            pass_through=self.pass_through[first:end],
            open=self.open[first:end],
            sure=replace(sure, group=sure.group - first),
        )


@dataclass(frozen=True, slots=True)
class Assignments:
    """Who carried which device, from start (included) to end; columns, microseconds UTC."""

    device: Ints
    officer: Ints
    start_us: Ints
    end_us: Ints

    @property
    def times(self) -> Intervals:
        """When, by device."""
        return Intervals(self.device, self.start_us, self.end_us)

    def take(self, rows: Bools) -> "Assignments":
        """Those rows (a mask)."""
        return Assignments(
            self.device[rows], self.officer[rows], self.start_us[rows], self.end_us[rows]
        )


def attribute(visits: VisitColumns) -> VisitColumns:
    """Visits cut so that no device is at two hot spots at one moment.

    A moment of overlapping visits belongs to the one with the longer dwell, then to the lower hot
    spot id. A visit that is left without any time is left out, and one that is left with less than
    a patrol's least is a pass-through: its officer was elsewhere. An end where a visit was cut
    counts as seen: what lies beyond is another hot spot's.
    """
    loser, winner = _contests(visits)
    enter, exit_ = visits.enter_us.copy(), visits.exit_us.copy()
    # The winner is the longer one: it covers an end of the loser's, never just its middle.
    before = visits.enter_us[winner] <= visits.enter_us[loser]
    np.maximum.at(enter, loser[before], visits.exit_us[winner[before]])
    np.minimum.at(exit_, loser[~before], visits.enter_us[winner[~before]])
    whole = (enter == visits.enter_us) & (exit_ == visits.exit_us)
    left = np.flatnonzero((enter < exit_) | whole)
    return pieces(visits, Intervals(left, enter[left], exit_[left]))


def within(visits: VisitColumns, times: Intervals) -> tuple[VisitColumns, Ints]:
    """Visits cut to times of their devices, and the row of each piece's time, which ascends.

    A visit of a single moment is of the time that holds it, its end excluded.
    """
    visit, time, part = shared(visits.times, times)
    moment = visits.enter_us[visit] == visits.exit_us[visit]
    some = np.flatnonzero((part.length_us > 0) | (moment & (part.end_us < times.end_us[time])))
    order = some[np.argsort(time[some], kind="stable")]
    return pieces(visits, part.take(order)), time[order]


def pieces(visits: VisitColumns, parts: Intervals) -> VisitColumns:
    """What parts of visits, each by its visit's row, are as visits.

    An end where a visit was cut counts as seen, and a piece of less than a patrol's least is a
    pass-through.
    """
    row, enter, exit_ = parts.group, parts.start_us, parts.end_us
    later, sooner = enter > visits.enter_us[row], exit_ < visits.exit_us[row]
    return VisitColumns(
        device=visits.device[row],
        hotspot=visits.hotspot[row],
        enter_us=enter,
        exit_us=exit_,
        outer_from_us=np.where(later, enter, visits.outer_from_us[row]),
        outer_to_us=np.where(sooner, exit_, visits.outer_to_us[row]),
        enter_seen=visits.enter_seen[row] | later,
        exit_seen=visits.exit_seen[row] | sooner,
        pass_through=visits.pass_through[row] | ((later | sooner) & (exit_ - enter < LEAST_US)),
        open=visits.open[row],
        sure=_sure(visits, parts),
    )


def _sure(visits: VisitColumns, parts: Intervals) -> Intervals:
    """The certain time in parts of visits, by the part's row."""
    count = counts(visits.sure.group, len(visits))
    first = np.cumsum(count) - count
    part, place = ragged(first[parts.group], count[parts.group])
    sure = visits.sure.take(place).clip(parts.start_us[part], parts.end_us[part])
    return replace(sure, group=part).take(sure.length_us > 0)


def _contests(visits: VisitColumns) -> tuple[Ints, Ints]:
    """Pairs of one device's visits at different hot spots that overlap: the loser, the winner."""
    label = unite(visits.times)
    # Hardly any: most visits meet no other of their device.
    rows = np.flatnonzero(counts(label, len(visits))[label] > 1)
    times, hotspot = visits.times.take(rows), visits.hotspot[rows]
    one, other, common = shared(times, times)
    dwell = times.length_us
    # A visit of a single moment has no time to share, and yet it cannot be at two places.
    overlap = (common.length_us > 0) | (dwell[one] == 0)
    longer = dwell[other] > dwell[one]
    first = (dwell[other] == dwell[one]) & (hotspot[other] < hotspot[one])
    loses = overlap & (hotspot[one] != hotspot[other]) & (longer | first)
    return rows[one[loses]], rows[other[loses]]
