"""A shift on which crews share out hot spots among themselves, between calls and other work."""

import heapq
from dataclasses import dataclass

import numpy as np

from simulator.ground import Ground
from simulator.path import Path, Track
from simulator.plane import Floats
from simulator.shift import SHIFT_S, WALK_MPS
from simulator.streets import BLOCK_M
from simulator.town import Place

HOUR_S = 3600.0
NEAR_S = 600.0
"""How long a way, as officers guess it, is still near: of such hot spots they take any."""
GUESSED_DETOUR = 1.3
STOP_CHANCE = 0.12
"""For each block of a way."""
STOP_S = 17.5
IDLE_S = (240.0, 480.0)
"""For how long a crew with nothing left to do drives and stands about."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """Who is on shift, how they get about, what they are asked for, and what keeps them from it.

    `speed_mps` is a crew's in the streets, stops included. A crew on the beat is called
    `calls_an_hour` times an hour, for `call_s` on average, the way there included; `other_s` a
    shift it is at the station. Each officer is off the plan for the shift with the chance
    `abstraction`. Officers stay `stay_s` on average and never less than `least_s`.
    """

    officers: int
    crew: int = 2
    speed_mps: float = 4.2
    calls_an_hour: float = 0.4
    call_s: float = 2100.0
    other_s: float = 3600.0
    abstraction: float = 0.1
    patrols: int = 1
    stay_s: float = 720.0
    least_s: float = 600.0


def send_out(
    crews: int, staffing: Staffing, ground: Ground, ends_s: float, rng: np.random.Generator
) -> list[Track]:
    """The tracks of so many crews over a shift whose window ends `ends_s` after it begins.

    Crews know of each other where they are and what is done, as over the radio.
    """
    briefing = _Briefing(
        {place.id: staffing.patrols for place in ground.places},
        set(),
        staffing,
        ground,
        ends_s,
        rng,
    )
    on_shift = [_Crew(briefing) for _ in range(crews)]
    queue = [(0.0, number) for number in range(crews)]
    while queue:
        _, number = heapq.heappop(queue)
        crew = on_shift[number]
        crew.next()
        if crew.path.clock < SHIFT_S:
            heapq.heappush(queue, (crew.path.clock, number))
    return [crew.path.track(SHIFT_S) for crew in on_shift]


@dataclass(slots=True)
class _Briefing:
    """What all crews of a shift know: patrols owed by hot spot, and where somebody is."""

    owed: dict[str, int]
    taken: set[str]
    staffing: Staffing
    ground: Ground
    ends_s: float
    rng: np.random.Generator

    def choose(self, here: Floats, clock: float, avoid: str | None) -> Place | None:
        """Any of the near hot spots that are owed a patrol, else the nearest; None: no use."""
        metres = np.hypot(*(self.ground.middles - here).T)
        guesses_s = (GUESSED_DETOUR / self.staffing.speed_mps * metres).tolist()
        ways = [
            (way_s, place)
            for way_s, place in zip(guesses_s, self.ground.places, strict=True)
            if self.owed[place.id] > 0
            and place.id not in self.taken
            and place.id != avoid
            and clock + way_s + self.staffing.least_s <= self.ends_s
        ]
        near = [place for way_s, place in ways if way_s <= NEAR_S]
        if near:
            return near[self.rng.integers(len(near))]
        return min(ways, key=lambda way: way[0])[1] if ways else None


class _Crew:
    """One crew: its path, and what is to come."""

    def __init__(self, briefing: _Briefing) -> None:
        self._all = briefing
        self._rng = briefing.rng
        self._at: Place | None = None
        self.path = Path(briefing.ground.station)
        self._call_s = self._next_call()
        self._break_s = briefing.staffing.other_s / 2.0
        self._breaks = self._plan_breaks() if self._break_s else []

    def next(self) -> None:
        """Does one thing from beginning to end, or until a call."""
        came_from, self._at = self._at, None
        if came_from is not None:
            self._all.taken.discard(came_from.id)
        if self.path.clock >= self._call_s:
            self._answer()
        elif self._breaks and self.path.clock >= self._breaks[-1]:
            self._take_break()
        else:
            avoid = came_from.id if came_from else None
            place = self._all.choose(self.path.here, self.path.clock, avoid)
            self._idle() if place is None else self._patrol(place)

    def _answer(self) -> None:
        """A call, somewhere in town."""
        until = self.path.clock + self._all.staffing.call_s * self._rng.uniform(0.3, 1.7)
        self._drive(self._all.ground.anywhere(self._rng), until)
        self.path.wait(max(until - self.path.clock, 0.0))
        self._call_s = self._next_call()

    def _plan_breaks(self) -> list[float]:
        """When the late and the early one begin, so that each fits into its half of the window."""
        half_s = self._all.ends_s / 2.0
        early, late = self._rng.uniform((0.3, 0.1), (0.9, 0.8)) * (half_s - self._break_s)
        return [half_s + late, early]

    def _take_break(self) -> None:
        """Half of the other work, at the station; calls go to others meanwhile."""
        self._breaks.pop()
        self._drive(self._all.ground.station, np.inf)
        self.path.wait(self._break_s)
        self._call_s = self._next_call()

    def _idle(self) -> None:
        until = min(self.path.clock + self._rng.uniform(*IDLE_S), self._call_s)
        self._drive(self._all.ground.anywhere(self._rng), until)
        self.path.wait(max(until - self.path.clock, 0.0))

    def _patrol(self, place: Place) -> None:
        """There, and about on foot, until it has been enough, or a call comes."""
        self._at = place
        self._all.taken.add(place.id)
        self._drive(place.somewhere(self._rng), self._call_s)
        arrived = self.path.clock
        staffing = self._all.staffing
        more_s = self._rng.uniform(0.0, 2.0 * (staffing.stay_s - staffing.least_s))
        until = min(arrived + staffing.least_s + more_s, self._call_s, self._all.ends_s)
        while self.path.clock < until:
            self.path.move(
                place.somewhere(self._rng), WALK_MPS * self._rng.uniform(0.7, 1.1), until
            )
            self.path.wait(max(min(self._rng.uniform(5.0, 60.0), until - self.path.clock), 0.0))
        if until - arrived >= staffing.least_s:
            self._all.owed[place.id] -= 1

    def _drive(self, goal: Floats, until_s: float) -> None:
        """Towards a point until a moment, with a stop here and there."""
        for point in self._all.ground.way(self.path.here, goal, self._rng):
            blocks = float(np.hypot(*(point - self.path.here))) / BLOCK_M
            moving_s = BLOCK_M / self._all.staffing.speed_mps - STOP_CHANCE * STOP_S
            self.path.move(point, BLOCK_M / moving_s * self._rng.uniform(0.85, 1.2), until_s)
            if self.path.clock >= until_s:
                return
            stops_s = self._rng.poisson(STOP_CHANCE * blocks) * STOP_S * self._rng.uniform(0.5, 1.5)
            self.path.wait(min(stops_s, until_s - self.path.clock))

    def _next_call(self) -> float:
        """When the crew is called next if it is on the beat until then, in seconds."""
        rate = self._all.staffing.calls_an_hour
        return self.path.clock + self._rng.exponential(HOUR_S / rate) if rate else np.inf
