"""How much of the time that officers had devices on duty was observed: minutes, by slot."""

from dataclasses import dataclass

import numpy as np

from app.compliance.intervals import Intervals, Ints, looked_up, ragged, ranks, shared, sums
from app.compliance.observed import Hours
from app.compliance.roster import Roster
from app.compliance.visits import Assignments
from geofence.model import HOUR_US, MINUTE_US

# An hour is surveyed, and judged, when it has been over for so long: most fixes that come late have
# come by then.
SETTLED_US = 10 * MINUTE_US
_HOUR = HOUR_US // MINUTE_US


@dataclass(frozen=True, slots=True)
class Tracking:
    """An officer's hours with a device in slots; columns of equal length.

    Bit n of `tracked` is set if minute n of the hour counts, and of `observed` if it was observed,
    too. Of the minutes of the UTC clock those count whose start lies in the time.
    """

    slot: Ints
    officer: Ints
    device: Ints
    hour: Ints
    tracked: Ints
    observed: Ints

    def __len__(self) -> int:
        return len(self.slot)

    def minutes(self, maker: Ints, makers: int, slots: int) -> tuple[Ints, Ints]:
        """Minutes tracked and minutes observed, makers x slots; `maker` has one number a row.

        An officer with two devices counts once, and is observed if by either.
        """
        (who,), many = ranks(self.officer)
        (hour,), hours = ranks(self.hour)
        key = ((maker * slots + self.slot) * many + who) * hours + hour
        order = np.argsort(key)
        first = np.flatnonzero(np.diff(key[order], prepend=-1))
        group = key[order][first] // (many * hours)
        size = makers * slots
        return (
            _minutes(self.tracked[order], first, group, size).reshape(makers, slots),
            _minutes(self.observed[order], first, group, size).reshape(makers, slots),
        )


def settled_us(as_at_us: int) -> int:
    """The end of the last whole hour that can be judged at a moment."""
    return (as_at_us - SETTLED_US) // HOUR_US * HOUR_US


def tracking(rostered: Roster, assignments: Assignments, hours: Hours, as_at_us: int) -> Tracking:
    """What of a roster was spent with devices, in hours that can be judged and were surveyed."""
    carried = Intervals(assignments.officer, assignments.start_us, assignments.end_us)
    row, held, part = shared(rostered.times, carried)
    last = settled_us(as_at_us) // MINUTE_US
    # A minute counts if its start lies in the time, whose end is excluded.
    start = -(-part.start_us // MINUTE_US)
    end = np.minimum(-(-part.end_us // MINUTE_US), last)
    count = np.where(start < end, (end - 1) // _HOUR - start // _HOUR + 1, 0)
    piece, hour = ragged(start // _HOUR, count)
    tracked = _bits(
        np.maximum(start[piece] - hour * _HOUR, 0), np.minimum(end[piece] - hour * _HOUR, _HOUR)
    )
    device = assignments.device[held[piece]]
    tracked = np.where(hours.known(device, hour * HOUR_US), tracked, 0)
    return Tracking(
        slot=rostered.slot[row[piece]],
        officer=rostered.officer[row[piece]],
        device=device,
        hour=hour,
        tracked=tracked,
        observed=tracked & _observed(hours, device, hour),
    )


def _bits(first: Ints, end: Ints) -> Ints:
    """Numbers with the bits from `first` until before `end` set; at most 60."""
    one = np.int64(1)
    return (one << end) - (one << first)


def _observed(hours: Hours, device: Ints, hour: Ints) -> Ints:
    """Which minutes of devices' hours were observed, as bits."""
    (theirs, its), _ = ranks(hours.device, device)
    (when, its_hour), many = ranks(hours.hour_us // HOUR_US, hour)
    return looked_up(its * many + its_hour, theirs * many + when, hours.observed, 0)


def _minutes(bits: Ints, first: Ints, group: Ints, size: int) -> Ints:
    if not len(first):
        return np.zeros(size, np.int64)
    united = np.bitwise_or.reduceat(bits, first)
    return sums(group, np.bitwise_count(united).astype(np.int64), size)
