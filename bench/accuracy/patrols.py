"""Patrols as officers make them: up by car, bicycle or on foot, about on foot, and off again."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from accuracy.path import Path, Stay, stays
from accuracy.places import Place, draw
from simulator.plane import Floats
from simulator.roster import Mode
from simulator.shift import PACES, WALK_MPS

Purpose = Literal["stays", "steps out", "edge", "elsewhere"]
Arrival = Literal["foot", "bicycle inside", "bicycle outside", "car inside", "car outside"]

PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
ARRIVALS: Final[tuple[Arrival, ...]] = get_args(Arrival)
MODES: Final[dict[Arrival, Mode]] = {
    "foot": "foot",
    "bicycle inside": "bicycle",
    "bicycle outside": "bicycle",
    "car inside": "car",
    "car outside": "car",
}
# A third each on foot, by bicycle and by car, vehicles left inside the hot spot and outside it.
TURNS: Final[tuple[Arrival, ...]] = ("foot", *ARRIVALS[1::2], "foot", *ARRIVALS[2::2])

ELSEWHERE_S: Final = (900.0, 1500.0)  # standing far off before and after, so that both ends show
ROUTE_M: Final[dict[Mode, tuple[float, float]]] = {
    "foot": (300.0, 900.0),
    "bicycle": (600.0, 2000.0),
    "car": (800.0, 3000.0),
}
BLOCK_M: Final = (80.0, 170.0)
SLOWING_M: Final = 40.0  # of a vehicle, to where it is left


@dataclass(frozen=True, slots=True)
class Patrol:
    """One officer's way to a hot spot, about it and off, and when that was truly inside."""

    place: Place
    arrival: Arrival
    path: Path
    stays: list[Stay]


def draw_patrol(number: int, seed: int, purpose: Purpose) -> Patrol:
    """Patrol `number` of the study: always the same one for a seed, however many are drawn."""
    rng = np.random.default_rng([seed, number, PURPOSES.index(purpose)])
    place = draw(rng)
    arrival = TURNS[number % len(TURNS)]
    visit = _Visit(place, arrival, rng)
    path = {
        "stays": visit.stay,
        "steps out": visit.stay_and_step_out,
        "edge": visit.walk_the_edge,
        "elsewhere": visit.stand_beside,
    }[purpose]()
    return Patrol(place, arrival, path, stays(path, place.ring))


class _Walk:
    """A path as it is being made."""

    def __init__(self, start: Floats, rng: np.random.Generator) -> None:
        self._rng = rng
        self._moments = [0.0]
        self._points = [start]

    @property
    def clock(self) -> float:
        """Seconds since the path began."""
        return self._moments[-1]

    @property
    def here(self) -> Floats:
        """Where the path has come to; float64[2]."""
        return self._points[-1]

    def wait(self, seconds: float) -> None:
        self._moments.append(self.clock + seconds)
        self._points.append(self._points[-1])

    def move(self, point: Floats, speed_mps: float) -> None:
        metres = float(np.hypot(*(point - self._points[-1])))
        self._moments.append(self.clock + metres / speed_mps)
        self._points.append(point)

    def stroll(self, point: Floats) -> None:
        """Walk to a point at the pace of somebody who looks about."""
        self.move(point, WALK_MPS * self._rng.uniform(0.7, 1.1))

    def travel(self, route: Floats, mode: Mode) -> None:
        """Go along a route, float64[n, 2], at the speed of the street, stopping here and there."""
        pace = PACES[mode]
        for point in route:
            self.move(point, pace.speed_mps * self._rng.uniform(0.8, 1.15))
            if self._rng.random() < pace.stop_chance:
                self.wait(self._rng.uniform(5.0, pace.longest_stop_s))

    def path(self) -> Path:
        x, y = np.array(self._points).T
        return Path(np.array(self._moments), x, y)


