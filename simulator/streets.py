"""A town's streets: a bent grid with dead ends and short cuts, and the ways through it."""

import heapq
from dataclasses import dataclass
from itertools import product

import numpy as np

from simulator.plane import Floats

BLOCKS = 20
BLOCK_M = 170.0
BEND_M = 25.0
LOST_STREETS = 0.2
SHORT_CUTS = 0.06


@dataclass(frozen=True, slots=True)
class Streets:
    """Junctions, float64[n, 2] in metres, and for each its neighbours along a street."""

    junctions: Floats
    neighbours: tuple[tuple[int, ...], ...]

    def length(self, one: int, other: int) -> float:
        """Metres in a straight line between two junctions."""
        return float(np.hypot(*(self.junctions[one] - self.junctions[other])))

    def way(self, start: int, goal: int) -> list[int]:
        """The junctions of the shortest way, both ends included (Dijkstra 1959)."""
        reached = {start: 0.0}
        came_from: dict[int, int] = {}
        queue = [(0.0, start)]
        while queue:
            travelled, here = heapq.heappop(queue)
            if here == goal:
                break
            for there in self.neighbours[here]:
                total = travelled + self.length(here, there)
                if total < reached.get(there, np.inf):
                    reached[there], came_from[there] = total, here
                    heapq.heappush(queue, (total, there))
        way = [goal]
        while way[-1] != start:
            way.append(came_from[way[-1]])
        return way[::-1]


def lay_out(rng: np.random.Generator) -> Streets:
    """Streets for a town of about 3.4 km square, all of them joined, from a random generator."""
    side = BLOCKS + 1
    grid = np.array(list(product(range(side), range(side))), dtype=np.float64)
    bent = (grid - BLOCKS / 2) * BLOCK_M + rng.uniform(-BEND_M, BEND_M, grid.shape)
    turn = rng.uniform(-0.5, 0.5)
    junctions = bent @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    neighbours: list[list[int]] = [[] for _ in grid]
    for one, other in _kept(_possible(rng), rng):
        neighbours[one].append(other)
        neighbours[other].append(one)
    return Streets(junctions, tuple(map(tuple, neighbours)))


def _possible(rng: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs of junctions with room for a street: along the grid, and a few slantwise."""
    side = BLOCKS + 1
    pairs = []
    for row, column in product(range(side), range(side)):
        here = row * side + column
        if column < BLOCKS:
            pairs.append((here, here + 1))
        if row < BLOCKS:
            pairs.append((here, here + side))
        if row < BLOCKS and column < BLOCKS and rng.random() < SHORT_CUTS:
            pairs.append((here, here + side + 1))
    return pairs


def _kept(pairs: list[tuple[int, int]], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Some of the pairs, but always enough that every junction can be reached (Kruskal 1956)."""
    parent = list(range((BLOCKS + 1) ** 2))

    def root(junction: int) -> int:
        while parent[junction] != junction:
            parent[junction] = parent[parent[junction]]
            junction = parent[junction]
        return junction

    kept = []
    for index in rng.permutation(len(pairs)):
        one, other = pairs[index]
        joins = root(one) != root(other)
        parent[root(one)] = root(other)
        if joins or rng.random() >= LOST_STREETS:
            kept.append((one, other))
    return kept
