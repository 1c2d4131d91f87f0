"""What stands beside each cell, whatever was done in it; columns with a row a cell."""

from dataclasses import dataclass

import numpy as np

from app.compliance.cells import NO_SLOT, REQUIRED, Cells
from app.compliance.duty import Answers
from app.compliance.intervals import Intervals, Ints, ranks, shared, sums, united
from app.compliance.observed import Hours
from app.compliance.visits import Bools
from geofence.model import HOUR_US


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of each cell besides visits.

    Whether too little of its slot was observed to say that nobody came, whether officers were
    abstracted from it, whether one answered for it, whether any device was surveyed meanwhile;
    and how long devices were just outside, in microseconds.
    """

    unmeasurable: Bools
    excused: Bools
    answered: Bools
    surveyed: Bools
    nearby_us: Ints

    @classmethod
    def unknown(cls, cells: Cells) -> "Circumstances":
        """Nothing is known but visits."""
        no = np.zeros(len(cells), np.bool_)
        return cls(no, no, no, no, np.zeros(len(cells), np.int64))


def of_slots(cells: Cells, slots: Bools) -> Bools:
    """The cells, required or controls, that are in some slots (a mask)."""
    held: Bools = cells.slot != NO_SLOT
    held[held] = slots[cells.slot[held]]
    return held


def answered(cells: Cells, answers: Answers) -> Bools:
    """The required cells for which an officer answered."""
    numbers = {name: number for number, name in enumerate(cells.windows)}
    window = np.array([numbers.get(name, NO_SLOT) for name in answers.windows], np.int64)
    (hotspot, its_hotspot), hotspots = ranks(cells.hotspot, answers.hotspot)
    (day, its_day), days = ranks(cells.day, answers.day)
    asked = (cells.window * days + day) * hotspots + hotspot
    said = (window[answers.window] * days + its_day) * hotspots + its_hotspot
    found: Bools = np.isin(asked, said) & (cells.kind == REQUIRED)
    return found


def surveyed(cells: Cells, hours: Hours) -> Bools:
    """The slots in which any device was surveyed (a mask)."""
    slots = cells.slots
    hour = np.unique(hours.hour_us)
    # The first hour that reaches into the slot, if it begins before the slot ends.
    first = np.searchsorted(hour, slots.start_us - HOUR_US, side="right")
    reaches = first < len(hour)
    reaches[reaches] = hour[first[reaches]] < slots.end_us[reaches]
    return reaches


def nearby_us(cells: Cells, nearby: Intervals) -> Ints:
    """How long any device was just outside (stretches by hot spot) in each required cell."""
    required = np.flatnonzero(cells.kind == REQUIRED)
    frames = Intervals(cells.hotspot[required], cells.start_us[required], cells.end_us[required])
    _, frame, part = shared(united(nearby), frames)
    return sums(required[frame], part.length_us, len(cells))
