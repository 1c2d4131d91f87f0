"""What devices carry: tracks cut into messages, and which of them were acknowledged."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from wandering import wandering

Fix = tuple[int, int, float, float, float | None]  # device, time in us, lat, lon, accuracy in m
SECOND_US = 1_000_000
EMERGENCY_EVERY = 50


@dataclass(frozen=True, slots=True)
class Message:
    """What a device sends at once: fixes, or bytes that nobody can read."""

    fixes: Sequence[Fix]
    broken: str = ""

    @property
    def pings(self) -> bytes:
        return self.broken.encode() or json.dumps([_ping(fix) for fix in self.fixes]).encode()

    @property
    def owntracks(self) -> bytes:
        """As the app sends it, which knows only one fix a message."""
        if self.broken:
            return self.broken.encode()
        ((_, time_us, lat, lon, accuracy),) = self.fixes
        fields = {"_type": "location", "tst": time_us // SECOND_US, "lat": lat, "lon": lon}
        return json.dumps(fields if accuracy is None else fields | {"acc": accuracy}).encode()


def is_emergency(fix: Fix) -> bool:
    return fix[1] // SECOND_US % EMERGENCY_EVERY == 0


def _ping(fix: Fix) -> dict[str, object]:
    _, time_us, lat, lon, accuracy = fix
    fields: dict[str, object] = {"time": time_us / SECOND_US, "lat": lat, "lon": lon}
    if accuracy is not None:
        fields["accuracy_m"] = accuracy
    return fields | {"event": "emergency"} if is_emergency(fix) else fields


@dataclass
class Ledger:
    """What was sent, and what of it was acknowledged; `failures` counts attempts in vain."""

    sent: set[Fix] = field(default_factory=set)
    acknowledged: set[Fix] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    messages: int = 0
    failures: int = 0

    def acknowledge(self, message: Message) -> None:
        self.messages += 1
        self.acknowledged.update(message.fixes)
        if message.broken:
            self.broken.add(message.broken)

    def add(self, other: "Ledger") -> None:
        self.sent |= other.sent
        self.acknowledged |= other.acknowledged
        self.broken |= other.broken
        self.messages += other.messages
        self.failures += other.failures


def track(device: int, seed: int, n: int) -> list[Fix]:
    """`n` fixes of a device that wanders across the hot spots."""
    walk = wandering(1000 * seed + device, n, [device])
    accuracy = [None if np.isnan(metres) else metres for metres in walk.accuracy_m.tolist()]
    time_us, lat, lon = walk.time_us.tolist(), walk.lat.tolist(), walk.lon.tolist()
    return [(device, *fix) for fix in zip(time_us, lat, lon, accuracy, strict=True)]


def messages(fixes: Sequence[Fix], most: int, random: np.random.Generator) -> Iterator[Message]:
    """A track in messages of up to `most` fixes: some late, some twice, some unreadable."""
    held: list[Message] = []
    start = 0
    while start < len(fixes):
        end = start + int(random.integers(1, most + 1))
        message = Message(fixes[start:end])
        start = end
        if random.random() < 0.15:
            held.append(message)
            continue
        yield message
        if random.random() < 0.1:
            yield message
        if random.random() < 0.005:
            yield Message((), f"broken {fixes[0][0]} {random.integers(1 << 60)}")
        while held and random.random() < 0.2:
            yield held.pop(int(random.integers(len(held))))
    yield from held
