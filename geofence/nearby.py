"""Looking along a track for fixes surely outside a hot spot."""

from dataclasses import dataclass

import numpy as np

from geofence.model import Bools, Ints
from geofence.runs import begins, ends
from geofence.touch import Touches
from geofence.track import Track


@dataclass(frozen=True, slots=True)
class Nearby:
    """Runs of consecutive rows of which none is surely outside, per hot spot."""

    rows: int  # of the track
    key: Ints  # [k] of each row in a run, rising
    first: Ints  # [k] first row of its run
    last: Ints  # [k] last row of its run

    @classmethod
    def of(cls, track: Track, touches: Touches) -> "Nearby":
        """Return the runs of `touches`, from each device's anchor on."""
        near = touches.near
        key, row, hotspot = touches.key[near], touches.row[near], touches.hotspot[near]
        # In a run the key rises with the place in the table.
        shift = key - np.arange(len(key))
        run = np.cumsum(begins(shift, hotspot, track.owner[row])) - 1
        first, last = row[begins(run)], row[ends(run)]
        return cls(len(track), key, first[run], last[run])

    def last_out(self, hotspot: Ints, row: Ints) -> Ints:
        """Return the last row surely outside at or before `row`; shapes [m].

        A row before the device's anchor: none since the anchor.
        """
        at, found = self._find(hotspot, row)
        return np.where(found, self.first[at] - 1, row) if len(self.key) else row

    def next_out(self, hotspot: Ints, row: Ints) -> Ints:
        """Return the first row surely outside at or after `row`; past the device's end: none."""
        at, found = self._find(hotspot, row)
        return np.where(found, self.last[at] + 1, row) if len(self.key) else row

    def left_between(self, hotspot: Ints, row: Ints, to: Ints) -> Bools:
        """Say if any row from `row` to `to`, both included, is surely outside; shapes [m]."""
        begin = np.searchsorted(self.key, hotspot * self.rows + row)
        end = np.searchsorted(self.key, hotspot * self.rows + to, "right")
        left: Bools = to - row + 1 > np.maximum(end - begin, 0)
        return left & (to >= row)

    def _find(self, hotspot: Ints, row: Ints) -> tuple[Ints, Bools]:
        key = hotspot * self.rows + row
        at = np.minimum(np.searchsorted(self.key, key), max(len(self.key) - 1, 0))
        return at, self.key[at] == key if len(self.key) else np.zeros(len(key), np.bool_)
