"""All that one batch is judged by."""

from dataclasses import dataclass

import numpy as np

from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import NEVER, Bools, Ints
from geofence.nearby import Nearby
from geofence.recall import Recalled
from geofence.touch import Touches, touch
from geofence.track import Track


@dataclass(frozen=True, slots=True)
class Scene:
    """A track, the hot spots, where the two come near, and what was remembered of it before."""

    track: Track
    hotspots: Hotspots
    touches: Touches
    nearby: Nearby
    recalled: Recalled

    @classmethod
    def of(cls, track: Track, hotspots: Hotspots, memory: Memory) -> "Scene":
        """Return the scene of `track`, which goes on from `memory`."""
        touches = touch(track, hotspots)
        nearby = Nearby.of(track, touches)
        return cls(track, hotspots, touches, nearby, Recalled.of(memory, track, hotspots))

    @property
    def quiet(self) -> bool:
        """Whether nothing comes near anything, nor did when it was last looked at."""
        return not len(self.touches.row) and not len(self.recalled.hotspot)

    def last_out(self, hotspot: Ints, owner: Ints, row: Ints) -> Ints:
        """Return when the last fix surely outside at or before `row` was; NEVER: none; [m]."""
        out = self.nearby.last_out(hotspot, row)
        here = out >= self.track.anchor[owner]
        time = np.where(here, self.track.time_us[out], NEVER)
        stay = self.recalled.find(hotspot, owner)
        known = np.flatnonzero(~here & (stay >= 0))
        time[known] = self.recalled.stays["last_out_us"][stay[known]]
        return time

    def next_out(self, hotspot: Ints, owner: Ints, row: Ints) -> tuple[Ints, Bools]:
        """Return when the first fix surely outside at or after `row` was, and if it was seen; [m].

        Where none was, the track's last fix and `max_gap` stand in. The end of the hot spot's
        version is as good as a fix outside.
        """
        track, last = self.track, self.track.last[owner]
        out = self.nearby.next_out(hotspot, row)
        seen = out <= last
        until, newest = self.hotspots.valid_to_us[hotspot], track.time_us[last]
        unseen = newest + track.rules.max_gap_us[owner]
        time = np.where(seen, track.time_us[np.minimum(out, last)], unseen)
        return np.minimum(time, until), seen | (newest >= until)
