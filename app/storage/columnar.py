"""Many rows of a query as columns, with no step per row on the event loop."""

import asyncio
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from app.storage import pgcopy
from app.storage.engine import Reader, driver_of
from app.storage.types import Instant

Column = npt.NDArray[Any]
_ROWS = 50_000  # of SQLite's, between two turns of the event loop


def number(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """A column of any kind of number, or of truth values, as `columns` takes it."""
    return sa.cast(sa.cast(column, sa.Integer), sa.BigInteger)


async def columns(reader: Reader, query: sa.Select[Any]) -> Mapping[str, Column]:
    """The columns of a query, by name: int64[n], float64[n] where its type is Double.

    It may select `bigint`, `double precision` and times, which become microseconds since the Unix
    epoch, UTC; nothing null.
    """
    selected = {column.name: column for column in query.selected_columns}
    floats = {name for name, column in selected.items() if isinstance(column.type, sa.Double)}
    if reader.dialect.name == "sqlite":
        return await _columns_sqlite(reader, query, floats)
    stream = await _copied(reader, query)
    types = {name: ">f8" if name in floats else ">i8" for name in selected}
    records = pgcopy.decode(stream.getbuffer(), types)
    found = {
        name: records[name].astype(np.float64 if name in floats else np.int64) for name in selected
    }
    for name, column in selected.items():
        if isinstance(column.type, Instant):
            found[name] = pgcopy.from_timestamptz(found[name])
    return found


async def _columns_sqlite(
    reader: Reader, query: sa.Select[Any], floats: set[str]
) -> Mapping[str, Column]:
    # The integers that times are stored as, which else become objects one by one.
    plain = [
        sa.type_coerce(column, sa.BigInteger).label(column.name)
        if isinstance(column.type, Instant)
        else column
        for column in query.selected_columns
    ]
    names = [column.name for column in plain]
    parts: list[list[Column]] = [[] for _ in names]
    stream = await reader.stream(query.with_only_columns(*plain, maintain_column_froms=True))
    async for rows in stream.partitions(_ROWS):
        for part, column in zip(parts, await asyncio.to_thread(_split, rows), strict=True):
            part.append(column)
    kinds = [np.float64 if name in floats else np.int64 for name in names]
    return {
        name: np.concatenate([np.empty(0, kind), *part]).astype(kind, copy=False)
        for name, kind, part in zip(names, kinds, parts, strict=True)
    }


def _split(rows: Any) -> list[Column]:  # noqa: ANN401 -- SQLAlchemy's rows
    return [np.array(column) for column in zip(*rows, strict=True)]


async def joined(reader: Reader, query: sa.Select[Any], lengths: npt.NDArray[np.int64]) -> bytes:
    """The values of a query's one column of bytes, end to end; `lengths` are theirs, in order."""
    if reader.dialect.name == "sqlite":
        parts = (await reader.stream_scalars(query)).partitions(_ROWS)
        return b"".join([b"".join(some) async for some in parts])
    return pgcopy.values((await _copied(reader, query)).getbuffer(), lengths)


async def _copied(reader: Reader, query: sa.Select[Any]) -> BytesIO:
    compiled = query.compile(dialect=reader.dialect, compile_kwargs={"render_postcompile": True})
    given = compiled.params
    arguments = [given[name] for name in compiled.positiontup or ()]
    await reader.exec_driver_sql("SELECT 1")  # begins the transaction, as `driver_of` needs
    raw = await driver_of(reader)
    stream = BytesIO()
    await raw.copy_from_query(str(compiled), *arguments, output=stream, format="binary")
    return stream
