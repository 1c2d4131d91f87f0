"""Many shifts of one plan side by side: who goes where next, and what comes between."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.capacity.question import Demand, Floats, Ints, Staffing, check_together

Bools = npt.NDArray[np.bool_]

REACH: Final = 10.0
"""Minutes of travel within which the next hot spot is drawn by lot; if none is, the nearest."""
WAIT: Final = 5.0
"""Minutes after which a crew that has nothing to do looks again."""
BLOCKS: Final = 2
"""Parts that other work comes in."""
TRAVEL_SPREAD: Final = 0.15
"""Of the logarithm of how long a way takes."""
CALL_SHAPE: Final = 2.0
"""Of the gamma distribution of how long calls take: their deviation is 0.7 of their mean."""
NOTHING: Final = -1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of each shift: a row a shift; of `counted` a column a cell.

    `counted` are patrols that the record shows, `patrols` all that were made; `patrol_minutes` is
    how long they were, `spare_minutes` the time of crews with nothing left to do.
    """

    counted: Ints
    patrols: Ints
    patrol_minutes: Floats
    spare_minutes: Floats

    def coverage(self) -> Floats:
        """The share of cells with a patrol, of each shift."""
        return np.asarray((self.counted > 0).mean(axis=1))


def work(staffing: Staffing, demand: Demand, runs: int, rng: np.random.Generator) -> Outcome:
    """Lets so many shifts go by; raises CapacityError where a shift has no time for a patrol."""
    check_together(staffing, demand)
    shifts = _Shifts(staffing, demand, runs, rng)
    while shifts.step():
        pass
    return Outcome(shifts.counted, shifts.patrols, shifts.patrol_minutes, shifts.spare_minutes)


@dataclass(slots=True)
class _Now:
    """The crews that are next in their shifts: rows of equal length."""

    run: Ints
    crew: Ints
    time: Floats

    def take(self, some: Bools) -> "_Now":
        return _Now(self.run[some], self.crew[some], self.time[some])

    @property
    def at(self) -> tuple[Ints, Ints]:
        """Where they are in what is kept by shift and crew."""
        return self.run, self.crew


