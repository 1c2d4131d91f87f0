"""A message read as its sender writes it: opened with its passphrase, speeds in its unit."""

from ingest.decoders import DECODERS, osmand, owntracks
from ingest.message import Decoded, Message


def decode(message: Message) -> Decoded:
    """Read a message whose format is one of DECODERS; raises DecodeError for a broken one.

    A device that has a passphrase may send plainly, too: whoever has its key speaks for it.
    """
    payload, received_us, sender = message.payload, message.received_us, message.sender
    match message.format:
        case "owntracks" if sender.owntracks_secret is not None:
            return owntracks.decode(payload, received_us, secret=sender.owntracks_secret)
        case "osmand" | "traccar" if sender.speed_unit_mps is not None:
            return osmand.decode(payload, received_us, speed_unit_mps=sender.speed_unit_mps)
        case format_:
            return DECODERS[format_](payload, received_us)
