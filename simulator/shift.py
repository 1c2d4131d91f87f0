"""A late shift, second by second: through the streets, on foot about a hot spot, and on."""

from dataclasses import dataclass

import numpy as np

from simulator.plane import Floats
from simulator.roster import Mode, Officer, Task
from simulator.town import Place, Town

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


@dataclass(frozen=True, slots=True)
class Track:
    """Where an officer was at each second of the shift: float64[SHIFT_S + 1] in metres."""

    x: Floats
    y: Floats

    def at(self, t_s: Floats) -> tuple[Floats, Floats]:
        """The position, in metres, at any moments, in seconds since the shift began."""
        seconds = np.arange(len(self.x), dtype=np.float64)
        return np.interp(t_s, seconds, self.x), np.interp(t_s, seconds, self.y)


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
        self._moments = [0.0]
        self._points = [town.streets.junctions[town.station]]

    @property
    def clock(self) -> float:
        """Seconds since the shift began."""
        return self._moments[-1]

    def travel(self, goal: int) -> None:
        """Go to a junction by the shortest way, with a stop at some junctions."""
        way = self._town.streets.way(self._junction, goal)
        for junction in way[1:]:
            speed = self._pace.speed_mps * self._rng.uniform(0.8, 1.15)
            self._move(self._town.streets.junctions[junction], speed)
            if self._rng.random() < self._pace.stop_chance:
                self._wait(self._rng.uniform(5.0, self._pace.longest_stop_s))
        self._junction = goal

    def patrol(self, task: Task) -> None:
        """Go to a hot spot, walk about in it for the given time, and back to the junction."""
        self.travel(task.place.junction)
        until = self.clock + task.stay_s
        while self.clock < until:
            self._move(self._somewhere_in(task.place), WALK_MPS * self._rng.uniform(0.7, 1.1))
            self._wait(min(self._rng.uniform(5.0, 60.0), max(until - self.clock, 0.0)))
        self._move(self._town.streets.junctions[self._junction], WALK_MPS)

    def other_work(self) -> None:
        """A call, a report to write or a meal, at a junction nearby and in no hot spot."""
        here = self._town.streets.junctions[self._junction]
        quiet = np.array(self._town.quiet)
        away = np.hypot(*(self._town.streets.junctions[quiet] - here).T)
        self.travel(int(self._rng.choice(quiet[away <= self._pace.roam_m])))
        self._wait(60.0 * self._rng.uniform(5.0, 30.0))

    def track(self) -> Track:
        """The path at each second of the shift."""
        seconds = np.arange(SHIFT_S + 1, dtype=np.float64)
        x, y = np.array(self._points).T
        return Track(np.interp(seconds, self._moments, x), np.interp(seconds, self._moments, y))

    def _somewhere_in(self, place: Place) -> Floats:
        """A point drawn evenly from a hot spot's ring."""
        low, high = place.ring.min(axis=0), place.ring.max(axis=0)
        while True:
            point: Floats = self._rng.uniform(low, high)
            if place.holds(point[:1], point[1:])[0]:
                return point

    def _move(self, point: Floats, speed_mps: float) -> None:
        metres = float(np.hypot(*(point - self._points[-1])))
        self._moments.append(self.clock + metres / speed_mps)
        self._points.append(point)

    def _wait(self, seconds: float) -> None:
        self._moments.append(self.clock + seconds)
        self._points.append(self._points[-1])
