"""What the engine remembers between batches."""

import numpy as np
import worlds

from geofence.engine import advance, run
from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import Hotspot, Profile

HOUR = 240  # fixes, one each 15 s


def test_what_is_remembered_does_not_grow_with_the_length_of_a_stay() -> None:
    """To and fro over the boundary at every fix, each a span of its own, is the worst there is."""
    hotspots = Hotspots.prepare([Hotspot(1, worlds.degrees(worlds.square(0, 0, 100)))])
    steps = [(15 * i, 90 if i % 2 else 110, 0) for i in range(8 * HOUR)]
    memory, size = Memory.empty(), []
    for hour in range(8):
        fixes = worlds.track(*steps[hour * HOUR : (hour + 1) * HOUR])
        memory = advance(memory, fixes, hotspots, Profile()).memory
        size.append(len(memory.pack()[1]))
    assert size == [size[0]] * 8
    assert 0 < size[0] < 1024
    spans = run(worlds.track(*steps), hotspots, Profile()).spans
    assert np.diff(spans.offset).tolist() == [8 * HOUR - 1]  # inside and bridged by turns
