"""Messages that could not be read, kept for a person to look at."""

import sqlalchemy as sa

from app.storage.engine import Writer
from app.storage.schema import quarantine
from app.storage.types import from_us, storable
from ingest.message import Broken

# What the ways in let through; of a longer message the beginning is kept.
LONGEST_KEPT = 1 << 20


async def keep(writer: Writer, broken: Broken) -> None:
    """Stores a broken message with its reason; there is none that a table would refuse."""
    await writer.execute(
        sa.insert(quarantine).values(
            received=from_us(broken.received_us),
            format=broken.format,
            sender=storable(broken.origin),
            reason=storable(broken.reason),
            payload=broken.payload[:LONGEST_KEPT],
        )
    )
