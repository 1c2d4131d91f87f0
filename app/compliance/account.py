"""What some visits, of all devices or of some, amount to: the figures of any groups of cells."""

from dataclasses import dataclass

import numpy as np

from app.compliance.calendar import Calendar
from app.compliance.cells import Cells
from app.compliance.circumstances import Circumstances, nearby_us, of_slots
from app.compliance.figures import Companions, Figures, figures
from app.compliance.groups import OUTSIDE
from app.compliance.intervals import Intervals, Ints
from app.compliance.layout import Layout
from app.compliance.predictability import clock_us, predictability
from app.compliance.recency import recency
from app.compliance.shifts import Shifts, staffing
from app.compliance.tally import Tally, tallied
from app.compliance.visits import Bools
from app.compliance.work import Work


@dataclass(frozen=True, slots=True)
class Grounds:
    """What holds whoever's visits are counted.

    Cells, which of them are `asked` for (the others compete for patrols), and for which an officer
    answered; which slots are excused, and in which any device was surveyed (masks). `frame_us`:
    from when until when the days are that are asked for.
    """

    cells: Cells
    asked: Bools
    answered: Bools
    excused: Bools
    surveyed: Bools
    frame_us: tuple[int, int]
    as_at_us: int
    calendar: Calendar

    @property
    def trial(self) -> bool:
        """Whether any cell that is asked for is a trial's control, whatever the plan is now."""
        return bool(self.cells.control[self.asked].any())


@dataclass(frozen=True, slots=True)
class Account:
    """What each cell got, how well its slots were observed, and the qualifying patrols: columns.

    Of these the row of the cell, the end (microseconds), and what the clocks showed at the start.
    """

    grounds: Grounds
    tally: Tally
    shifts: Shifts
    cell: Ints
    end_us: Ints
    clock: Ints

    def figures(self, layout: Layout) -> list[Figures]:
        """The figures of each group of cells."""
        grounds = self.grounds
        place = layout.place[self.cell]
        inside = place != OUTSIDE
        place, end_us, clock = place[inside], self.end_us[inside], self.clock[inside]
        moment_us = np.minimum(layout.groups.until_us, grounds.as_at_us)
        companions = Companions(
            staffing(self.shifts, grounds.cells.slots, layout),
            recency(layout, place, end_us, moment_us),
            predictability(layout, place, clock, grounds.calendar),
        )
        return figures(self.tally, grounds.cells, layout, companions, trial=grounds.trial)


def account(
    grounds: Grounds, done: Work, officer_us: Ints, nearby: Intervals, shifts: Shifts
) -> Account:
    """What was done amounts to; `officer_us`: officers' time in each cell.

    `nearby`: when the same devices were just outside.
    """
    cells = grounds.cells
    beside = Circumstances(
        unmeasurable=of_slots(cells, shifts.unmeasurable(cells.slots.least)),
        excused=of_slots(cells, grounds.excused),
        answered=grounds.answered,
        surveyed=of_slots(cells, grounds.surveyed),
        nearby_us=nearby_us(cells, nearby),
    )
    cell, stays = done.found.arrivals
    return Account(
        grounds,
        tallied(done, beside, officer_us, grounds.as_at_us),
        shifts,
        cell,
        stays.end_us,
        clock_us(stays.start_us, grounds.calendar),
    )
