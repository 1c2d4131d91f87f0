"""Whose work is counted apart: that of teams, organisations, officers, or kinds of device."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from app.compliance.account import Account, Grounds, account
from app.compliance.attendance import Attendance
from app.compliance.cells import NEVER_US
from app.compliance.duty import NOBODY, Devices, DutyTimes, Officers
from app.compliance.effort import effort
from app.compliance.groups import Key, Makers
from app.compliance.intervals import Intervals, Ints, gaps, ranks, shared, united
from app.compliance.observed import Nearby
from app.compliance.shifts import Shifts
from app.compliance.visits import Assignments, within
from app.compliance.work import Work, work


@dataclass(frozen=True, slots=True)
class Crews:
    """Who had which device, who officers are, and of which kinds devices are; makers by number.

    A maker is a team's or an officer's id, an organisation's or a kind's index, or NOBODY: what
    nobody had, or somebody of no team. `seen`: the only officers who are told apart (None: all).
    """

    by: Makers
    assignments: Assignments
    duty: DutyTimes
    officers: Officers
    devices: Devices
    seen: Collection[int] | None = None

    def of_officers(self, officer: Ints) -> Ints:
        """Which maker each officer is of; not for kinds of device."""
        match self.by:
            case "team":
                return self.officers.teams_of(officer)
            case "organisation":
                return self.officers.organisations_of(officer)
            case _:
                return officer

    def of_carried(self, officer: Ints, device: Ints) -> Ints:
        """Which maker what an officer does with a device is of."""
        return self.devices.kinds_of(device) if self.by == "source" else self.of_officers(officer)

    def key(self, maker: int) -> Key:
        """How a row names it."""
        if maker == NOBODY:
            return None
        match self.by:
            case "organisation":
                return self.officers.organisations[maker]
            case "source":
                return self.devices.kinds[maker]
            case _:
                return maker

    @property
    def carriers(self) -> Ints:
        """Which maker each assignment is of."""
        return self.of_carried(self.assignments.officer, self.assignments.device)

    def at_work(self, start_us: int, end_us: int) -> Ints:
        """The makers of whom somebody had a device, or was on duty, in a stretch of time."""
        held, duty = self.assignments, self.duty
        carried = (held.start_us < end_us) & (held.end_us > start_us)
        makers = self.carriers[carried]
        if self.by != "source":
            on_duty = (duty.start_us < end_us) & (duty.end_us > start_us)
            makers = np.concatenate([makers, self.of_officers(duty.officer[on_duty])])
        return np.unique(makers)

    def shown(self, makers: Ints) -> Ints:
        """Those of the makers that have rows of their own."""
        if self.by != "officer" or self.seen is None:
            return makers
        return makers[np.isin(makers, list(self.seen))]

    def times(self, devices: Ints) -> tuple[Ints, Intervals]:
        """When each device (each once) was whose: makers, ascending, and the times by device.

        The times of one maker and device neither overlap nor touch.
        """
        if self.by == "source":
            kind = self.devices.kinds_of(devices)
            order = np.argsort(kind)
            always = np.full(len(devices), NEVER_US)
            return kind[order], Intervals(devices[order], -always, always)
        held = self.assignments.times
        maker = self.of_officers(self.assignments.officer)
        if self.by != "officer":
            nobodys = gaps(held, devices, -NEVER_US, NEVER_US)
            maker = np.concatenate([maker, np.full(len(nobodys), NOBODY)])
            held = held.joined(nobodys)
        (device,), many = ranks(held.group)
        ids = np.unique(held.group)
        one = united(Intervals((maker - NOBODY) * many + device, held.start_us, held.end_us))
        times = Intervals(ids[one.group % max(many, 1)], one.start_us, one.end_us)
        return one.group // max(many, 1) + NOBODY, times


def apart(
    crews: Crews, grounds: Grounds, done: Work, nearby: Nearby, attendance: Attendance
) -> Iterator[tuple[Key, Account]]:
    """What each maker's visits amount to: those of all that was done, cut to when it had devices.

    Officers' time is that which each had in everybody's patrols. Of those who were at work, or at a
    hot spot, in the period that is asked for, or brought anything to its cells.
    """
    frame_us = grounds.frame_us
    devices = np.unique(np.concatenate([done.visits.device, nearby.device]))
    of_time, times = crews.times(devices)
    mine, time = within(done.visits, times)
    maker = of_time[time]
    there = maker[(mine.enter_us < frame_us[1]) & (mine.exit_us > frame_us[0])]
    brought = effort(done, crews.assignments, crews.carriers)
    bringing = brought.maker[grounds.asked[brought.cell]]
    present = np.concatenate([crews.at_work(*frame_us), there, bringing])
    makers = crews.shown(np.unique(present))
    close, its, part = shared(nearby.by_device, times)
    close_time = Intervals(nearby.hotspot[close], part.start_us, part.end_us)
    close_maker = of_time[its]
    shifts = _shifts(crews, attendance, makers)
    first, end = np.searchsorted(maker, makers), np.searchsorted(maker, makers, side="right")
    for row, number in enumerate(makers.tolist()):
        found = account(
            grounds,
            work(mine.slice(int(first[row]), int(end[row])), grounds.cells),
            brought.of(number, len(grounds.cells)),
            close_time.take(close_maker == number),
            shifts[row],
        )
        yield crews.key(number), found


def _shifts(crews: Crews, attendance: Attendance, makers: Ints) -> list[Shifts]:
    """How each maker's slots were staffed and observed; kinds of device have no duty."""
    tracking = attendance.tracking
    tracked = crews.of_carried(tracking.officer, tracking.device)
    rostered = None if crews.by == "source" else crews.of_officers(attendance.rostered.officer)
    # One more stands for those who are none of these.
    return attendance.apart(
        None if rostered is None else _places(makers, rostered),
        _places(makers, tracked),
        len(makers) + 1,
    )[:-1]


def _places(makers: Ints, column: Ints) -> Ints:
    """Each one's place among the makers, or the one after their last."""
    place = np.searchsorted(makers, column)
    found = np.isin(column, makers)
    return np.where(found, place, len(makers))
