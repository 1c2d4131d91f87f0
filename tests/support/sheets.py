"""Workbooks and CSV files as people keep them, as bytes."""

import datetime as dt
import io
from collections.abc import Mapping, Sequence

from openpyxl import Workbook

# A date and a time in a cell, which know of no zone.
moment = dt.datetime.fromisoformat
Rows = Sequence[Sequence[object]]


def workbook(
    sheets: Mapping[str, Rows], merged: Mapping[str, Sequence[str]] | None = None
) -> bytes:
    """An XLSX workbook of sheets with these rows; `merged` are ranges by sheet."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        for address in (merged or {}).get(title, ()):
            sheet.merge_cells(address)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def table(text: str) -> bytes:
    """A CSV file of lines that may be indented."""
    return "".join(f"{line.strip()}\n" for line in text.strip().splitlines()).encode()
