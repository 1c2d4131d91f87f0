"""Many rows of a query as columns, with no step per row on the event loop."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from io import BytesIO
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
    stream = await _copied(reader, query)
    records = pgcopy.decode(stream.getbuffer(), {name: f">{kind}" for name, kind in kinds.items()})
    found = {name: records[name].astype(kind) for name, kind in kinds.items()}
    for name, column in selected.items():
        if isinstance(column.type, Instant):
            found[name] = pgcopy.from_timestamptz(found[name])
    return found


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
    return pgcopy.values((await _copied(reader, query)).getbuffer(), lengths)


def _compiled(reader: Reader, query: sa.Select[Any]) -> tuple[str, list[Any]]:
    """A query in the driver's own terms, and what belongs in the places of its parameters."""
    compiled = query.compile(dialect=reader.dialect, compile_kwargs={"render_postcompile": True})
    given = compiled.params
    return str(compiled), [given[name] for name in compiled.positiontup or ()]


async def _copied(reader: Reader, query: sa.Select[Any]) -> BytesIO:
    statement, arguments = _compiled(reader, query)
    await reader.exec_driver_sql("SELECT 1")  # begins the transaction, as `driver_of` needs
    raw = await driver_of(reader)
    stream = BytesIO()
    await raw.copy_from_query(statement, *arguments, output=stream, format="binary")
    return stream
