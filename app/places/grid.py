"""Cells that cover the map without gaps: hexagons or squares of a size that one officer can see."""

import math
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geofence.geodesy import METRES_PER_DEGREE
from geofence.model import Floats, Ints

SIZE_M: Final = 150.0
"""Across a cell. Trials that worked had places of 150 m by 150 m, or of 150 m round a point."""
SMALLEST_M, LARGEST_M = 50.0, 400.0  # narrower than GPS can tell; wider than an officer can see
DEGREE_DIGITS: Final = 7  # a centimetre
# Digits to the base 32 without I, L, O and U (Crockford's), which are read and heard as others.
_LETTERS: Final = str.maketrans("IJKLMNOPQRSTUV", "JKMNPQRSTVWXYZ")


class Shape(StrEnum):
    """What cells look like."""

    HEXAGON = auto()
    SQUARE = auto()


# Corners of a cell around its middle, anticlockwise, in steps of the lattice that all corners of
# all cells lie on: so neighbours share theirs to the last bit.
_CORNERS: Final = {
    Shape.HEXAGON: np.array([[0, -2], [1, -1], [1, 1], [0, 2], [-1, 1], [-1, -1]]),
    Shape.SQUARE: np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]),
}


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of `size_m` across (a hexagon's sides face east and west), counted from 0 E, 0 N.

    They lie in a plane in metres, x = R cos(lat0) lon and y = R lat, where `lat0` is the middle of
    a whole degree of latitude: what lies within half a degree of it is true to 1.5 % in the United
    Kingdom. As nothing else depends on the crimes, other crimes of a place give the same cells.
    """

    shape: Shape
    size_m: float
    lat0: float

    @classmethod
    def around(cls, shape: Shape, size_m: float, lat: Floats) -> "Grid":
        """The grid for crimes at these latitudes, of which there must be one or more."""
        return cls(shape, size_m, float(np.floor(np.median(lat))) + 0.5)

    def cells(self, lon: Floats, lat: Floats) -> Ints:
        """The cell that each position (degrees, [n]) is in: column and row, [n, 2]."""
        x, y = lon * self._east_m / self.size_m, lat * METRES_PER_DEGREE / self.size_m
        if self.shape is Shape.SQUARE:
            return np.floor(np.column_stack([x, y])).astype(np.int64)
        row = y * (2.0 / np.sqrt(3.0))
        return _nearest_hexagon(x - row / 2.0, row)

    def rings(self, cells: Ints) -> Floats:
        """The outlines of cells, [m, 2], in degrees: closed rings, [m, corners + 1, 2]."""
        corners = _CORNERS[self.shape]
        lattice = self._middle(cells)[:, None, :] + np.vstack([corners, corners[:1]])[None]
        per_degree = np.array([self._east_m, METRES_PER_DEGREE])
        degrees: Floats = np.round(lattice * self._step_m / per_degree, DEGREE_DIGITS)
        return degrees

    def names(self, cells: Ints) -> list[str]:
        """A name for each cell, [m, 2], that no other cell of any grid has.

        Shape and size, the degree of latitude, column and row, these to the base 32, which keeps it
        short; "m" is minus.
        """
        kind = f"{self.shape[0].upper()}{self.size_m:g}-{np.floor(self.lat0):.0f}"
        places = [[np.base_repr(number, 32).translate(_LETTERS) for number in one] for one in cells]
        return ["-".join((kind, *place)).replace("--", "-m") for place in places]

    def neighbours(self, cells: Ints) -> Ints:
        """How many of the others each of the cells, [m, 2], shares a side with, [m]."""
        known = set(map(tuple, cells.tolist()))
        steps = [(1, 0), (0, 1), (-1, 0), (0, -1)]
        if self.shape is Shape.HEXAGON:
            steps += [(1, -1), (-1, 1)]
        counts = [sum((q + i, r + j) in known for i, j in steps) for q, r in cells.tolist()]
        return np.array(counts, np.int64)

    @property
    def area_m2(self) -> float:
        """Square metres of a cell."""
        return self.size_m**2 * (math.sqrt(0.75) if self.shape is Shape.HEXAGON else 1.0)

    def stretch(self, lat: Floats) -> Floats:
        """How much narrower than it should be a cell is at these latitudes, degrees: 1 is true."""
        return np.cos(np.radians(lat)) / math.cos(math.radians(self.lat0))

    @property
    def _east_m(self) -> float:
        return METRES_PER_DEGREE * math.cos(math.radians(self.lat0))

    @property
    def _step_m(self) -> NDArray[np.float64]:
        """The lattice of corners, metres east and north."""
        tall = self.size_m / np.sqrt(12.0) if self.shape is Shape.HEXAGON else self.size_m / 2
        return np.array([self.size_m / 2, tall])

    def _middle(self, cells: Ints) -> Ints:
        """The middles of cells, [m, 2], on the lattice of corners."""
        column, row = cells.T
        if self.shape is Shape.SQUARE:
            return np.column_stack([2 * column + 1, 2 * row + 1])
        return np.column_stack([2 * column + row, 3 * row])


def _nearest_hexagon(column: Floats, row: Floats) -> Ints:
    """The hexagon whose middle is nearest, [n, 2], from fractions of axial coordinates, [n].

    The three axes of a hexagon sum to nothing; rounded, the one that was moved most is made up
    from the other two.
    """
    axes = np.column_stack([column, row, -column - row])
    whole = np.rint(axes)
    moved = np.abs(whole - axes)
    worst = np.argmax(moved, axis=1)
    rows = np.arange(len(whole))
    whole[rows, worst] -= whole.sum(axis=1)
    return whole[:, :2].astype(np.int64)
