"""Many rows in one statement: on PostgreSQL a row costs less than a message to the server does."""

from collections.abc import Mapping, Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.storage.engine import Writer, driver_of

Row = Mapping[str, object]
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has left it untyped


async def insert(writer: Writer, table: sa.Table, rows: Sequence[Row]) -> None:
    """Adds rows, all with the same columns."""
    if not rows:
        return
    if writer.dialect.name == "sqlite":
        await writer.execute(sa.insert(table), rows)
        return
    await (await driver_of(writer)).execute(_insert(table, tuple(rows[0])), *_columns(rows))


async def update(writer: Writer, table: sa.Table, rows: Sequence[Row]) -> None:
    """Changes rows, found by their `id`, to what the other columns say; all with the same ones."""
    if not rows:
        return
    if writer.dialect.name == "sqlite":
        found = table.c.id == sa.bindparam("_id")
        renamed = [{"_id" if name == "id" else name: row[name] for name in row} for row in rows]
        await writer.execute(sa.update(table).where(found), renamed)
        return
    await (await driver_of(writer)).execute(_update(table, tuple(rows[0])), *_columns(rows))


def _columns(rows: Sequence[Row]) -> list[list[object]]:
    return [[row[name] for row in rows] for name in rows[0]]


@cache
def _insert(table: sa.Table, names: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table.name} ({listed}) SELECT * FROM {_arrays(table, names)}"  # noqa: S608 -- names of our schema


@cache
def _update(table: sa.Table, names: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{name}" = n."{name}"' for name in names if name != "id")
    listed = ", ".join(f'"{name}"' for name in names)
    rows = f"{_arrays(table, names)} AS n ({listed})"
    return f"UPDATE {table.name} t SET {changes} FROM {rows} WHERE t.id = n.id"  # noqa: S608 -- names of our schema


def _arrays(table: sa.Table, names: tuple[str, ...]) -> str:
    types = [table.c[name].type.compile(_DIALECT) for name in names]
    arrays = [f"${i}::{type_}[]" for i, type_ in enumerate(types, start=1)]
    return f"unnest({', '.join(arrays)})"
