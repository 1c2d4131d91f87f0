"""Where an officer is at every moment, and when exactly that is inside a hot spot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.plane import Floats, inside

BRIDGED_S: Final = 120.0  # absences up to this are part of a stay, as the dwell method has it

Stay = tuple[float, float]  # from the first entry to the last exit, in seconds


@dataclass(frozen=True, slots=True)
class Path:
    """Straight lines at constant speed between moments: float64[n] each, seconds and metres."""

    t_s: Floats
    x: Floats
    y: Floats

    def at(self, t_s: Floats) -> tuple[Floats, Floats]:
        """The position at any moments, in metres."""
        return np.interp(t_s, self.t_s, self.x), np.interp(t_s, self.t_s, self.y)


def stays(path: Path, ring: Floats) -> list[Stay]:
    """When the path is in the hot spot: exact crossings of the ring, short absences bridged.

    `ring` is float64[k, 2] in metres without a closing point.
    """
    moments = np.unique(np.concatenate([path.t_s, _crossings(path, ring)]))
    within = inside(ring, *path.at((moments[1:] + moments[:-1]) / 2.0))
    edges = np.flatnonzero(np.diff(within, prepend=False, append=False))
    return bridged([(moments[a], moments[b]) for a, b in edges.reshape(-1, 2).tolist()])


def bridged(presences: Sequence[Stay]) -> list[Stay]:
    """Join stretches of presence, in time order, where the absence between them is short."""
    joined: list[Stay] = []
    for start, end in presences:
        if joined and start - joined[-1][1] <= BRIDGED_S:
            joined[-1] = (joined[-1][0], float(end))
        else:
            joined.append((float(start), float(end)))
    return joined


def _crossings(path: Path, ring: Floats) -> Floats:
    """The moments at which the path crosses any edge of the ring, in no order."""
    points = np.column_stack([path.x, path.y])
    here, step = points[:-1, None], np.diff(points, axis=0)[:, None]
    corner, edge = ring[None], (np.roll(ring, -1, axis=0) - ring)[None]
    across = _cross(step, edge)
    with np.errstate(divide="ignore", invalid="ignore"):  # parallel lines do not cross
        along_path = _cross(corner - here, edge) / across
        along_edge = _cross(corner - here, step) / across
    meets = (along_path >= 0) & (along_path <= 1) & (along_edge >= 0) & (along_edge <= 1)
    leg, _ = np.nonzero(meets)
    found: Floats = path.t_s[leg] + along_path[meets] * np.diff(path.t_s)[leg]
    return found


def _cross(one: Floats, other: Floats) -> Floats:
    product: Floats = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return product
