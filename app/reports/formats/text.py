"""Rows as text, by columns: times as RFC 3339 in UTC to the microsecond, days as ISO 8601."""

from collections.abc import Iterable
from typing import IO, Final

import polars as pl

from app.reports.table import Batch

RFC3339: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"
# What a spreadsheet takes for a formula, even between quotes, begins with one of these.
# Source: OWASP, "CSV Injection".
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def no_formula(text: str) -> str:
    """A text for a CSV file, with an apostrophe before it where a spreadsheet would run it.

    A sign by itself, such as the dash for what is not known, is no formula.
    """
    return "'" + text if len(text) > 1 and text.startswith(FORMULA) else text


def as_json(batch: Batch) -> pl.Series:
    """Each row as the text of a JSON object; null where something is unknown."""
    in_text = batch.with_columns(
        pl.selectors.datetime().dt.strftime(RFC3339), pl.selectors.date().dt.to_string("iso")
    )
    return in_text.select(pl.struct(pl.all()).struct.json_encode()).to_series()


def write_listed(parts: Iterable[pl.Series], file: IO[bytes]) -> None:
    """Writes texts with commas between them, and an end of line after each comma."""
    between = b""
    for part in parts:
        if len(part):
            file.write(between)
            file.write(part.str.join(",\n").cast(pl.Binary).item())
            between = b",\n"
