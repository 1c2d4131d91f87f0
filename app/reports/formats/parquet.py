"""Tables as Parquet, with the table, what was asked and the columns' definitions inside."""

from collections.abc import Iterable, Iterator
from typing import IO, Final

import polars as pl
from polars.io.plugins import register_io_source

from app.reports.table import Batch, Heading

# Of rows, which the writer keeps in memory until a group is whole.
_GROUP: Final = 20000


def write(heading: Heading, batches: Iterable[Batch], file: IO[bytes]) -> None:
    """Writes a table; what is said of it is in the file's metadata, a key for each sentence."""
    table = heading.table

    def source(
        _columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[Batch]:
        yield from batches

    rows = register_io_source(source, schema=table.schema)
    rows.sink_parquet(file, row_group_size=_GROUP, metadata=metadata(heading))


def metadata(heading: Heading) -> dict[str, str]:
    """What is said of a table: its name and meaning, each parameter, each column's definition."""
    table = heading.table
    return {
        "table": table.name,
        "about": table.about,
        **{f"parameter.{name}": value for name, value in heading.parameters.items()},
        **{f"column.{column.name}": column.about for column in table.columns},
    }
