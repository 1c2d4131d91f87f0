"""Many rows in one statement: on PostgreSQL a row costs less than a message to the server does."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.storage.engine import Writer, driver_of
from app.storage.types import to_us

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


async def insert_new(writer: Writer, table: sa.Table, rows: Sequence[Row]) -> None:
    """Adds rows, all with the same columns, but for those that a unique index has already."""
    if not rows:
        return
    if writer.dialect.name == "sqlite":
        await writer.execute(sqlite.insert(table).on_conflict_do_nothing(), rows)
        return
    statement = f"{_insert(table, tuple(rows[0]))} ON CONFLICT DO NOTHING"
    await (await driver_of(writer)).execute(statement, *_columns(rows))


async def ids(writer: Writer, table: sa.Table, rows: Sequence[Row], condition: str) -> list[int]:
    """The ids of the rows of a table that say what these say, in their order, by a condition on t.

    Those that are not there are left out.
    """
    if not rows:
        return []
    names = tuple(rows[0])
    if writer.dialect.name == "sqlite":
        listed = json.dumps([[_plain(value) for value in row.values()] for row in rows])
        found = await writer.exec_driver_sql(_ids_sqlite(table, names, condition), (listed,))
        return list(found.scalars())
    driver = await driver_of(writer)
    return [row[0] for row in await driver.fetch(_ids(table, names, condition), *_columns(rows))]


def _plain(value: object) -> object:
    """A value as SQLite stores it."""
    return to_us(value) if isinstance(value, dt.datetime) else value


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


@cache
def _ids(table: sa.Table, names: tuple[str, ...], condition: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    # Only "=" is looked up in an index.
    same = " AND ".join(
        f't."{name}" {"IS NOT DISTINCT FROM" if table.c[name].nullable else "="} n."{name}"'
        for name in names
    )
    rows = f"{_arrays(table, names)} WITH ORDINALITY AS n ({listed}, place)"
    return f"SELECT t.id FROM {rows} JOIN {table.name} t ON {same} WHERE {condition} ORDER BY place"  # noqa: S608 -- names of our schema


@cache
def _ids_sqlite(table: sa.Table, names: tuple[str, ...], condition: str) -> str:
    same = " AND ".join(
        f"t.\"{name}\" IS json_extract(n.value, '$[{at}]')" for at, name in enumerate(names)
    )
    rows = f"json_each(?) n CROSS JOIN {table.name} t"
    return f"SELECT t.id FROM {rows} ON {same} WHERE {condition} ORDER BY n.key"  # noqa: S608 -- names of our schema


def _arrays(table: sa.Table, names: tuple[str, ...]) -> str:
    types = [table.c[name].type.compile(_DIALECT) for name in names]
    arrays = [f"${i}::{type_}[]" for i, type_ in enumerate(types, start=1)]
    return f"unnest({', '.join(arrays)})"
