"""Tables of a plan's places on their way out: patrols, cells and days of hot spots."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.access.viewer import Right, Viewer
from app.compliance.calendar import DAY
from app.reports import cell_rows, patrol_rows, place_days
from app.reports.evidence import Reckoned, reckoned
from app.reports.export import begun, heading
from app.reports.table import Batch, Export, OfPlan, Table
from app.storage.engine import Reader


@dataclass(frozen=True, slots=True)
class OfPlaces:
    """A table whose rows are of a plan's hot spots, and name nobody."""

    table: Table
    rows: Callable[[Reckoned], Batch]


PLACES: Final[Mapping[str, OfPlaces]] = {
    "patrols": OfPlaces(patrol_rows.PATROLS, patrol_rows.rows),
    "cells": OfPlaces(cell_rows.CELLS, cell_rows.rows),
    "place-days": OfPlaces(place_days.PLACE_DAYS, place_days.rows),
}


async def of_places(
    reader: Reader, viewer: Viewer, source: OfPlaces, asked: OfPlan, *, drawn: bool
) -> Export:
    """Patrols, cells or days of a plan's hot spots; `drawn`: with their shapes.

    Raises Forbidden, NotFound where there is no such plan.
    """
    viewer.require(Right.READ_COMPLIANCE)

    async def batches() -> AsyncIterator[Batch]:
        async for part in reckoned(reader, viewer, asked):
            yield await asyncio.to_thread(source.rows, part)

    days = {"plan": asked.plan, "from": str(asked.days.first), "to": str(asked.days.last)}
    # Operational days, in whatever zone: none begins or ends farther off.
    first, last = (
        dt.datetime.combine(one, dt.time(), dt.UTC) for one in (asked.days.first, asked.days.last)
    )
    head = await heading(
        reader,
        viewer,
        source.table,
        days,
        as_at=asked.as_at,
        now=asked.now,
        drawn=drawn,
        span=(first - DAY, last + 2 * DAY),
    )
    return await begun(head, batches())
