"""How far an edit of hot spots reaches: into the future, and into the past."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage import fixes
from app.storage.engine import Reader
from app.storage.schema import hotspot_versions, hotspots


class Bound(NamedTuple):
    """Until when a hot spot holds as given, and whether a later version begins then."""

    key: str
    until: dt.datetime
    replaced: bool


async def bounds(
    reader: Reader, viewer: Viewer, starts: Mapping[str, dt.datetime]
) -> Sequence[Bound]:
    """Of hot spots, by key, those that do not hold from their start until further notice."""
    viewer.require(Right.READ_HOTSPOTS)
    v = hotspot_versions.c
    query = (
        sa.select(hotspots.c.key, v.valid_from, v.valid_to)
        .join(hotspot_versions)
        .where(v.known_to.is_(None), hotspots.c.key.in_(starts))
        .order_by(hotspots.c.id, v.valid_from)
    )
    rows = [tuple(row) for row in await reader.execute(query)]
    begin = {(key, start) for key, start, _ in rows}
    return [
        Bound(key, until, (key, until) in begin)
        for key, start, until in rows
        if until is not None and start <= starts[key] < until
    ]


async def lost_before(reader: Reader, viewer: Viewer, start: dt.datetime) -> dt.datetime | None:
    """When the first stored fix is, where that is after `start`: before it all stays as it is."""
    viewer.require(Right.READ_HOTSPOTS)
    earliest = await fixes.earliest(reader)
    return earliest if earliest is not None and start < earliest else None
