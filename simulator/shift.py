"""A late shift, second by second: through the streets, on foot about a hot spot, and on."""

from dataclasses import dataclass

import numpy as np

from simulator.path import Path, Track
from simulator.roster import Mode, Officer, Task
from simulator.town import Town

SHIFT_S = 8 * 3600
WALK_MPS = 1.25
DONE = 0.95
"""The share of the shift after which officers head back to the station."""
LONGEST_DELAY_S = 1800.0
"""By how much a task may be put off."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How one way of getting about moves."""

    speed_mps: float
    stop_chance: float
    """At each junction."""
    longest_stop_s: float
    roam_m: float
    """How far the officer goes for other work."""


PACES: dict[Mode, Pace] = {
    "foot": Pace(1.35, 0.05, 40.0, 600.0),
    "bicycle": Pace(4.5, 0.15, 25.0, 1500.0),
    "car": Pace(9.5, 0.25, 40.0, 4000.0),
}


def work(officer: Officer, tasks: list[Task], town: Town, rng: np.random.Generator) -> Track:
    """An officer's shift: the tasks spread over it, other work between, and the way back.

    What does not fit into the shift is not done, as in life.
    """
    journey = _Journey(town, PACES[officer.mode], rng)
    due_s = np.linspace(0.0, SHIFT_S * DONE, len(tasks), endpoint=False)
    due_s += rng.uniform(0.0, LONGEST_DELAY_S, len(tasks))
    for task, due in zip(tasks, due_s.tolist(), strict=True):
        while journey.clock < due:
            journey.other_work()
        journey.patrol(task)
    while journey.clock < SHIFT_S * DONE:
        journey.other_work()
    journey.travel(town.station)
    return journey.track()


class _Journey:
    """A path through the town as it is being made: moments and the places at them."""

    def __init__(self, town: Town, pace: Pace, rng: np.random.Generator) -> None:
        self._town = town
        self._pace = pace
        self._rng = rng
        self._junction = town.station
        self._path = Path(town.streets.junctions[town.station])

    @property
    def clock(self) -> float:
        """Seconds since the shift began."""
        return self._path.clock

    def travel(self, goal: int) -> None:
        """Go to a junction by the shortest way, with a stop at some junctions."""
        way = self._town.streets.way(self._junction, goal)
        for junction in way[1:]:
            speed = self._pace.speed_mps * self._rng.uniform(0.8, 1.15)
            self._path.move(self._town.streets.junctions[junction], speed)
            if self._rng.random() < self._pace.stop_chance:
                self._path.wait(self._rng.uniform(5.0, self._pace.longest_stop_s))
        self._junction = goal

    def patrol(self, task: Task) -> None:
        """Go to a hot spot, walk about in it for the given time, and back to the junction."""
        self.travel(task.place.junction)
        until = self.clock + task.stay_s
        while self.clock < until:
            self._path.move(task.place.somewhere(self._rng), WALK_MPS * self._rng.uniform(0.7, 1.1))
            self._path.wait(min(self._rng.uniform(5.0, 60.0), max(until - self.clock, 0.0)))
        self._path.move(self._town.streets.junctions[self._junction], WALK_MPS)

    def other_work(self) -> None:
        """A call, a report to write or a meal, at a junction nearby and in no hot spot."""
        here = self._town.streets.junctions[self._junction]
        quiet = np.array(self._town.quiet)
        away = np.hypot(*(self._town.streets.junctions[quiet] - here).T)
        self.travel(int(self._rng.choice(quiet[away <= self._pace.roam_m])))
        self._path.wait(60.0 * self._rng.uniform(5.0, 30.0))

    def track(self) -> Track:
        """The path at each second of the shift."""
        return self._path.track(SHIFT_S)
