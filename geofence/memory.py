"""What the engine remembers of each device: a tail, and a little of each hot spot it is near."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geofence.model import Ints
from geofence.runs import among
from geofence.track import Tail

PACKED_VERSION = 2

# One device at one hot spot version. Without a visit only the first six columns count.
STAY = np.dtype(
    [
        ("device", "<i8"),
        ("hotspot", "<i8"),
        ("valid_from_us", "<i8"),
        ("last_out_us", "<i8"),  # last fix surely outside; NEVER: none
        ("touch_enter_us", "<i8"),  # enter of a visit that begins at the last fix; NEVER: plain
        # first_us of the first visit that is over with no fix surely outside since; NEVER: none
        ("waiting_from_us", "<i8"),
        ("visit", "?"),  # a visit is open that may go on, or whose exit may change
        ("enter_seen", "?"),
        ("torn", "?"),  # no legs all the way from the visit's end to the last fix
        ("left", "?"),  # surely outside seen since the visit's end
        ("sure_torn", "?"),  # the same two since the visit's last fix surely inside
        ("sure_left", "?"),
        ("enter_us", "<i8"),
        ("exit_us", "<i8"),
        ("outer_from_us", "<i8"),
        ("outer_to_us", "<i8"),  # NEVER: not yet seen
        ("exit_way_m", "<f8"),  # NaN: exit does not wait for a neighbour leg's pace
        ("exit_pace_mps", "<f8"),
        ("fixes", "<i8"),
        ("sure_us", "<i8"),  # last fix surely inside; NEVER: none
        ("anchor_us", "<i8"),  # where the mean speed's chain has come to; NEVER: nowhere
        ("anchor_lon", "<f8"),
        ("anchor_lat", "<f8"),
        ("walked_mm", "<i8"),
        ("walked_us", "<i8"),
        ("first_us", "<i8"),
        ("inside_us", "<i8"),  # in the presences before the last one, which is from here to there
        ("inside_from_us", "<i8"),
        ("inside_to_us", "<i8"),
        ("low_us", "<i8"),  # in the sure spans before the last one; from NEVER: there is none
        ("sure_from_us", "<i8"),
        ("sure_to_us", "<i8"),
    ]
)

Stays = NDArray[np.void]  # of dtype STAY


@dataclass(frozen=True, slots=True)
class Memory:
    """The state of the engine: `tail` of all devices, `stays` by device.

    It does not grow with the length of a stay: of its spans only the last ones may still change.
    """

    tail: Tail
    stays: Stays

    @classmethod
    def empty(cls) -> "Memory":
        """Return the memory of an engine that has seen nothing."""
        none = np.zeros(0, np.int64)
        return cls.far(Tail.empty(none))

    @classmethod
    def far(cls, tail: Tail) -> "Memory":
        """Return the memory of devices of which none is near a hot spot."""
        return cls(tail, np.zeros(0, STAY))

    def of(self, devices: Ints) -> "Memory":
        """Return what is remembered of `devices` (sorted); the unknown ones with an empty tail."""
        if np.array_equal(devices, self.tail.device):
            return self
        tail = Tail.empty(devices)
        here = among(devices, self.tail.device)
        known = self.tail.take(np.searchsorted(self.tail.device, devices[here]))
        columns = {name: getattr(tail, name).copy() for name in Tail.__dataclass_fields__}
        for name, column in columns.items():
            column[here] = getattr(known, name)
        return Memory(Tail(**columns), self.stays[among(self.stays["device"], devices)])

    def reached(self, owner: Ints, time_us: Ints) -> "Memory":
        """Return this memory with fixes at `time_us` [n], of the devices at `owner`, as seen."""
        last_us = self.tail.last_us.copy()
        np.maximum.at(last_us, owner, time_us)
        return replace(self, tail=replace(self.tail, last_us=last_us))

    def joined(self, newer: "Memory") -> "Memory":
        """Return this memory with the devices of `newer` as `newer` has them."""
        if np.array_equal(newer.tail.device, self.tail.device):
            return newer
        old = ~among(self.tail.device, newer.tail.device)
        tail = Tail.concat([self.tail.take(old), newer.tail])
        kept = self.stays[~among(self.stays["device"], newer.tail.device)]
        stays = np.concatenate([kept, newer.stays])
        order = np.argsort(stays["device"], kind="stable")
        return Memory(tail.take(np.argsort(tail.device)), stays[order])

    def pack(self) -> dict[int, bytes]:
        """Return what is remembered of each device near a hot spot; of the others, empty bytes."""
        packed = dict.fromkeys(self.tail.device.tolist(), b"")
        devices, first, count = np.unique(
            self.stays["device"], return_index=True, return_counts=True
        )
        for device, begin, stays in zip(
            devices.tolist(), first.tolist(), count.tolist(), strict=True
        ):
            head = PACKED_VERSION.to_bytes(1, "little")
            packed[device] = head + self.stays[begin : begin + stays].tobytes()
        return packed

    @classmethod
    def unpack(cls, tail: Tail, packed: Mapping[int, bytes]) -> "Memory":
        """Return the memory of the devices of `tail` (sorted by device) from what `pack` gave.

        ValueError if some bytes are of another version.
        """
        stays = []
        for device in tail.device.tolist():
            content = packed.get(device, b"")
            if not content:
                continue
            if content[0] != PACKED_VERSION:
                message = f"what is remembered of device {device} is of version {content[0]}"
                raise ValueError(message)
            stays.append(content[1:])
        return cls(tail, np.frombuffer(b"".join(stays), STAY))
