"""Many rows of a query as columns, with no step per row on the event loop."""

import asyncio
import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from app.storage import pgcopy
from app.storage.engine import Reader, driver_of
from app.storage.types import Instant, to_us

Column = npt.NDArray[Any]
_ROWS = 50_000  # of SQLite's, between two turns of the event loop


def number(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """A column of any kind of number, or of truth values, as `columns` takes it."""
    return sa.cast(sa.cast(column, sa.Integer), sa.BigInteger)


async def columns(reader: Reader, query: sa.Select[Any]) -> Mapping[str, Column]:
    """The columns of a query, by name: int64[n], float64[n] where its type is Double.

    It may select `bigint`, `double precision` and times, which become microseconds since the Unix
    epoch, UTC; nothing null but, on SQLite, for a number that is not one.
    """
    selected = {column.name: column for column in query.selected_columns}
    kinds = {
        name: "f8" if isinstance(column.type, sa.Double) else "i8"
        for name, column in selected.items()
    }
    if reader.dialect.name == "sqlite":
        records = await _records_sqlite(reader, query, np.dtype(list(kinds.items())))
        return {name: records[name].copy() for name in kinds}
    times = {name for name, column in selected.items() if isinstance(column.type, Instant)}
    return await asyncio.to_thread(_decoded, await _copied(reader, query), kinds, times)


def _decoded(
    stream: bytes, kinds: Mapping[str, str], times: Collection[str]
) -> Mapping[str, Column]:
    records = pgcopy.decode(stream, {name: f">{kind}" for name, kind in kinds.items()})
    found = {name: records[name].astype(kind) for name, kind in kinds.items()}
    return found | {name: pgcopy.from_timestamptz(found[name]) for name in times}


async def _records_sqlite(
    reader: Reader, query: sa.Select[Any], row: np.dtype[np.void]
) -> npt.NDArray[np.void]:
    # The driver's rows, in which times are the integers that they are stored as.
    statement, given = _compiled(reader, query)
    arguments = [to_us(one) if isinstance(one, dt.datetime) else one for one in given]
    parts = [np.empty(0, row)]
    raw = await driver_of(reader)
    async with raw.execute(statement, arguments) as cursor:
        while rows := await cursor.fetchmany(_ROWS):
            parts.append(await asyncio.to_thread(np.array, rows, row))
    return np.concatenate(parts)


async def joined(reader: Reader, query: sa.Select[Any], lengths: npt.NDArray[np.int64]) -> bytes:
    """The values of a query's one column of bytes, end to end; `lengths` are theirs, in order."""
    if reader.dialect.name == "sqlite":
        parts = (await reader.stream_scalars(query)).partitions(_ROWS)
        return b"".join([b"".join(some) async for some in parts])
    return pgcopy.values(await _copied(reader, query), lengths)


def _compiled(reader: Reader, query: sa.Select[Any]) -> tuple[str, list[Any]]:
    """A query in the driver's own terms, and what belongs in the places of its parameters."""
    compiled = query.compile(dialect=reader.dialect, compile_kwargs={"render_postcompile": True})
    given = compiled.params
    return str(compiled), [given[name] for name in compiled.positiontup or ()]


async def _copied(reader: Reader, query: sa.Select[Any]) -> bytes:
    statement, arguments = _compiled(reader, query)
    await reader.exec_driver_sql("SELECT 1")  # begins the transaction, as `driver_of` needs
    raw = await driver_of(reader)
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    # Not into a file: asyncpg would write each part of it in another thread.
    await raw.copy_from_query(statement, *arguments, output=keep, format="binary")
    return b"".join(parts)