class _Visit:
    """What an officer may do at a hot spot, with the way there and back."""

    def __init__(self, place: Place, arrival: Arrival, rng: np.random.Generator) -> None:
        self._place, self._rng = place, rng
        self._mode = MODES[arrival]
        outside = arrival.endswith("outside")
        self._stop = place.beside(rng.uniform(5.0, 60.0), rng) if outside else place.somewhere(rng)

    def stay(self) -> Path:
        """Walk about the hot spot for the time that is due."""
        walk = self._come()
        self._walk_about(walk, _due_s(self._rng))
        return self._go(walk)

    def stay_and_step_out(self) -> Path:
        """The same, with one absence of up to some five minutes."""
        walk, due_s = self._come(), _due_s(self._rng)
        before_s = self._rng.uniform(0.3, 0.7) * due_s
        self._walk_about(walk, before_s)
        walk.stroll(self._place.beside(self._rng.uniform(15.0, 60.0), self._rng))
        walk.wait(self._rng.uniform(0.0, 240.0))
        self._walk_about(walk, due_s - before_s)
        return self._go(walk)

    def walk_the_edge(self) -> Path:
        """Walk up and down the line itself, a few metres in or out."""
        walk = self._come()
        until = walk.clock + _due_s(self._rng)
        while walk.clock < until:
            walk.stroll(self._place.along(self._rng.uniform(-8.0, 4.0), self._rng))
            walk.wait(self._rng.uniform(5.0, 60.0))
        return self._go(walk)

    def stand_beside(self) -> Path:
        """Stand 10 to 40 m from the hot spot and never go in."""
        self._stop = self._place.beside(self._rng.uniform(10.0, 40.0), self._rng)
        walk = self._come()
        walk.wait(_due_s(self._rng))
        return self._go(walk)

    def _walk_about(self, walk: _Walk, due_s: float) -> None:
        walk.stroll(self._place.somewhere(self._rng))
        until = walk.clock + due_s
        while walk.clock < until:
            walk.stroll(self._place.next(walk.here, self._rng))
            walk.wait(min(self._rng.uniform(5.0, 60.0), max(until - walk.clock, 0.0)))

    def _come(self) -> _Walk:
        """Wait far off, travel to where the vehicle is left, and get out."""
        route = _route_from(self._stop, self._mode, self._rng)[::-1]
        walk = _Walk(route[0], self._rng)
        walk.wait(self._rng.uniform(*ELSEWHERE_S))
        walk.travel(route[1:], self._mode)
        slower = 1.0 if self._mode == "foot" else 2.0
        walk.move(self._stop, PACES[self._mode].speed_mps / slower)
        walk.wait(self._rng.uniform(5.0, 30.0))
        return walk

    def _go(self, walk: _Walk) -> Path:
        """Walk back to the vehicle, get in, travel away, and wait far off."""
        walk.stroll(self._stop)
        walk.wait(self._rng.uniform(5.0, 30.0))
        walk.travel(_route_from(self._stop, self._mode, self._rng), self._mode)
        walk.wait(self._rng.uniform(*ELSEWHERE_S))
        return walk.path()


def _due_s(rng: np.random.Generator) -> float:
    """How long to stay: half of the patrols about ten minutes, the rest one to thirty."""
    if rng.random() < 0.5:
        return float(rng.uniform(390.0, 690.0))
    return float(np.exp(rng.uniform(np.log(60.0), np.log(1800.0))))


def _route_from(stop: Floats, mode: Mode, rng: np.random.Generator) -> Floats:
    """Corners of a way from `stop` outwards, block after block, never turning back; [n, 2]."""
    away = float(np.arctan2(stop[1], stop[0]))
    points = [stop + SLOWING_M * np.array([np.cos(away), np.sin(away)])]
    metres, long = 0.0, rng.uniform(*ROUTE_M[mode])
    while metres < long:
        heading = away + rng.choice([-np.pi / 3.0, 0.0, np.pi / 3.0])
        block = rng.uniform(*BLOCK_M)
        points.append(points[-1] + block * np.array([np.cos(heading), np.sin(heading)]))
        metres += block
    return np.array(points)
