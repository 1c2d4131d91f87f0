"""What was remembered, laid beside the track that goes on from it."""

from dataclasses import dataclass

import numpy as np

from geofence.hotspots import Hotspots
from geofence.memory import Memory, Stays, span_counts
from geofence.model import NEVER, Ints, Stretches
from geofence.runs import expand
from geofence.track import Track


@dataclass(frozen=True, slots=True)
class Recalled:
    """Remembered stays in order of hot spot, then device; all columns of one length."""

    stays: Stays
    hotspot: Ints
    owner: Ints
    row: Ints  # the device's anchor
    begin: Ints  # first of its spans
    spans: Ints  # [s, 2] of all stays

    @classmethod
    def of(cls, memory: Memory, track: Track, hotspots: Hotspots) -> "Recalled":
        """Return the stays of the devices of `track` at those of `hotspots` that are still here."""
        hotspot = hotspots.find(memory.stays["hotspot"], memory.stays["valid_from_us"])
        owner = np.searchsorted(track.device, memory.stays["device"])
        counts = span_counts(memory.stays)
        begin = np.cumsum(counts) - counts
        order = np.lexsort((owner, hotspot))
        order = order[hotspot[order] >= 0]
        owner = owner[order]
        row = track.anchor[owner]
        return cls(memory.stays[order], hotspot[order], owner, row, begin[order], memory.spans)

    def find(self, hotspot: Ints, owner: Ints) -> Ints:
        """Return the stays of devices at hot spots, -1 where there is none; shapes [m]."""
        if not len(self.owner):
            return np.full(len(hotspot), -1)
        devices = int(max(self.owner.max(), owner.max(initial=0))) + 1
        have, want = self.hotspot * devices + self.owner, hotspot * devices + owner
        at = np.minimum(np.searchsorted(have, want), len(have) - 1)
        return np.where(have[at] == want, at, -1)

    def inside_spans(self, stay: Ints) -> Stretches:
        """Return the stretches inside of `stay`; whose each is, is a position in it."""
        return self._spans(self.begin[stay], self.stays["inside_spans"][stay])

    def sure_spans(self, stay: Ints) -> Stretches:
        """Return the sure stretches of `stay`; whose each is, is a position in it."""
        begin = self.begin[stay] + self.stays["inside_spans"][stay]
        return self._spans(begin, self.stays["sure_spans"][stay])

    def _spans(self, begin: Ints, count: Ints) -> Stretches:
        each, step = expand(count)
        rows = begin[each] + step
        return Stretches(each, self.spans[rows, 0], self.spans[rows, 1])

    def last_us(self) -> Ints:
        """Return the end of each stay's last presence; NEVER without a visit."""
        last = self.begin + self.stays["inside_spans"] - 1
        has = self.stays["visit"]
        ends = np.full(len(has), NEVER)
        ends[has] = self.spans[last[has], 1]
        return ends
