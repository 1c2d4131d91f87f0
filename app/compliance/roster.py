"""Who was rostered in which slot, and what abstractions took of it."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.compliance.cells import Slots
from app.compliance.duty import NOBODY, Abstractions, DutyTimes, Officers
from app.compliance.intervals import Intervals, Ints, shared, sums, united
from app.compliance.visits import Bools

# A slot is excused from this share of its rostered time on.
EXCUSED_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Roster:
    """Duty time in slots of the officers who count there; columns, microseconds.

    The times of one officer in one slot are disjoint.
    """

    slot: Ints
    officer: Ints
    start_us: Ints
    end_us: Ints

    def __len__(self) -> int:
        return len(self.slot)

    @property
    def times(self) -> Intervals:
        """When, by officer."""
        return Intervals(self.officer, self.start_us, self.end_us)

    def take(self, rows: Bools) -> "Roster":
        """Those rows (a mask)."""
        return Roster(self.slot[rows], self.officer[rows], self.start_us[rows], self.end_us[rows])


def roster(duty: DutyTimes, officers: Officers, slots: Slots) -> Roster:
    """The duty times that lie in slots, of the teams that count in each."""
    rostered = united(duty.times)
    row, slot, part = shared(_together(rostered), _frames(slots))
    officer = rostered.group[row]
    found = Roster(slot, officer, part.start_us, part.end_us)
    counts = part.length_us > 0
    for number, teams in enumerate(slots.staffs):
        if teams is not None:
            here = slots.staff[slot] == number
            counts &= ~here | np.isin(officers.teams_of(officer), list(teams))
    return found.take(counts)


def taken_us(rostered: Roster, abstractions: Abstractions, officers: Officers) -> Ints:
    """What abstractions took of each row of a roster; several of one officer at once count once."""
    which, who = np.nonzero(_concern(abstractions, officers))
    away = united(
        Intervals(officers.officer[who], abstractions.start_us[which], abstractions.end_us[which])
    )
    row, _, part = shared(rostered.times, away)
    return sums(row, part.length_us, len(rostered))


def taken_by_reason_us(
    rostered: Roster, abstractions: Abstractions, officers: Officers
) -> Mapping[str, int]:
    """What abstractions took of a roster for each reason that there was, in microseconds.

    Several of one officer at once count once for a reason, and for each of their reasons.
    """
    which, who = np.nonzero(_concern(abstractions, officers))
    many = max(len(officers.officer), 1)
    away = united(
        Intervals(
            abstractions.reason[which] * many + who,
            abstractions.start_us[which],
            abstractions.end_us[which],
        )
    )
    by_officer = Intervals(officers.officer[away.group % many], away.start_us, away.end_us)
    _, row, part = shared(rostered.times, by_officer)
    took = sums(away.group[row] // many, part.length_us, len(abstractions.reasons)).tolist()
    found = zip(abstractions.reasons, took, strict=True)
    return {reason: length_us for reason, length_us in sorted(found) if length_us}


def excused(slots: Slots, duty_us: Ints, away_us: Ints, abstractions: Abstractions) -> Bools:
    """The slots (a mask) of whose rostered time, given by slot, abstractions took at least half.

    Where none is known: those for at least half of which all who count were abstracted as a whole.
    """
    length_us = slots.end_us - slots.start_us
    known = duty_us > 0
    least_us = EXCUSED_FROM * np.where(known, duty_us, length_us)
    found: Bools = np.where(known, away_us, _all_away_us(slots, abstractions)) >= least_us
    return found


def _concern(abstractions: Abstractions, officers: Officers) -> Bools:
    """Which abstractions (rows) concern which officers (columns)."""
    team, officer = abstractions.team[:, None], abstractions.officer[:, None]
    concern: Bools = (
        abstractions.of_everybody[:, None]
        | ((team == officers.team) & (team != NOBODY))
        | (officer == officers.officer)
    )
    return concern


def _all_away_us(slots: Slots, abstractions: Abstractions) -> Ints:
    """How long everybody, or each of the teams that count, was abstracted in each slot."""
    found = np.zeros(len(slots), np.int64)
    for number, teams in enumerate(slots.staffs):
        _, slot, part = shared(_all_away(abstractions, teams), _frames(slots))
        length_us = np.where(slots.staff[slot] == number, part.length_us, 0)
        found += sums(slot, length_us, len(slots))
    return found


def _all_away(abstractions: Abstractions, teams: frozenset[int] | None) -> Intervals:
    """When everybody was abstracted, or each of some teams was; disjoint, of one group."""
    everybody = abstractions.of_everybody
    each = [everybody] if teams is None else [everybody | (abstractions.team == t) for t in teams]
    return functools.reduce(_both, (_times(abstractions.take(some)) for some in each))


def _times(abstractions: Abstractions) -> Intervals:
    return united(
        _together(Intervals(abstractions.team, abstractions.start_us, abstractions.end_us))
    )


def _both(one: Intervals, other: Intervals) -> Intervals:
    return _together(shared(one, other)[2])


def _frames(slots: Slots) -> Intervals:
    return _together(Intervals(slots.day, slots.start_us, slots.end_us))


def _together(intervals: Intervals) -> Intervals:
    """The same, of one group."""
    return Intervals(np.zeros_like(intervals.group), intervals.start_us, intervals.end_us)
