"""The way of somebody through a shift, as it is being made, and where it led at each second."""

from dataclasses import dataclass

import numpy as np

from simulator.plane import Floats


@dataclass(frozen=True, slots=True)
class Track:
    """Where an officer was at each second of a shift: float64[seconds + 1] in metres."""

    x: Floats
    y: Floats

    def at(self, t_s: Floats) -> tuple[Floats, Floats]:
        """The position, in metres, at any moments, in seconds since the shift began."""
        seconds = np.arange(len(self.x), dtype=np.float64)
        return np.interp(t_s, seconds, self.x), np.interp(t_s, seconds, self.y)


class Path:
    """Places in metres, and the seconds since the shift began at which they were reached."""

    def __init__(self, start: Floats) -> None:
        self._moments = [0.0]
        self._points = [start]

    @property
    def clock(self) -> float:
        """Seconds since the shift began."""
        return self._moments[-1]

    @property
    def here(self) -> Floats:
        """Where it has led so far: float64[2]."""
        return self._points[-1]

    def move(self, point: Floats, speed_mps: float, until_s: float = np.inf) -> None:
        """Straight to a point, or as far as one gets until a moment."""
        metres = float(np.hypot(*(point - self.here)))
        arrival = self.clock + metres / speed_mps
        if arrival > until_s:
            share = max(until_s - self.clock, 0.0) / (arrival - self.clock)
            point, arrival = self.here + share * (point - self.here), max(until_s, self.clock)
        self._moments.append(arrival)
        self._points.append(point)

    def wait(self, seconds: float) -> None:
        """Stay where it is."""
        self._moments.append(self.clock + seconds)
        self._points.append(self.here)

    def track(self, shift_s: int) -> Track:
        """Where it led at each second of a shift that lasts so long."""
        seconds = np.arange(shift_s + 1, dtype=np.float64)
        x, y = np.array(self._points).T
        return Track(np.interp(seconds, self._moments, x), np.interp(seconds, self._moments, y))
