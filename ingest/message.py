"""A message on its way in, what a decoder makes of it, and the receipt its sender gets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from ingest.fix import Event, Fix
from ingest.sender import Address, Sender


class Message(msgspec.Struct, frozen=True, gc=False):
    """The bytes of one message, who sent it, and when it reached us (microseconds UTC).

    `told`: its sender is answered with the receipt, and so hears what of it was not taken.
    """

    payload: bytes
    format: str
    received_us: int
    sender: Sender
    told: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A message that cannot be used, with the reason, for a person to look at.

    `origin` is the sender's name, or where the message came from when nobody is known by it; then
    `address` is whom that is about, if anybody.
    """

    payload: bytes
    format: str
    received_us: int
    origin: str
    reason: str
    address: Address | None = None


class Rejection(msgspec.Struct, frozen=True):
    """Why the fix or event at position `index` (from 0) of its message was not taken."""

    index: int
    reason: str
    detail: str


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """The fixes of a message, the position of each in it, and what could not be read.

    `events` came without a place on Earth, each at its index of `event_indexes` in the message; one
    that came with a place is its fix's `event`.
    """

    fixes: Sequence[Fix] = ()
    indexes: Sequence[int] = ()
    rejected: list[Rejection] = []
    events: Sequence[Event] = ()
    event_indexes: Sequence[int] = ()


class Said(msgspec.Struct, frozen=True, gc=False):
    """An event on its way to storage: whose, when (microseconds UTC), and in which wire format."""

    device: int
    time_us: int
    received_us: int
    kind: str
    detail: str | None
    source: str


class Receipt(msgspec.Struct, frozen=True):
    """What became of a message's fixes; nobody gets one before these and its events are safe.

    `spooled`: they are on the disk, and what storage makes of them will be known later; `accepted`
    counts those that can be read. A receipt of what is stored does not mention it.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = []
    spooled: bool | msgspec.UnsetType = msgspec.UNSET


Decode = Callable[[bytes, int], Decoded]
"""(payload, received_us) -> Decoded; raises DecodeError, and nothing else, for a broken message."""
