"""Groups of cells, and the distinct hot spots, slots and days that each has.

Figures that do not add up over cells are worked out of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.cells import CONTROL, REQUIRED, Cells, Shares
from app.compliance.groups import OUTSIDE, Groups
from app.compliance.intervals import Ints, counts, sums


@dataclass(frozen=True, slots=True)
class SlotsOf:
    """The distinct slots of each of `size` groups: columns, a row each group and slot."""

    group: Ints
    slot: Ints
    size: int

    def sums(self, column: Ints) -> Ints:
        """What a column by slot adds up to in each group."""
        return sums(self.group, column[self.slot], self.size)

    def highest(self, shares: Shares) -> Shares:
        """The highest of a column of shares by slot in each group; 0 where it has no slot."""
        found = np.zeros(self.size)
        np.maximum.at(found, self.group, shares[self.slot])
        return found


@dataclass(frozen=True, slots=True)
class Layout:
    """What the required cells of each group are in; whoever's visits are counted.

    A *place* is a hot spot in a group that it is in: `place_group` has the group of each, and
    `place` each cell's place, or OUTSIDE. `days` is how many operational days each group has, and
    `slots` are its slots; a trial's controls have theirs, and so have cells of both arms together.
    """

    groups: Groups
    place_group: Ints
    place: Ints
    slots: SlotsOf
    control_slots: SlotsOf
    slots_of_both: SlotsOf
    days: Sequence[int]

    @property
    def places(self) -> Ints:
        """How many places each group has."""
        return counts(self.place_group, len(self.groups))


def layout(cells: Cells, groups: Groups) -> Layout:
    """The hot spots, slots and days of each group."""
    rows, controls = groups.of_kind(cells, REQUIRED), groups.of_kind(cells, CONTROL)
    label = groups.label[rows]
    place_group, _, of_row = _pairs(label, cells.hotspot[rows])
    day_group, _, _ = _pairs(label, cells.day[rows])
    place = np.full(len(cells), OUTSIDE, np.int64)
    place[rows] = of_row
    days = [int(number) for number in counts(day_group, len(groups))]
    return Layout(
        groups,
        place_group,
        place,
        _slots(cells, groups, rows),
        _slots(cells, groups, controls),
        _slots(cells, groups, np.concatenate([rows, controls])),
        days,
    )


def _slots(cells: Cells, groups: Groups, rows: Ints) -> SlotsOf:
    group, slot, _ = _pairs(groups.label[rows], cells.slot[rows])
    return SlotsOf(group, slot, len(groups))


def _pairs(group: Ints, number: Ints) -> tuple[Ints, Ints, Ints]:
    """Each group and number that come together, once; and each row's pair."""
    many = int(number.max(initial=0)) + 1
    pairs, row = np.unique(group * many + number, return_inverse=True)
    return pairs // many, pairs % many, row
