"""Tables as CSV (RFC 4180), of which no spreadsheet runs a word."""

import re
from collections.abc import Iterable
from typing import IO, Final

import polars as pl

from app.reports.formats.text import FORMULA, RFC3339
from app.reports.table import Batch, Heading

_RUN: Final = f"(?s)^[{re.escape(''.join(FORMULA))}]."


def write(heading: Heading, batches: Iterable[Batch], file: IO[bytes]) -> None:
    """Writes a table: times in UTC to the microsecond, true and false, null empty.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    _write(pl.DataFrame({name: [name] for name in heading.table.schema}), file)
    for batch in batches:
        _write(batch, file)


def _write(rows: pl.DataFrame, file: IO[bytes]) -> None:
    text = pl.selectors.string()
    formula = text.str.contains(_RUN)
    plain = rows.with_columns(pl.when(formula).then("'" + text).otherwise(text).name.keep())
    plain.write_csv(file, include_header=False, line_terminator="\r\n", datetime_format=RFC3339)
