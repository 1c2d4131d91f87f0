"""What was remembered, laid beside the track that goes on from it."""

from dataclasses import dataclass

import numpy as np

from geofence.hotspots import Hotspots
from geofence.memory import Memory, Stays
from geofence.model import NEVER, Ints
from geofence.track import Track


@dataclass(frozen=True, slots=True)
class Recalled:
    """Remembered stays in order of hot spot, then device; all columns of one length."""

    stays: Stays
    hotspot: Ints
    owner: Ints
    row: Ints  # the device's anchor

    @classmethod
    def of(cls, memory: Memory, track: Track, hotspots: Hotspots) -> "Recalled":
        """Return the stays of the devices of `track` at those of `hotspots` that are still here."""
        hotspot = hotspots.find(memory.stays["hotspot"], memory.stays["valid_from_us"])
        owner = np.searchsorted(track.device, memory.stays["device"])
        order = np.lexsort((owner, hotspot))
        order = order[hotspot[order] >= 0]
        owner = owner[order]
        row = track.anchor[owner]
        return cls(memory.stays[order], hotspot[order], owner, row)

    def find(self, hotspot: Ints, owner: Ints) -> Ints:
        """Return the stays of devices at hot spots, -1 where there is none; shapes [m]."""
        if not len(self.owner):
            return np.full(len(hotspot), -1)
        devices = int(max(self.owner.max(), owner.max(initial=0))) + 1
        have, want = self.hotspot * devices + self.owner, hotspot * devices + owner
        at = np.minimum(np.searchsorted(have, want), len(have) - 1)
        return np.where(have[at] == want, at, -1)

    def last_us(self) -> Ints:
        """Return the end of each stay's last presence; NEVER without a visit."""
        return np.where(self.stays["visit"], self.stays["inside_to_us"], NEVER)
