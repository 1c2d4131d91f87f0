"""Visits and assignments as compliance takes them: columns; and which time is whose."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.compliance.intervals import Intervals, Ints, meeting
from geofence.model import Profile

Bools = npt.NDArray[np.bool_]
# A visit shorter than this is a pass-through, whether by itself or for what others leave of it.
LEAST_US = round(Profile().min_visit_s * 1_000_000)


@dataclass(frozen=True, slots=True)
class VisitColumns:
    """Visits, one a row; times in microseconds UTC.

    `sure` are the stretches of certain presence of all of them; their group is the visit's row.
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
    later, sooner = enter > visits.enter_us, exit_ < visits.exit_us
    left = (enter < exit_) | ~(later | sooner)
    exit_ = np.maximum(enter, exit_)
    row = visits.sure.group
    sure = visits.sure.clip(enter[row], exit_[row])
    cut = replace(
        visits,
        enter_us=enter,
        exit_us=exit_,
        outer_from_us=np.where(later, enter, visits.outer_from_us),
        outer_to_us=np.where(sooner, exit_, visits.outer_to_us),
        enter_seen=visits.enter_seen | later,
        exit_seen=visits.exit_seen | sooner,
        pass_through=visits.pass_through | ((later | sooner) & (exit_ - enter < LEAST_US)),
        sure=sure.take(sure.length_us > 0),
    )
    return cut.take(left)


def _contests(visits: VisitColumns) -> tuple[Ints, Ints]:
    """Pairs of one device's visits at different hot spots that overlap: the loser, the winner."""
    stays = Intervals(visits.device, visits.enter_us, visits.exit_us)
    one, other = meeting(stays, stays)
    shared = np.minimum(stays.end_us[one], stays.end_us[other]) - np.maximum(
        stays.start_us[one], stays.start_us[other]
    )
    dwell = stays.length_us
    # A visit of a single moment has no time to share, and yet it cannot be at two places.
    overlap = (shared > 0) | (dwell[one] == 0)
    longer = dwell[other] > dwell[one]
    first = (dwell[other] == dwell[one]) & (visits.hotspot[other] < visits.hotspot[one])
    loses = overlap & (visits.hotspot[one] != visits.hotspot[other]) & (longer | first)
    return one[loses], other[loses]
