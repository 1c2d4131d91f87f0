"""Groups of cells, and the distinct hot spots, slots and days that each has.

Figures that do not add up over cells are worked out of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.cells import Cells
from app.compliance.groups import OUTSIDE, Groups
from app.compliance.intervals import Ints, counts


@dataclass(frozen=True, slots=True)
class Layout:
    """What the required cells of each group are in; whoever's visits are counted.

    A *place* is a hot spot in a group that it is in: `place_group` has the group of each, and
    `place` each cell's place, or OUTSIDE. `slot` has the slots of the groups in `slot_group`, row
    by row, and `days` how many operational days each group has.
    """

    groups: Groups
    place_group: Ints
    place: Ints
    slot_group: Ints
    slot: Ints
    days: Sequence[int]

    @property
    def places(self) -> Ints:
        """How many places each group has."""
        return counts(self.place_group, len(self.groups))


def layout(cells: Cells, groups: Groups) -> Layout:
    """The hot spots, slots and days of each group."""
    rows = groups.required(cells)
    label = groups.label[rows]
    place_group, _, of_row = _pairs(label, cells.hotspot[rows])
    slot_group, slot, _ = _pairs(label, cells.slot[rows])
    day_group, _, _ = _pairs(label, cells.day[rows])
    place = np.full(len(cells), OUTSIDE, np.int64)
    place[rows] = of_row
    days = [int(number) for number in counts(day_group, len(groups))]
    return Layout(groups, place_group, place, slot_group, slot, days)


def _pairs(group: Ints, number: Ints) -> tuple[Ints, Ints, Ints]:
    """Each group and number that come together, once; and each row's pair."""
    many = int(number.max(initial=0)) + 1
    pairs, row = np.unique(group * many + number, return_inverse=True)
    return pairs // many, pairs % many, row
