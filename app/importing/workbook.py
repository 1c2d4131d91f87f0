"""The visible sheets of an XLSX workbook, as values."""

import io
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, cast
from zipfile import ZipFile

from openpyxl import load_workbook

from app.importing import marks
from app.importing.grid import MOST_COLUMNS, MOST_ROWS, Cell, Grid, Line, Unusable, sheet_name
from app.importing.problems import Findings, NoTables

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet
    from openpyxl.worksheet.worksheet import Worksheet

MOST_UNPACKED: Final = 64 << 20  # bytes: two to three times what the most rows need
MOST_ELEMENTS: Final = 4_000_000  # of XML: two a cell, twenty cells in each of the most rows
_PART: Final = 1 << 20  # bytes
ERRORS: Final = {"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"}
UNCOMPUTED: Final = Unusable("it is a formula without a stored value: open and save the workbook")

# It warns of each feature of Excel that it leaves out; none of them is a value.
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")


def read(file: str, data: bytes, findings: Findings) -> Sequence[Grid]:
    """The sheets of a workbook but for hidden ones, which a note names.

    Raises NoTables where it is none, or unpacks to more than MOST_UNPACKED bytes.
    """
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            _refuse_bombs(file, archive)
            found = _marks(archive)
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            grids = []
            for sheet in book.worksheets:
                if sheet.sheet_state == "visible":
                    grids.append(_grid(file, sheet, found[sheet.title]))
                else:
                    findings.notes.append(
                        f"{sheet_name(file, sheet.title)} is hidden and was not read"
                    )
            return grids
    except NoTables:
        raise
    except Exception as exc:  # whatever a broken file makes of the parsers
        reason = str(exc).partition("\n")[0]
        msg = f"{file} is no workbook that can be read (XLSX): {reason}"
        raise NoTables(msg) from exc


def _refuse_bombs(file: str, archive: ZipFile) -> None:
    # No more is unpacked of a member than its entry says.
    if sum(member.file_size for member in archive.infolist()) > MOST_UNPACKED:
        msg = f"{file} unpacks to more than {MOST_UNPACKED >> 20} MiB; import it in parts"
        raise NoTables(msg)
    # An empty element is of four bytes, and takes twenty times that when it is read.
    if sum(_elements(archive, name) for name in archive.namelist()) > MOST_ELEMENTS:
        msg = f"{file} has more than {MOST_ELEMENTS} elements; import it in parts"
        raise NoTables(msg)


def _elements(archive: ZipFile, name: str) -> int:
    """How many elements a part of the workbook has, or a few more, if it is XML."""
    with archive.open(name) as file:
        parts = iter(partial(file.read, _PART), b"")
        return sum(part.count(b"<") - part.count(b"</") for part in parts)


def _marks(archive: ZipFile) -> dict[str, marks.Marks]:
    """The marks of each sheet, by its title."""
    found = {}
    for title, path in marks.sheet_paths(archive).items():
        with archive.open(path) as xml:
            found[title] = marks.read(xml)
    return found


def _grid(file: str, sheet: "Worksheet", found: marks.Marks) -> Grid:
    # What a sheet says of its own extent is often wrong.
    cast("ReadOnlyWorksheet", sheet).reset_dimensions()
    lines = list(_lines(sheet, found))
    if len(lines) > MOST_ROWS + 1:  # with a heading
        msg = f"{sheet_name(file, sheet.title)} has more than {MOST_ROWS} rows; import it in parts"
        raise NoTables(msg)
    return Grid(file, sheet.title, lines, found.merged)


def _lines(sheet: "Worksheet", found: marks.Marks) -> Iterator[Line]:
    """The rows with something in them, and one more than there may be of them."""
    count, uncomputed = 0, {row for row, _ in found.uncomputed}
    width = min(found.width, MOST_COLUMNS)
    rows = sheet.iter_rows(max_col=width, values_only=True)
    for number, row in enumerate(rows, start=1):
        # A stray value far below makes a million empty rows.
        if row.count(None) == len(row) and number not in uncomputed:
            continue
        cells = [
            UNCOMPUTED if (number, column) in found.uncomputed else _cell(value)
            for column, value in enumerate(row, start=1)
        ]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield number, cells
            count += 1
        if count > MOST_ROWS + 1:
            return


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        value = value.strip()
        return Unusable(f"it holds the error {value}") if value in ERRORS else value or None
    return cast("Cell", value)
