"""Tables of a plan's places on their way out: patrols, cells and days of hot spots."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.access.viewer import Right, Viewer
from app.reports import cell_rows, patrol_rows, place_days
from app.reports.export import begun, parameters, shapes
from app.reports.table import Batch, Export, Heading, OfPlan, Table
from app.storage.engine import Reader


@dataclass(frozen=True, slots=True)
class OfPlaces:
    """A table whose rows are of a plan's hot spots, and name nobody."""

    table: Table
    batches: Callable[[Reader, Viewer, OfPlan], AsyncIterator[Batch]]


PLACES: Final[Mapping[str, OfPlaces]] = {
    "patrols": OfPlaces(patrol_rows.PATROLS, patrol_rows.patrols),
    "cells": OfPlaces(cell_rows.CELLS, cell_rows.cells),
    "place-days": OfPlaces(place_days.PLACE_DAYS, place_days.place_days),
}


async def of_places(
    reader: Reader, viewer: Viewer, source: OfPlaces, asked: OfPlan, *, drawn: bool
) -> Export:
    """Patrols, cells or days of a plan's hot spots; `drawn`: with their shapes.

    Raises Forbidden, NotFound where there is no such plan.
    """
    viewer.require(Right.READ_COMPLIANCE)
    days = {"plan": asked.plan, "from": str(asked.days.first), "to": str(asked.days.last)}
    drawing = await shapes(reader, viewer, source.table, asked.as_at) if drawn else None
    heading = Heading(source.table, parameters(days, asked.as_at, asked.now), drawing)
    return await begun(heading, source.batches(reader, viewer, asked))
