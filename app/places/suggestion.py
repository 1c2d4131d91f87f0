"""Micro-places suggested as hot spots: the first cells of a ranking, and what to know of each."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from app.places.checks import Spot
from app.places.crimes import Crimes
from app.places.grid import Grid
from app.places.ranking import Ranking
from geofence.model import Ints

_NEAR: Final = re.compile(r"^(on or near|at|near|outside|o/s)\s+", re.IGNORECASE)
_KINDS: Final = frozenset(
    {
        "airport/airfield", "bus/coach station", "conference/exhibition centre", "ferry terminal",
        "further/higher educational building", "hospital", "motorway service area", "nightclub",
        "park/open space", "parking area", "pedestrian subway", "petrol station", "police station",
        "prison", "race track", "shopping area", "sports/recreation area", "supermarket",
        "theatre/concert hall", "theme/adventure park",
    }
)  # fmt: skip
"""What data.police.uk calls points of a kind of place: there are many of each in a town."""
_TITLED: Final = re.compile(r"(?<=[a-z])'S\b")  # as data.police.uk has it: St Martin'S Le Grand
ONE_POINT: Final = 0.9
"""From this share of its crimes at one snapped point, a cell is as good as that point."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A cell that is suggested as a hot spot."""

    key: str
    name: str
    rank: int  # from 1
    crimes: int
    weight: float
    share: float  # of the weight of all crimes with a place
    points: int  # different ones that its crimes are at
    at_one: float  # share of its crimes at the one with most of them
    snapped: bool  # any of its crimes
    neighbours: int  # suggested cells that share a side with it
    polygon: shapely.Polygon

    @property
    def on_one_point(self) -> bool:
        """Whether it is held up by one point that snapped crimes were moved to."""
        return self.snapped and self.crimes > 1 and self.at_one >= ONE_POINT

    @property
    def spot(self) -> Spot:
        """It as a hot spot that can be checked."""
        return Spot(self.key, self.polygon)


def suggestions(crimes: Crimes, ranking: Ranking, grid: Grid, top: int) -> list[Suggestion]:
    """The first `top` cells, in their order."""
    count = min(top, len(ranking))
    cells = ranking.cells[:count]
    polygons = shapely.polygons(grid.rings(cells))
    keys, neighbours = grid.names(cells), grid.neighbours(cells)
    rows = [np.flatnonzero(ranking.of_crime == rank) for rank in range(count)]
    names = _names([_places(crimes, of_cell) for of_cell in rows], polygons)
    found = []
    for rank, of_cell in enumerate(rows):
        points, most = _points(crimes, of_cell)
        found.append(
            Suggestion(
                key=keys[rank],
                name=names[rank],
                rank=rank + 1,
                crimes=len(of_cell),
                weight=float(ranking.weight[rank]),
                share=float(ranking.weight[rank] / ranking.placed),
                points=points,
                at_one=most / len(of_cell),
                snapped=bool(crimes.snapped[of_cell].any()),
                neighbours=int(neighbours[rank]),
                polygon=polygons[rank],
            )
        )
    return found


def _points(crimes: Crimes, rows: Ints) -> tuple[int, int]:
    """How many different points crimes are at, and how many of them at the commonest."""
    points = np.column_stack([crimes.lon[rows], crimes.lat[rows]])
    _, counts = np.unique(points, axis=0, return_counts=True)
    return len(counts), int(counts.max())


def _places(crimes: Crimes, rows: Ints) -> list[str]:
    """What places are called in the words of their crimes, the commonest first."""
    codes = Counter(crimes.place.code[rows].tolist())
    words: Counter[str] = Counter()
    for code, count in codes.items():
        called = _TITLED.sub("'s", _NEAR.sub("", crimes.place.values[code]))
        words[called.strip()] += count
    del words[""]
    found = sorted(words, key=lambda word: (-words[word], word))
    streets = [word for word in found if word.casefold() not in _KINDS]
    if found[:1] == streets[:1]:
        return found
    # A kind of place says little without a street.
    return [f"{streets[0]} ({found[0]})", *streets[1:]] if streets else found


def _names(places: Sequence[Sequence[str]], polygons: Sequence[shapely.Polygon]) -> list[str]:
    """A name for each cell, that of its commonest place; of those alike, with the next one's too.

    Where that is alike as well, they are numbered. Without words it is called by where it is.
    """
    first = [
        of_cell[0] if of_cell else _position(polygon)
        for of_cell, polygon in zip(places, polygons, strict=True)
    ]
    alike = Counter(first)
    longer = [
        f"{name}, {of_cell[1]}" if alike[name] > 1 and len(of_cell) > 1 else name
        for name, of_cell in zip(first, places, strict=True)
    ]
    seen: Counter[str] = Counter()
    names = []
    for name in longer:
        seen[name] += 1
        names.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return names


def _position(polygon: shapely.Polygon) -> str:
    middle = polygon.centroid
    return f"{abs(middle.y):.4f} {'NS'[middle.y < 0]}, {abs(middle.x):.4f} {'EW'[middle.x < 0]}"
