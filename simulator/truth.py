"""Where each officer truly was: visits to hot spots, and the patrols that they make up."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulator.path import Track
from simulator.plane import Bools
from simulator.town import Place

BRIDGED_S = 120
PATROL_S = 600
PASS_THROUGH_S = 120


@dataclass(frozen=True, slots=True)
class TrueVisit:
    """One stay of a device's carrier at one hot spot, absences of up to two minutes bridged.

    Whole seconds since the shift began: `enter_s` is the first one inside, `exit_s` the first
    one after the last inside.
    """

    device: str
    hotspot: str
    enter_s: int
    exit_s: int
    interrupted: bool = False
    """Whether the device had no fix for so long, meanwhile, that nothing can be known."""

    @property
    def dwell_s(self) -> int:
        """Seconds from entering to leaving."""
        return self.exit_s - self.enter_s


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened on a shift."""

    visits: tuple[TrueVisit, ...]
    patrols: Mapping[str, int]
    """For each hot spot, the number of true patrols of at least ten minutes."""

    @property
    def coverage(self) -> float:
        """Share of the hot spots with at least one qualifying patrol."""
        return sum(made > 0 for made in self.patrols.values()) / len(self.patrols)


def witness(
    tracks: Mapping[str, Track],
    places: tuple[Place, ...],
    silences: Mapping[str, list[tuple[float, float]]],
) -> Truth:
    """The truth of a shift.

    For each device, `tracks` has where its carrier was, and `silences` the stretches, in seconds
    since the shift began, for which it had no fix for too long.
    """
    visits = tuple(
        TrueVisit(device, place.id, enter_s, exit_s, _overlaps(silences[device], enter_s, exit_s))
        for device, track in tracks.items()
        for place in places
        for enter_s, exit_s in stays(_seconds_inside(track, place))
    )
    patrols = {
        place.id: qualifying([visit for visit in visits if visit.hotspot == place.id])
        for place in places
    }
    return Truth(visits, patrols)


def stays(inside: Bools) -> list[tuple[int, int]]:
    """Half-open stretches of true seconds, joined where no more than two minutes lie between."""
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False)).tolist()
    joined: list[tuple[int, int]] = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if joined and start - joined[-1][1] <= BRIDGED_S:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def qualifying(visits: list[TrueVisit]) -> int:
    """How many patrols of ten minutes or more the visits to one hot spot make together.

    Pass-throughs are left out; visits that overlap or touch are one patrol.
    """
    patrols: list[list[int]] = []
    for visit in sorted(visits, key=lambda visit: visit.enter_s):
        if visit.dwell_s < PASS_THROUGH_S:
            continue
        if patrols and visit.enter_s <= patrols[-1][1]:
            patrols[-1][1] = max(patrols[-1][1], visit.exit_s)
        else:
            patrols.append([visit.enter_s, visit.exit_s])
    return sum(end - start >= PATROL_S for start, end in patrols)


def _seconds_inside(track: Track, place: Place) -> Bools:
    """At which seconds the track is in the hot spot; only those near it are looked at closely."""
    (left, low), (right, high) = place.ring.min(axis=0), place.ring.max(axis=0)
    margin = place.buffer_m
    near: Bools = (track.x >= left - margin) & (track.x <= right + margin)
    near &= (track.y >= low - margin) & (track.y <= high + margin)
    near[near] = place.holds(track.x[near], track.y[near])
    return near


def _overlaps(stretches: list[tuple[float, float]], start_s: float, end_s: float) -> bool:
    """Whether any of the stretches has a moment in common with the one from start to end."""
    return any(start < end_s and start_s < end for start, end in stretches)
