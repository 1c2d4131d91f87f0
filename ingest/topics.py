"""What an MQTT topic says of the message under it: its wire format and its sender's address."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ingest.sender import Address


class Retained(IntEnum):
    """When a broker sends what it retains (MQTT 5, 3.8.3.1); by MQTT 3 it always does."""

    ONCE = 1
    """For a new subscription: phones' last positions, which say when they were true."""
    NEVER = 2
    """Of radios some say when they were true by the moment they come."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A pattern of topics."""

    pattern: str
    retained: Retained


@dataclass(frozen=True, slots=True)
class Origin:
    """The format and the sender that a topic names."""

    format: str
    address: Address


@dataclass(frozen=True, slots=True)
class Topics:
    """Everything the service listens to: only the broker's access list says who may publish there.

    Phones publish to `{owntracks}/USER/DEVICE`, with `/event` after it when they cross the border
    of a region of theirs; what else they have (`/waypoints`, `/status`, ...) is nobody's position.
    All others publish to `beatkeeper/up/DEVICE/FORMAT`.
    """

    owntracks: str = "owntracks"

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Give what is to be subscribed to."""
        return (
            Subscription(f"{self.owntracks}/+/+", Retained.ONCE),
            Subscription(f"{self.owntracks}/+/+/event", Retained.ONCE),
            Subscription("beatkeeper/up/+/+", Retained.NEVER),
        )

    def read(self, topic: str) -> Origin | None:
        """Read a topic; None for one that names nobody."""
        base = f"{self.owntracks}/"
        if topic.startswith(base):
            match topic[len(base) :].split("/"):
                case [user, device] | [user, device, "event"]:
                    return Origin("owntracks", Address("owntracks", f"{user}/{device}"))
        match topic.split("/"):
            case ["beatkeeper", "up", device, format_]:
                return Origin(format_, Address("device", device))
            case _:
                return None


TOPICS: Final = Topics()
