"""Hot spots of the study: the shapes and sizes that forces draw, in a plane of metres."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.plane import Floats, distance, inside

TRIES: Final = 20
STEPS: Final = 30  # looked at along a way of some 100 m


@dataclass(frozen=True, slots=True)
class Place:
    """A hot spot: its ring, float64[k, 2] in metres, anticlockwise, without a closing point."""

    ring: Floats

    def holds(self, x: Floats, y: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which points, in metres, are inside."""
        return inside(self.ring, x, y)

    def somewhere(self, rng: np.random.Generator) -> Floats:
        """A point drawn evenly from the inside; float64[2]."""
        low, high = self.ring.min(axis=0), self.ring.max(axis=0)
        while True:
            point: Floats = rng.uniform(low, high)
            if self.holds(point[:1], point[1:])[0]:
                return point

    def next(self, here: Floats, rng: np.random.Generator) -> Floats:
        """A point to walk to from `here` without leaving, if one is found soon; float64[2]."""
        point = self.somewhere(rng)
        for _ in range(TRIES):
            steps = np.linspace(here, point, STEPS)
            if self.holds(steps[:, 0], steps[:, 1])[1:].all():
                break
            point = self.somewhere(rng)
        return point

    def along(self, gap_m: float, rng: np.random.Generator) -> Floats:
        """A point `gap_m` metres to the outer side of a point on an edge drawn at random."""
        first = int(rng.integers(len(self.ring)))
        start, end = self.ring[first], self.ring[(first + 1) % len(self.ring)]
        east, north = (end - start) / np.hypot(*(end - start))
        point: Floats = start + rng.random() * (end - start) + gap_m * np.array([north, -east])
        return point

    def beside(self, gap_m: float, rng: np.random.Generator) -> Floats:
        """A point outside, `gap_m` metres from the nearest edge; float64[2]."""
        while True:
            point = self.along(gap_m, rng)
            near = distance(self.ring, point[:1], point[1:])[0] < gap_m - 1e-6
            if not near and not self.holds(point[:1], point[1:])[0]:
                return point


def draw(rng: np.random.Generator) -> Place:
    """A hot spot of any of the shapes, turned anyhow, its middle near (0, 0)."""
    shape = list(SHAPES)[int(rng.integers(len(SHAPES)))]
    turn = rng.uniform(0.0, 2.0 * np.pi)
    east, north = np.cos(turn), np.sin(turn)
    return Place(SHAPES[shape](rng) @ np.array([[east, north], [-north, east]]))


def _square(rng: np.random.Generator) -> Floats:
    half = rng.uniform(60.0, 150.0) / 2.0
    return np.array([[-half, -half], [half, -half], [half, half], [-half, half]])


def _hexagon(rng: np.random.Generator) -> Floats:
    angle = np.arange(6) * np.pi / 3.0
    ring: Floats = rng.uniform(60.0, 150.0) / 2.0 * np.column_stack([np.cos(angle), np.sin(angle)])
    return ring


def _ell(rng: np.random.Generator) -> Floats:
    """Two arms of a block, the corner between them left out."""
    long, wide = rng.uniform(90.0, 150.0), rng.uniform(40.0, 60.0)
    ring = [[0, 0], [long, 0], [long, wide], [wide, wide], [wide, long], [0, long]]
    return np.array(ring, np.float64) - long / 3.0


def _street(rng: np.random.Generator) -> Floats:
    """A stretch of a street from wall to wall."""
    long, wide = rng.uniform(120.0, 250.0) / 2.0, rng.uniform(30.0, 45.0) / 2.0
    return np.array([[-long, -wide], [long, -wide], [long, wide], [-long, wide]])


def _bend(rng: np.random.Generator) -> Floats:
    """A street with a bend in the middle: concave, and nowhere wide."""
    long, wide = rng.uniform(70.0, 110.0), rng.uniform(30.0, 45.0) / 2.0
    rise = long * np.tan(rng.uniform(0.2, 0.5))
    top = [[long, rise + wide], [0.0, wide], [-long, rise + wide]]
    return np.array([[-long, rise - wide], [0.0, -wide], [long, rise - wide], *top])


SHAPES: Final[Mapping[str, Callable[[np.random.Generator], Floats]]] = {
    "square": _square,
    "hexagon": _hexagon,
    "ell": _ell,
    "street": _street,
    "bend": _bend,
}
