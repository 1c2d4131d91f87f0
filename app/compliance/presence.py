"""Presence that goes on at a hot spot without a break: how far it reaches, how much counts."""

from typing import Final

import numpy as np

from app.compliance.intervals import Intervals, Ints, hulls, ranks, sums, unite
from app.compliance.limits import LONGEST_PRESENCE_DAYS
from app.compliance.visits import VisitColumns, pieces
from geofence.model import DAY_US

LONGEST_US: Final = LONGEST_PRESENCE_DAYS * DAY_US
_HALF_US: Final = LONGEST_US // 2


def reach(visits: VisitColumns, start_us: int, end_us: int) -> tuple[int, int]:
    """From when until when presence goes on that shares a moment with a stretch of time.

    At least that stretch. Visits that overlap or touch at one hot spot, but for pass-throughs, go
    on in each other; to leave out attribution makes it reach no less far.
    """
    lasting = ~visits.pass_through
    # What goes on into the stretch began before it, and needs none that began later; and so behind.
    before = _united(visits, np.flatnonzero(lasting & (visits.enter_us <= start_us)))[1]
    after = _united(visits, np.flatnonzero(lasting & (visits.exit_us >= end_us)))[1]
    first = before.start_us[before.end_us >= start_us].min(initial=start_us)
    last = after.end_us[after.start_us <= end_us].max(initial=end_us)
    return int(first), int(last)


def counted(visits: VisitColumns) -> VisitColumns:
    """Attributed visits without what comes later than 31 days after presence there began.

    So a patrol is known by the visits of a month before it and a month after, and comes out the
    same whatever else was read.
    """
    lasting = np.flatnonzero(~visits.pass_through)
    if not _may_outlast(visits.stays.take(lasting)):
        return visits
    label, whole = _united(visits, lasting)
    until, exit_us = (whole.start_us + LONGEST_US)[label], visits.exit_us[lasting]
    if not (exit_us > until).any():
        return visits
    ends = visits.exit_us.copy()
    ends[lasting] = np.minimum(exit_us, until)
    left = np.flatnonzero((visits.enter_us < ends) | (ends == visits.exit_us))
    return pieces(visits, Intervals(left, visits.enter_us[left], ends[left]))


def _may_outlast(stays: Intervals) -> bool:
    """Whether presence may go on for longer than counts; seldom, and quick to tell.

    Whatever does fills some half of that time, reckoned from the epoch on: but for its first day
    with stays that began in it, unless one lasts for over a day.
    """
    length_us = stays.end_us - stays.start_us
    if (length_us > DAY_US).any():
        return True
    (group, half), number = ranks(stays.group, stays.start_us // _HALF_US)
    (filled,), places = ranks(group * number + half)
    return bool((sums(filled, length_us, places) >= _HALF_US - DAY_US).any())


def _united(visits: VisitColumns, rows: Ints) -> tuple[Ints, Intervals]:
    """Which stretch of presence each of some visits is of, and when each goes on."""
    stays = visits.stays.take(rows)
    label = unite(stays)
    return label, hulls(label, stays)
