"""Messages that could not be read, kept for a person to look at."""

import sqlalchemy as sa

from app.storage.engine import Writer
from app.storage.schema import quarantine
from app.storage.types import from_us
from ingest.message import Broken

# Of a longer message the beginning is kept: enough to see what it was.
LONGEST_KEPT = 65_536


async def keep(writer: Writer, broken: Broken) -> None:
    """Stores a broken message with its reason."""
    await writer.execute(
        sa.insert(quarantine).values(
            received=from_us(broken.received_us),
            format=broken.format,
            sender=broken.origin,
            reason=broken.reason,
            payload=broken.payload[:LONGEST_KEPT],
        )
    )
