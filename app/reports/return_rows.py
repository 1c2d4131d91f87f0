"""Repeats a row of a sheet: what lies below moves down, with formulas, heights and merges."""

import copy
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, cast

from openpyxl.cell.cell import Cell
from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token
from openpyxl.formula.translate import Translator

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_FORMAT: Final = ("font", "border", "fill", "number_format", "protection", "alignment")
_CELL: Final = re.compile(r"^(\$?[A-Z]{0,3}\$?)(\d+)$")


def repeat(sheet: "Worksheet", row: int, times: int) -> None:
    """Makes a row stand there so many times, one below the other; no fewer than once."""
    more = times - 1
    if more <= 0:
        return
    heights = {number: sheet.row_dimensions[number].height for number in list(sheet.row_dimensions)}
    sheet.insert_rows(row + 1, more)
    for number in heights:
        if number > row:
            sheet.row_dimensions[number].height = None
    for number, height in heights.items():
        if number > row:
            sheet.row_dimensions[number + more].height = height
    for cell, formula in _formulas(sheet):
        cell.value = _moved(formula, cell.parent.title, sheet.title, row, more)
    _merge(sheet, row, more)
    for number in range(row + 1, row + 1 + more):
        sheet.row_dimensions[number].height = heights.get(row)
        _copy(sheet, row, number)


def _merge(sheet: "Worksheet", row: int, more: int) -> None:
    """What is merged below moves down; what is merged in the row is, in each."""
    for merged in list(sheet.merged_cells.ranges):
        if merged.min_row > row:
            merged.shift(row_shift=more)
        elif merged.min_row == merged.max_row == row:
            for number in range(row + 1, row + 1 + more):
                sheet.merge_cells(None, number, merged.min_col, number, merged.max_col)


def _copy(sheet: "Worksheet", row: int, number: int) -> None:
    for source in sheet[row]:
        if not isinstance(source, Cell):
            continue  # hidden by a merge
        target = cast("Cell", sheet.cell(number, source.column))
        for part in _FORMAT:
            setattr(target, part, copy.copy(getattr(source, part)))
        target.value = source.value
        if source.data_type == "f":
            moved = Translator(str(source.value), source.coordinate)
            target.value = moved.translate_formula(target.coordinate)


def _formulas(sheet: "Worksheet") -> Iterator[tuple[Cell, str]]:
    """Every formula of the workbook."""
    for one in [] if sheet.parent is None else sheet.parent.worksheets:
        for cells in one.iter_rows():
            for cell in cells:
                if isinstance(cell, Cell) and cell.data_type == "f" and isinstance(cell.value, str):
                    yield cell, cell.value


def _moved(formula: str, its: str, sheet: str, row: int, more: int) -> str:
    """A formula of the sheet `its`, after rows came below one of another, or the same."""
    tokens = Tokenizer(formula)
    for token in tokens.items:
        if token.type == Token.OPERAND and token.subtype == Token.RANGE:
            of, mark, reference = token.value.rpartition("!")
            if sheet == (of.strip("'").replace("''", "'") if mark else its):
                token.value = of + mark + _shifted(reference, row, more)
    return "=" + "".join(token.value for token in tokens.items)


def _shifted(reference: str, row: int, more: int) -> str:
    """A cell below moves down; a range that ends at the row grows with it."""
    first, colon, last = reference.partition(":")
    return _lower(first, row, more) + colon + _lower(last, row - 1, more)


def _lower(cell: str, past: int, more: int) -> str:
    found = _CELL.match(cell)
    if found is None or int(found[2]) <= past:
        return cell
    return f"{found[1]}{int(found[2]) + more}"
