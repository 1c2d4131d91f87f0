"""A town's streets: a bent grid with dead ends and short cuts, and the ways through it."""

import heapq
import math
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

    def nearest(self, point: Floats) -> int:
        """The junction that is nearest to a point, float64[2] in metres."""
        return int(np.argmin(np.hypot(*(self.junctions - point).T)))

    def way(self, start: int, goal: int) -> list[int]:
        """The junctions of the shortest way, both ends included (A*, Hart 1968)."""
        points: list[list[float]] = self.junctions.tolist()
        reached = {start: 0.0}
        came_from: dict[int, int] = {}
        queue = [(0.0, start)]
        while queue:
            _, here = heapq.heappop(queue)
            if here == goal:
                break
            for there in self.neighbours[here]:
                total = reached[here] + math.dist(points[here], points[there])
                if total < reached.get(there, np.inf):
                    reached[there], came_from[there] = total, here
                    left = math.dist(points[there], points[goal])
                    heapq.heappush(queue, (total + left, there))
        way = [goal]
        while way[-1] != start:
            way.append(came_from[way[-1]])
        return way[::-1]


def lay_out(rng: np.random.Generator, blocks: int = BLOCKS) -> Streets:
    """Streets for a square town, all of them joined, from a random generator.

    It is `blocks` times 170 m wide, as they are by default about 3.4 km, around the origin.
    """
    side = blocks + 1
    grid = np.array(list(product(range(side), range(side))), dtype=np.float64)
    bent = (grid - blocks / 2) * BLOCK_M + rng.uniform(-BEND_M, BEND_M, grid.shape)
    turn = rng.uniform(-0.5, 0.5)
    junctions = bent @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    neighbours: list[list[int]] = [[] for _ in grid]
    for one, other in _kept(_possible(rng, blocks), len(grid), rng):
        neighbours[one].append(other)
        neighbours[other].append(one)
    return Streets(junctions, tuple(map(tuple, neighbours)))


def _possible(rng: np.random.Generator, blocks: int) -> list[tuple[int, int]]:
    """Pairs of junctions with room for a street: along the grid, and a few slantwise."""
    side = blocks + 1
    pairs = []
    for row, column in product(range(side), range(side)):
        here = row * side + column
        if column < blocks:
            pairs.append((here, here + 1))
        if row < blocks:
            pairs.append((here, here + side))
        if row < blocks and column < blocks and rng.random() < SHORT_CUTS:
            pairs.append((here, here + side + 1))
    return pairs


def _kept(
    pairs: list[tuple[int, int]], junctions: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Some of the pairs, but always enough that every junction can be reached (Kruskal 1956)."""
    parent = list(range(junctions))

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
