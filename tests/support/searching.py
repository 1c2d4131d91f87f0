"""Looks for values in everything that a database has, in whatever way they may be written."""

import struct
from pathlib import Path

import sqlalchemy as sa

from app.storage.engine import Database
from app.storage.schema import metadata


def forms(value: float | str) -> set[bytes]:
    """A value as text, and a number as the eight bytes that any of our tables packs it in."""
    if isinstance(value, str):
        return {value.encode()}
    return {struct.pack("<d", value), struct.pack(">d", value), repr(value).encode()}


async def tables_with(database: Database, value: float | str) -> set[str]:
    """The tables of which any row holds a value, alone or inside a text or bytes."""
    wanted = forms(value)
    found = set()
    async with database.read() as reader:
        for table in metadata.sorted_tables:
            geometry = [column.name for column in table.c if column.name == "geom"]
            columns = [column for column in table.c if column.name not in geometry]
            rows = (await reader.execute(sa.select(*columns))).all()
            cells = {cell for row in rows for cell in row if isinstance(cell, bytes | str | float)}
            if any(form in _bytes(cell) for cell in cells for form in wanted):
                found.add(table.name)
    return found


def _bytes(cell: bytes | str | float) -> bytes:
    if isinstance(cell, float):
        return struct.pack("<d", cell)
    return cell.encode() if isinstance(cell, str) else cell


def files_with(folder: Path, value: float | str) -> set[str]:
    """The files in a folder, to any depth, in which a value stands."""
    wanted = forms(value)
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {file.name for file in files if any(form in file.read_bytes() for form in wanted)}
