"""What all tables on their way out have: a heading, and first rows."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from typing import Final

from app.access.viewer import Viewer
from app.reports.shapes import Shapes
from app.reports.table import Batch, Export, Heading, HotspotAt, Table
from app.storage import erasures, exports
from app.storage.engine import Reader
from app.storage.types import EPOCH, to_us
from geofence.model import METHOD
from ingest.moment import as_text

_STANDING: Final = "visits that are still open count as they stand"
_ERASED: Final = "something of this time was erased, last on"
_UNGROWN: Final = "hot spots are drawn without their buffers"


async def heading(
    reader: Reader,
    viewer: Viewer,
    table: Table,
    asked: Mapping[str, str | dt.datetime | None],
    *,
    as_at: dt.datetime | None,
    now: dt.datetime,
    drawn: bool,
    span: tuple[dt.datetime | None, dt.datetime | None],
) -> Heading:
    """What was asked, as those read it who find the table later; `drawn`: with the hot spots.

    `span` is of what time it is; None: without a bound.
    """
    shapes = None
    if drawn and isinstance(table.place, HotspotAt):
        shapes = await asyncio.to_thread(Shapes, await exports.shapes(reader, viewer, as_at))
    erased = await erasures.last_touching(reader, viewer, span[0] or EPOCH, span[1] or now)
    notes = {
        _STANDING: table.of_visits and as_at is None,
        _UNGROWN: shapes is not None,
        f"{_ERASED} {erased and erased.date()}": erased is not None,
    }
    whole = {
        **asked,
        "as_at": as_at or now,
        "note": "; ".join(note for note, holds in notes.items() if holds) or None,
        "method": str(METHOD) if table.of_visits else None,
        "made": now,
    }
    parameters = {
        name: as_text(to_us(value)) if isinstance(value, dt.datetime) else value
        for name, value in whole.items()
        if value is not None
    }
    return Heading(table, parameters, shapes)


async def begun(heading: Heading, batches: AsyncIterator[Batch]) -> Export:
    """An export whose first rows are there: what is wrong with what was asked has been raised."""
    first = await anext(batches, None)

    async def all_of_them() -> AsyncIterator[Batch]:
        if first is not None:
            yield first
        async for batch in batches:
            yield batch

    return Export(heading, all_of_them())
