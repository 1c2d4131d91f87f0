"""What each row of a plan got, from whoever is asked about, between which bounds."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import plainduty
from plainduty import EVERYBODY, Maker
from plainpatrols import Patrol, Placed, attributed, placed
from plainworld import MINUTE, Row, Slot, World, cut, rows

Cases: TypeAlias = tuple[int, int, int]  # the lowest that the data allow, the figure, the highest
LOW, VALUE, HIGH = range(3)
ONE = dt.timedelta(days=1)


@dataclass(frozen=True)
class Found:
    """A period's rows, and what each got from whoever is asked about, and from everybody."""

    world: World
    rows: Sequence[Row]
    got: Placed
    everybodys: Placed
    maker: Maker
    poor: frozenset[Slot]
    end: int

    @property
    def minimum(self) -> int:
        return round(self.world.plan.minimum_minutes * MINUTE)

    def patrols(self, chosen: Sequence[Row]) -> list[Patrol]:
        return [patrol for row in chosen for patrol in self.got.patrols.get(row, ())]

    def qualifying(self, chosen: Sequence[Row]) -> list[Patrol]:
        return [patrol for patrol in self.patrols(chosen) if patrol.qualifies(self.minimum)]

    def made(self, row: Row) -> Cases:
        """Qualifying patrols of a cell."""
        found = self.got.patrols.get(row, [])
        sure = sum(not one.uncertain(self.minimum) for one in found if one.qualifies(self.minimum))
        may = sum(one.qualifies(self.minimum) or one.uncertain(self.minimum) for one in found)
        doubtful = len(self.got.doubtful.get(row, ()))
        return sure, sum(one.qualifies(self.minimum) for one in found), may + doubtful

    def spent(self, row: Row) -> Cases:
        """Ticks of patrol in a cell's window; one that may have lasted the minimum may bring it."""
        found, doubtful = self.got.patrols.get(row, []), self.got.doubtful.get(row, [])
        highest = (
            max(len(one.outer & row.ticks), self.minimum if one.uncertain(self.minimum) else 0)
            for one in [*found, *doubtful]
        )
        return (
            sum(len(one.sure & row.ticks) for one in found),
            sum(len(one.ticks & row.ticks) for one in found),
            sum(highest),
        )

    def unmeasurable(self, row: Row) -> bool:
        """Whether a cell is not covered, in a slot of which too little was seen to say so."""
        return row.slot in self.poor and not self.made(row)[VALUE]

    def outcome(self, row: Row, case: int) -> tuple[int, int, int, int]:
        """Whether a required cell is covered, and complete; its patrols and ticks, capped."""
        least = row.required * self.minimum
        if case == HIGH and self.unmeasurable(row):
            return 1, 1, row.required, least
        made, spent = self.made(row)[case], self.spent(row)[case]
        return int(made > 0), int(made >= row.required), min(made, row.required), min(spent, least)


def find(world: World, first: dt.date, last: dt.date, maker: Maker = EVERYBODY) -> Found:
    """What the rows of a period got. Those of the days around it compete for patrols."""
    every = rows(world, first - ONE, last + ONE)
    minimum, stays = round(world.plan.minimum_minutes * MINUTE), attributed(world.stays)
    mine = [
        piece for stay in stays for piece in cut(stay, maker.had(world, stay.device, stay.ticks))
    ]
    got, everybodys = placed(every, mine, minimum), placed(every, stays, minimum)
    chosen = [row for row in every if first <= row.day <= last]
    slots = {row.slot: (row.start, row.end) for row in chosen if row.window}
    poor = frozenset(slot for slot, times in slots.items() if _poor(world, maker, *times))
    end = min(world.as_at, world.day_start(last + ONE))
    return Found(world, chosen, got, everybodys, maker, poor, end)


def _poor(world: World, maker: Maker, start: int, end: int) -> bool:
    """Whether too little of a slot was observed."""
    tracked, observed = plainduty.watched(world, maker, start, end)
    return bool(tracked) and observed / tracked < world.plan.least_observability
