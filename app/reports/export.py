"""What all tables on their way out have: what was asked, shapes to draw, and first rows."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from typing import Final

from app.access.viewer import Viewer
from app.reports.shapes import Shapes
from app.reports.table import Batch, Export, Heading, HotspotAt, Table
from app.storage import exports
from app.storage.engine import Reader
from app.storage.types import to_us
from geofence.model import METHOD
from ingest.moment import as_text

_STANDING: Final = "visits that are still open count as they stand"


async def shapes(
    reader: Reader, viewer: Viewer, table: Table, as_at: dt.datetime | None
) -> Shapes | None:
    """What hot spots looked like, as known now or at a moment, where the table draws them."""
    if not isinstance(table.place, HotspotAt):
        return None
    return Shapes(await exports.shapes(reader, viewer, as_at))


def parameters(
    asked: Mapping[str, str | dt.datetime | None], as_at: dt.datetime | None, now: dt.datetime
) -> dict[str, str]:
    """What was asked, as those read it who find the table later."""
    whole = {
        **asked,
        "as_at": as_at or now,
        "note": _STANDING if as_at is None else None,
        "method": str(METHOD),
        "made": now,
    }
    return {
        name: as_text(to_us(value)) if isinstance(value, dt.datetime) else value
        for name, value in whole.items()
        if value is not None
    }


async def begun(heading: Heading, batches: AsyncIterator[Batch]) -> Export:
    """An export whose first rows are there: what is wrong with what was asked has been raised."""
    first = await anext(batches, None)

    async def all_of_them() -> AsyncIterator[Batch]:
        if first is not None:
            yield first
        async for batch in batches:
            yield batch

    return Export(heading, all_of_them())
