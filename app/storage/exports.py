"""Whole tables of visits and of fixes, read in blocks of columns, and the names that go with them.

All of it within one Reader, so that what is taken away is one state of the data.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import shapely
import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.compliance.duty import Officers
from app.compliance.visits import Assignments
from app.storage import assignments, columnar, people
from app.storage import hotspots as hotspot_storage
from app.storage.columnar import Column
from app.storage.engine import Database, Reader
from app.storage.knowledge import known_at
from app.storage.schema import devices, fixes, hotspot_versions, hotspots, visits
from app.storage.types import EPOCH, from_us
from app.storage.visit_reads import Wanted, conditions, of_whom
from ingest.decoders import SOURCES

Block = Mapping[str, Column]

# A hot spot's key, from when until when (None: on) it was so, and what it was, as GeoJSON text.
Shape = tuple[str, dt.datetime, dt.datetime | None, str]
# Of rows, some of which are fetched, made text and written at the same time: a few megabytes each.
BLOCK: Final = 8_000
_SHAPES: Final = 200  # that become geometries in one turn of the event loop
# Before and after everything that anybody could ask for: no database or driver overflows there.
FIRST, LAST = EPOCH, dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


# A quarter of cells may be written as a workbook between one query and the next.
_IDLE: Final = "15min"


@asynccontextmanager
async def reading(database: Database) -> AsyncIterator[Reader]:
    """One view of the data, kept while a table is written from it, however slowly that goes.

    Raises DatabaseUnavailable.
    """
    async with database.read() as reader:
        if database.dialect == "postgresql":
            await reader.exec_driver_sql(
                f"SET LOCAL idle_in_transaction_session_timeout = '{_IDLE}'"
            )
        yield reader


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id; and who had which device, and was in which team, as known at a moment."""

    devices: Mapping[int, str]
    hotspots: Mapping[int, str]
    officers: Mapping[int, str]
    teams: Mapping[int, str]
    assignments: Assignments
    members: Officers


async def names(reader: Reader, viewer: Viewer, wanted: Wanted) -> Names:
    """The names that belong to what is wanted; of officers, of those whom the viewer sees."""
    as_at = wanted.as_at or LAST
    start, end = wanted.start or FIRST, wanted.end or LAST
    seen = await people.seen(reader, viewer)
    rows = await reader.execute(sa.select(devices.c.id, devices.c.name))
    return Names(
        devices={row.id: row.name for row in rows},
        hotspots=await hotspot_storage.keys(reader, viewer),
        officers={id_: number for id_, (number, _) in seen.items()},
        teams=await people.team_names(reader, viewer),
        assignments=await assignments.columns(reader, viewer, start, end, as_at),
        members=await people.columns(reader, viewer, as_at),
    )


async def shapes(reader: Reader, viewer: Viewer, as_at: dt.datetime | None) -> list[Shape]:
    """Every hot spot that there is or was, as it is known now or was at a moment."""
    viewer.require(Right.READ_HOTSPOTS)
    versions = hotspot_versions.c
    query = (
        sa.select(hotspots.c.key, versions.valid_from, versions.valid_to, versions.geom)
        .join(hotspot_versions)
        .where(known_at(hotspot_versions, as_at or LAST))
    )
    parts = (await reader.stream(query)).partitions(_SHAPES)
    return [shape async for part in parts for shape in await asyncio.to_thread(_drawn, part)]


def _drawn(rows: Sequence[sa.Row[Any, Any, Any, Any]]) -> list[Shape]:
    return [(key, start, end, shapely.to_geojson(place)) for key, start, end, place in rows]


_FLAGS = visits.c.enter_seen, visits.c.exit_seen, visits.c.pass_through, visits.c.open
# Small values and the bits that each takes, the last as many as it needs: they come as one number,
# since a field costs the same to fetch whatever is in it.
_SMALL = *((flag, 1) for flag in _FLAGS), (visits.c.method, 15), (visits.c.fixes, 31)


def _packed() -> sa.ColumnElement[int]:
    whole: sa.ColumnElement[int] = sa.literal(0, sa.BigInteger)
    place = 0
    for column, bits in _SMALL:
        whole += columnar.number(column) * (1 << place)
        place += bits
    return whole.label("small")


def _unpacked(block: Block) -> Block:
    small = block["small"]
    found = dict(block)
    for column, bits in _SMALL:
        found[column.name] = small & ((1 << bits) - 1)
        small = small >> bits
    return found


_VISIT = (
    visits.c.device_id,
    visits.c.hotspot_id,
    visits.c.enter,
    visits.c.exit,
    visits.c.outer_from,
    visits.c.outer_to,
    visits.c.inside_us,
    visits.c.bridged_us,
    visits.c.low_us,
    visits.c.mean_speed_mps,
    visits.c.id,
    visits.c.known_from,
    _packed(),
)


async def visit_blocks(
    reader: Reader, viewer: Viewer, wanted: Wanted, size: int = BLOCK
) -> AsyncIterator[Block]:
    """The visits of the devices of those whom the viewer sees, ordered by enter and id."""
    viewer.require(Right.READ_VISITS)
    query = sa.select(*_VISIT).where(*conditions(viewer, wanted))
    async for block in _blocks(reader, query, (visits.c.enter, visits.c.id), size):
        yield _unpacked(block)


_UNKNOWN: Final = -1
_MEASURES = (
    fixes.c.accuracy_m,
    fixes.c.speed_mps,
    fixes.c.heading_deg,
    fixes.c.altitude_m,
    fixes.c.battery_pct,
)


async def fix_blocks(
    reader: Reader, viewer: Viewer, wanted: Wanted, size: int = BLOCK
) -> AsyncIterator[Block]:
    """Fixes while their devices were with those whom the viewer sees, by device (id) and time.

    Of a viewer who sees everybody all fixes. `source` is an index of SOURCES, and -1 for one that
    this version does not know; what was not measured is NaN.
    """
    viewer.require(Right.READ_TRACKS)
    source = sa.case(
        {name: number for number, name in enumerate(SOURCES)}, value=fixes.c.source, else_=_UNKNOWN
    )
    query = sa.select(
        fixes.c.device_id,
        fixes.c.time,
        fixes.c.received,
        fixes.c.lon,
        fixes.c.lat,
        *(_measured(reader, column) for column in _MEASURES),
        columnar.number(source).label("source"),
    ).where(*of_whom(viewer, Right.READ_TRACKS, wanted, fixes.c.device_id, fixes.c.time))
    async for block in _blocks(reader, query, (fixes.c.device_id, fixes.c.time), size):
        yield block


def _measured(reader: Reader, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if reader.dialect.name == "sqlite":
        return column
    return sa.func.coalesce(column, sa.literal_column("'NaN'"), type_=sa.Double).label(column.name)


async def _blocks(
    reader: Reader, query: sa.Select[Any], order: Sequence[sa.Column[Any]], size: int
) -> AsyncIterator[Block]:
    """A query's rows in the order of two of its columns, of which no two have both the same."""
    first, second = order
    query = query.order_by(*order).limit(size)
    block = await columnar.columns(reader, query)
    while len(block[second.name]):
        yield block
        if len(block[second.name]) < size:
            return
        last = [_bound(column, int(block[column.name][-1])) for column in order]
        # The first of these alone tells the database where to begin.
        after = first >= last[0], sa.or_(first > last[0], second > last[1])
        block = await columnar.columns(reader, query.where(*after))


def _bound(column: sa.Column[Any], value: int) -> sa.ColumnElement[Any]:
    is_time = column.name in {"enter", "time"}
    return sa.literal(from_us(value) if is_time else value, column.type)
