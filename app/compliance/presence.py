"""Presence that goes on at a hot spot without a break: how far it reaches, how much counts."""

from typing import Final

import numpy as np

from app.compliance.intervals import Intervals, Ints, hulls, unite
from app.compliance.limits import LONGEST_PRESENCE_DAYS
from app.compliance.visits import VisitColumns, pieces
from geofence.model import HOUR_US

LONGEST_US: Final = LONGEST_PRESENCE_DAYS * 24 * HOUR_US


def reach(visits: VisitColumns, start_us: int, end_us: int) -> tuple[int, int]:
    """From when until when presence goes on that shares a moment with a stretch of time.

    At least that stretch. Visits that overlap or touch at one hot spot, but for pass-throughs, go
    on in each other; to leave out attribution makes it reach no less far.
    """
    whole = _united(visits, np.flatnonzero(~visits.pass_through))[1]
    shares = (whole.start_us <= end_us) & (whole.end_us >= start_us)
    first, last = whole.start_us[shares].min(initial=start_us), whole.end_us[shares]
    return int(first), int(last.max(initial=end_us))


def counted(visits: VisitColumns) -> VisitColumns:
    """Attributed visits without what comes later than 31 days after presence there began.

    So a patrol is known by the visits of a month before it and a month after, and comes out the
    same whatever else was read.
    """
    lasting = np.flatnonzero(~visits.pass_through)
    label, whole = _united(visits, lasting)
    until, exit_us = (whole.start_us + LONGEST_US)[label], visits.exit_us[lasting]
    if not (exit_us > until).any():
        return visits
    ends = visits.exit_us.copy()
    ends[lasting] = np.minimum(exit_us, until)
    left = np.flatnonzero((visits.enter_us < ends) | (ends == visits.exit_us))
    return pieces(visits, Intervals(left, visits.enter_us[left], ends[left]))


def _united(visits: VisitColumns, rows: Ints) -> tuple[Ints, Intervals]:
    """Which stretch of presence each of some visits is of, and when each goes on."""
    stays = visits.stays.take(rows)
    label = unite(stays)
    return label, hulls(label, stays)