class _Shifts:
    """The shifts as they stand. By shift and crew, unless it says otherwise; minutes and metres.

    `free`: when a crew is to do something next; `goal`: the hot spot it is at or on its way to;
    `last`: where it was last; `broken`: the cell it left too early; `called`: whether it is called
    when it is free; `blocks`: how much of its other work is done. By shift and cell: patrols still
    `owed`, and those `counted`. By shift and hot spot: whether it is `taken`.
    """

    def __init__(
        self, staffing: Staffing, demand: Demand, runs: int, rng: np.random.Generator
    ) -> None:
        self.staffing, self.demand, self.rng = staffing, demand, rng
        shape = runs, staffing.crews
        here = rng.binomial(staffing.officers, 1 - staffing.abstraction, runs)
        there = np.arange(shape[1]) < (here // staffing.crew)[:, None]
        self.free = np.where(there, 0.0, np.inf)
        self.x, self.y = (np.full(shape, place) for place in demand.starting_point)
        self.goal, self.last, self.broken = (np.full(shape, NOTHING) for _ in range(3))
        self.called = np.zeros(shape, np.bool_)
        self.blocks = np.zeros(shape, np.int64)
        self.due = self._due(shape)
        self.owed = np.tile(demand.required, (runs, 1))
        self.counted = np.zeros_like(self.owed)
        self.taken = np.zeros((runs, len(demand.x_m)), np.bool_)
        self.patrols = np.zeros(runs, np.int64)
        self.patrol_minutes, self.spare_minutes = np.zeros(runs), np.zeros(runs)

    def _due(self, shape: tuple[int, int]) -> Floats:
        """When each part of other work is due, to fit into its stretch of the shift; then never."""
        never = np.full((*shape, 1), np.inf)
        if not self.staffing.other_minutes:
            return never
        stretch = self.demand.length / BLOCKS
        slack = stretch - self._part
        starts = stretch * np.arange(BLOCKS) + slack * self.rng.uniform(0.2, 0.8, (*shape, BLOCKS))
        return np.concatenate([starts, never], axis=2)

    @property
    def _part(self) -> float:
        """Minutes of one part of other work."""
        return self.staffing.other_minutes / BLOCKS

    def step(self) -> bool:
        """One crew of each shift, the first that is free, does the next thing; False: all over."""
        crew = np.argmin(self.free, axis=1)
        time = self.free[np.arange(len(crew)), crew]
        run = np.flatnonzero(time < self.demand.length)
        if not len(run):
            return False
        now = _Now(run, crew[run], time[run])
        self._leave(now)
        called = self.called[now.at]
        due = ~called & (self.due[(*now.at, self.blocks[now.at])] <= now.time)
        self._answer(now.take(called))
        self._do_other_work(now.take(due))
        self._patrol(now.take(~called & ~due))
        return True

    def _leave(self, now: _Now) -> None:
        """They are done where they were; what they left too early is owed again."""
        was = now.take(self.goal[now.at] != NOTHING)
        self.taken[was.run, self.goal[was.at]] = False
        self.goal[was.at] = NOTHING
        left = now.take(self.broken[now.at] != NOTHING)
        self.owed[left.run, self.broken[left.at]] += 1
        self.broken[left.at] = NOTHING

    def _answer(self, now: _Now) -> None:
        """A call, anywhere among the hot spots."""
        mean = self.staffing.call_minutes
        self.free[now.at] = now.time + self.rng.gamma(CALL_SHAPE, mean / CALL_SHAPE, len(now.run))
        for place, metres in ((self.x, self.demand.x_m), (self.y, self.demand.y_m)):
            place[now.at] = self.rng.uniform(metres.min(), metres.max(), len(now.run))
        self.called[now.at] = False
        self.last[now.at] = NOTHING

    def _do_other_work(self, now: _Now) -> None:
        """A part of it, at the station."""
        x, y = self.demand.starting_point
        metres = np.hypot(self.x[now.at] - x, self.y[now.at] - y)
        self.free[now.at] = now.time + metres / self.staffing.metres_a_minute + self._part
        self.x[now.at], self.y[now.at] = x, y
        self.blocks[now.at] += 1
        self.last[now.at] = NOTHING

    def _patrol(self, now: _Now) -> None:
        """The next hot spot, drawn from those owed within reach; or, if there is none, waiting."""
        travel = self._travel(now)
        score = self._scores(now, travel)
        cell = np.argmin(score, axis=1)
        some = np.isfinite(score[np.arange(len(cell)), cell])
        self._wait(now.take(~some))
        hotspot = self.demand.hotspot[cell[some]]
        self._go(now.take(some), cell[some], travel[some, hotspot])

    def _travel(self, now: _Now) -> Floats:
        """Minutes to each hot spot (columns), as crews reckon."""
        east = self.demand.x_m - self.x[now.at][:, None]
        north = self.demand.y_m - self.y[now.at][:, None]
        return np.asarray(np.hypot(east, north) / self.staffing.metres_a_minute)

    def _scores(self, now: _Now, travel: Floats) -> Floats:
        """By cell, the less the better, inf: not possible; by lot within reach, else by the way."""
        possible = ~self.taken[now.run]
        elsewhere = self.last[now.at] != NOTHING
        possible[elsewhere, self.last[now.at][elsewhere]] = False
        hotspot = self.demand.hotspot
        lots = np.where(travel <= REACH, self.rng.random(travel.shape), travel)
        arrival = now.time[:, None] + travel[:, hotspot]
        open_ = (self.demand.start <= arrival) & (arrival + self.demand.minimum <= self.demand.end)
        owed = (self.owed[now.run] > 0) & open_ & possible[:, hotspot]
        return np.where(owed, lots[:, hotspot], np.inf)

    def _wait(self, now: _Now) -> None:
        until = np.minimum(now.time + WAIT, self.demand.length)
        call = now.time + self._until_called(len(now.run))
        self.called[now.at] = call < until
        self.free[now.at] = np.minimum(call, until)
        self.last[now.at] = NOTHING
        self.spare_minutes[now.run] += self.free[now.at] - now.time

    def _go(self, now: _Now, cell: Ints, travel: Floats) -> None:
        """There, and the stay, unless a call comes first."""
        count = len(cell)
        hotspot = self.demand.hotspot[cell]
        arrival = now.time + travel * self.rng.lognormal(0.0, TRAVEL_SPREAD, count)
        # Nobody leaves of their own accord before it counts: officers see their own minutes.
        over = self.demand.minutes - self.demand.minimum
        stay = self.demand.minimum + 2.0 * over * self.rng.random(count)
        leave = np.minimum(arrival + stay, self.demand.end[cell])
        call = now.time + self._until_called(count)
        until = np.maximum(np.minimum(leave, call), now.time)
        minutes = until - arrival
        made = minutes >= self.demand.minimum
        seen = made & (self.rng.random(count) >= self.staffing.missed)

        self.owed[now.run, cell] -= 1
        self.broken[now.at] = np.where(made, NOTHING, cell)
        self.counted[now.run[seen], cell[seen]] += 1
        self.patrols[now.run[made]] += 1
        self.patrol_minutes[now.run] += np.maximum(minutes, 0.0)
        self.taken[now.run, hotspot] = True
        self.goal[now.at], self.last[now.at] = hotspot, hotspot
        self.x[now.at], self.y[now.at] = self.demand.x_m[hotspot], self.demand.y_m[hotspot]
        self.called[now.at] = call < leave
        self.free[now.at] = until

    def _until_called(self, count: int) -> Floats:
        """Minutes until the next call of each of so many crews."""
        if not self.staffing.calls_per_hour:
            return np.full(count, np.inf)
        return self.rng.exponential(60.0 / self.staffing.calls_per_hour, count)
