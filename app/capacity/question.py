"""What is asked of a shift: who is there, what takes them away, and what the plan wants of them."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KMH_IN_METRES_A_MINUTE = 1000.0 / 60.0
MOST_OFFICERS = 1_000
MOST_HOTSPOTS = 2_000
FASTEST_KMH = 130.0
FURTHEST_KM = 100.0
MOST_CALLS = 20.0
"""An hour, of one crew: one every three minutes, so that hardly a stay lasts ten."""


class CapacityError(ValueError):
    """A question that nobody can answer; names what was asked and why it has no answer."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


@dataclass(frozen=True, slots=True)
class Staffing:
    """Who is on a shift, how they get about, and what keeps them from patrolling.

    `officers` are those rostered; each is taken off for the whole shift with the chance
    `abstraction`, and those who are left go in crews of `crew`: who is left over joins one,
    or stays off the beat where there is none.
    `speed_kmh` is from place to place, stops included, along ways `detour` times as long as the
    straight line. A crew that is free or on patrol gets `calls_per_hour`, each of which takes it
    for `call_minutes` on average, the way there included. `other_minutes` a crew and shift go on
    breaks and paperwork at the station. `uncounted` is the share of its carrier's patrols that one
    device does not show to be long enough; each officer carries one. The defaults are guesses: see
    docs/capacity.md. Raises CapacityError.
    """

    officers: int
    crew: int = 2
    speed_kmh: float = 15.0
    detour: float = 1.3
    calls_per_hour: float = 0.4
    call_minutes: float = 35.0
    other_minutes: float = 60.0
    abstraction: float = 0.1
    uncounted: float = 0.07

    def __post_init__(self) -> None:
        _require(self.officers >= 1, "officers", "there are none: nobody can patrol")
        _require(self.officers <= MOST_OFFICERS, "officers", f"more than {MOST_OFFICERS}")
        _require(self.crew >= 1, "crew", f"{self.crew} officers do not make a crew")
        _require(
            self.crew <= self.officers,
            "crew",
            f"a crew is {self.crew} officers, and there are {self.officers}",
        )
        _require(
            0 < self.speed_kmh <= FASTEST_KMH,
            "speed",
            f"{self.speed_kmh:g} km/h is not above 0 and at most {FASTEST_KMH:g}:"
            " nobody gets anywhere",
        )
        _require(1 <= self.detour <= 10, "detour", f"{self.detour:g} is not from 1 to 10")  # noqa: PLR2004
        _require(
            0 <= self.abstraction < 1,
            "abstraction",
            f"{self.abstraction:g} is not a share from 0 to below 1: at 1 nobody is left",
        )
        _require(
            0 <= self.uncounted < 1,
            "uncounted",
            f"{self.uncounted:g} is not a share from 0 to below 1",
        )
        for name in ("calls_per_hour", "call_minutes", "other_minutes"):
            value = getattr(self, name)
            _require(
                math.isfinite(value) and value >= 0,
                name.replace("_", "-"),
                f"{value:g} is not 0 or more",
            )
        _require(
            self.calls_per_hour <= MOST_CALLS,
            "calls-per-hour",
            f"{self.calls_per_hour:g} are more than {MOST_CALLS:g}: hardly a patrol would count",
        )

    @property
    def crews(self) -> int:
        """How many there are when nobody is taken off."""
        return self.officers // self.crew

    @property
    def missed(self) -> float:
        """The share of patrols that no device of the crew shows."""
        return float(self.uncounted**self.crew)

    @property
    def metres_a_minute(self) -> float:
        """How far a crew comes in a minute, as the crow flies."""
        return self.speed_kmh * KMH_IN_METRES_A_MINUTE / self.detour


@dataclass(frozen=True, slots=True)
class Demand:
    """What a plan wants of one shift.

    `x_m`, `y_m`: the hot spots, ranked, in metres of a plane. Of each cell: `hotspot` (a row of
    them), the window it is in from `start` until `end` (minutes since the shift began), and the
    patrols `required`. Officers stay `minutes`; from `minimum` on a patrol counts. `target` is the
    share of cells that the plan wants covered; `station` where crews start, None: amid the hot
    spots. Raises CapacityError.
    """

    x_m: Floats
    y_m: Floats
    hotspot: Ints
    start: Floats
    end: Floats
    required: Ints
    minutes: float = 12.0
    minimum: float = 10.0
    target: float = 0.9
    station: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        some = len(self.hotspot) > 0 and bool((self.required > 0).all())
        _require(some, "patrols", "nothing is required: there is nothing to cover")
        _require(len(self.x_m) <= MOST_HOTSPOTS, "hotspots", f"there are over {MOST_HOTSPOTS}")
        _require(
            self.minutes >= self.minimum > 0,
            "minutes",
            f"patrols of {self.minutes:g} minutes never count: the plan asks for {self.minimum:g}",
        )
        _require(
            0 < self.target <= 1,
            "target",
            f"{self.target:g} is not a share above 0 and at most 1: nine in ten is 0.9",
        )
        east, north = self.starting_point
        away_km = float(np.hypot(self.x_m - east, self.y_m - north).min()) / 1000.0
        _require(
            away_km <= FURTHEST_KM,
            "station",
            f"the nearest hot spot is {away_km:,.0f} km from it: see to its place, LAT,LON",
        )
        shortest = float((self.end - self.start).min())
        _require(
            self.minutes <= shortest,
            "minutes",
            f"patrols of {self.minutes:g} minutes do not fit into a window of {shortest:g}",
        )

    @property
    def length(self) -> float:
        """Minutes until the last window ends."""
        return float(self.end.max())

    @property
    def starting_point(self) -> tuple[float, float]:
        """Where crews start, in metres."""
        if self.station is not None:
            return self.station
        return float(self.x_m.mean()), float(self.y_m.mean())


def check_together(staffing: Staffing, demand: Demand) -> None:
    """Raises CapacityError where a staffing leaves no time for a demand at all."""
    length = demand.length
    _require(
        staffing.other_minutes <= length - demand.minutes,
        "other-minutes",
        f"{staffing.other_minutes:g} of a shift of {length:g} minutes leave no time for a patrol",
    )


def _require(holds: bool, where: str, what: str) -> None:  # noqa: FBT001 -- reads as a sentence
    if not holds:
        raise CapacityError(where, what)
