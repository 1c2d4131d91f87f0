"""The cells of a column, each different one read once: many rows say the same few things."""

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from app.importing.grid import Cell, Unusable
from app.importing.row import Read
from app.importing.sections import Section
from app.importing.values import number

Value = TypeVar("Value")


class Told(NamedTuple, Generic[Value]):
    """What each row of a column says, [n] (None: nothing), and what is wrong with some, by row."""

    values: Sequence[Value | None]
    wrong: Mapping[int, str]


def told(section: Section, column: str, read: Read[Value]) -> Told[Value]:
    """What the rows of a table say in one column; a column that is not there says nothing."""
    if column not in section.columns:
        return Told([None] * len(section.lines), {})
    at, _ = section.columns[column]
    known: dict[Cell, Value | ValueError] = {}
    values: list[Value | None] = []
    wrong: dict[int, str] = {}
    for row, (_, cells) in enumerate(section.lines):
        cell = cells[at] if at < len(cells) else None
        if cell is None:
            values.append(None)
            continue
        if cell not in known:
            known[cell] = _read(cell, read)
        value = known[cell]
        if isinstance(value, ValueError):
            wrong[row] = str(value)
            values.append(None)
        else:
            values.append(value)
    return Told(values, wrong)


def numbers(section: Section, column: str, read: Read[float] = number) -> Told[float]:
    """What the rows of a table say in a column of numbers, by `read` or any."""

    def with_point(cell: Cell) -> float:
        return read(cell.replace(",", ".", 1) if isinstance(cell, str) else cell)

    return told(section, column, with_point if section.decimal_comma else read)


def _read(cell: Cell, read: Read[Value]) -> Value | ValueError:
    if isinstance(cell, Unusable):
        return ValueError(cell.what or "it is one of merged cells")
    try:
        return read(cell)
    except ValueError as exc:
        return exc
