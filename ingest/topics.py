"""What an MQTT topic says of the message under it: its wire format and its sender's address."""

from dataclasses import dataclass
from typing import Final

from ingest.sender import Address

SUBSCRIPTIONS: Final = ("owntracks/+/+", "owntracks/+/+/event", "beatkeeper/up/+/+")
"""Everything the service listens to. Only the broker's access list says who may publish there."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The format and the sender that a topic names."""

    format: str
    address: Address


def read(topic: str) -> Origin | None:
    """Read a topic: `owntracks/USER/DEVICE[/event]` or `beatkeeper/up/DEVICE/FORMAT`."""
    match topic.split("/"):
        case ["owntracks", user, device] | ["owntracks", user, device, "event"]:
            return Origin("owntracks", Address("owntracks", f"{user}/{device}"))
        case ["beatkeeper", "up", device, format_]:
            return Origin(format_, Address("device", device))
        case _:
            return None
