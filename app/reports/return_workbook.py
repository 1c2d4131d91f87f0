"""A return's workbook (XLSX) filled in: what its cells ask for, in the formats that they have."""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell

from app.reports.errors import TemplateError
from app.reports.return_grammar import parse, records
from app.reports.return_language import evaluate
from app.reports.return_rows import repeat
from app.reports.returns import LISTS, Fields, Record

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MOST_UNPACKED: Final = 32 << 20  # bytes
MOST_CELLS: Final = 200_000  # of a template
LONGEST_TEXT: Final = 32_767  # characters of a cell
_LISTS: Final[Mapping[str, str]] = {one: many for many, (one, _) in LISTS.items()}

# It warns of each feature of Excel that it leaves out; what it does leave out, the guide says.
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")


def fill(name: str, data: bytes, fields: Fields) -> bytes:
    """A workbook with its cells filled in. Raises TemplateError, which says sheet and cell.

    A row whose cells show a record of LISTS is repeated for each, formats and all; what lies below
    moves down, and formulas with it.
    """
    book = _opened(name, data)
    for sheet in book.worksheets:
        # From below, so that rows still to come are where they were.
        for row in range(sheet.max_row, 0, -1):
            _fill_row(f"{name}, sheet {sheet.title}", sheet, row, fields)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _opened(name: str, data: bytes) -> Workbook:
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MOST_UNPACKED:
            msg = f"{name}: it unpacks to more than {MOST_UNPACKED >> 20} MiB"
            raise TemplateError(msg)
        book = load_workbook(io.BytesIO(data), keep_links=False)
    except (BadZipFile, KeyError, ValueError, OSError) as exc:
        msg = str(exc) if isinstance(exc, TemplateError) else f"{name}: it is no workbook (XLSX)"
        raise TemplateError(msg) from exc
    if sum(sheet.max_row * sheet.max_column for sheet in book.worksheets) > MOST_CELLS:
        msg = f"{name}: it has more than {MOST_CELLS:,} cells"
        raise TemplateError(msg)
    return book


def _fill_row(where: str, sheet: "Worksheet", row: int, fields: Fields) -> None:
    asking = list(_asking(where, sheet, row))
    ones = {one for cell in asking for one in records(_at(where, cell), str(cell.value))}
    if len(ones) > 1:
        msg = (
            f"{where}, row {row}: it is of {' and '.join(sorted(ones))}: give each a row of its own"
        )
        raise TemplateError(msg)
    if not ones:
        _fill_cells(where, asking, fields, None)
        return
    one = ones.pop()
    columns = [cell.column for cell in asking]
    found = cast("Sequence[Record]", fields[_LISTS[one]])
    repeat(sheet, row, len(found))
    for number, record in enumerate(found):
        cells = [cast("Cell", sheet.cell(row + number, column)) for column in columns]
        _fill_cells(where, cells, {**fields, one: record}, one)
    if not found:
        _clear(where, asking, one)


def _clear(where: str, cells: Sequence[Cell], one: str) -> None:
    """Of none there is nothing to say; but what was asked for is looked at."""
    for cell in cells:
        parse(_at(where, cell), str(cell.value), one)
        cell.value = None


def _asking(where: str, sheet: "Worksheet", row: int) -> Iterator[Cell]:
    """The cells of a row that hold a placeholder."""
    for cell in sheet[row]:
        if not (isinstance(cell, Cell) and isinstance(cell.value, str)):
            continue
        if "{{" in cell.value or "{%" in cell.value:
            if cell.data_type == "f":
                msg = f"{_at(where, cell)}: a formula holds no field: give it a cell of its own"
                raise TemplateError(msg)
            yield cell


def _fill_cells(
    where: str, cells: Sequence[Cell], fields: Mapping[str, object], one: str | None
) -> None:
    for cell in cells:
        found = evaluate(_at(where, cell), str(cell.value), fields, one)
        if isinstance(found, str) and len(found) > LONGEST_TEXT:
            # It would be cut without a word.
            made = f"it makes {len(found):,} characters; a cell holds {LONGEST_TEXT:,}"
            msg = f"{_at(where, cell)}: {made}"
            raise TemplateError(msg)
        cell.value = cast("str", found)
        if isinstance(found, str):
            # Whatever it begins with, it is no formula.
            cell.data_type = "s"


def _at(where: str, cell: Cell) -> str:
    return f"{where}, cell {cell.coordinate}"
