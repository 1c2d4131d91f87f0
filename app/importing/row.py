"""One row of a table, read cell by cell; what is wrong with it is put down with its place."""

from collections.abc import Callable
from typing import TypeVar

from app.importing.grid import Cell, Line, Unusable
from app.importing.problems import Findings, Problem
from app.importing.sections import Section

Value = TypeVar("Value")
Read = Callable[[Cell], Value]
"""Makes of a cell that is not blank what it says; raises ValueError, which says what is wrong."""


class Row:
    """A row, whose readings put down problems; `sound` until the first one."""

    __slots__ = ("_cells", "_findings", "number", "section", "sound")

    def __init__(self, section: Section, line: Line, findings: Findings) -> None:
        self.section = section
        self.number, self._cells = line
        self._findings = findings
        self.sound = True

    def has(self, column: str) -> bool:
        """Whether a column of the table has a value in this row."""
        return self._cell(column) is not None

    def need(self, column: str, read: Read[Value]) -> Value | None:
        """What a column says; None, and a problem, where it says nothing or cannot be read."""
        if not self.has(column):
            self.problem(column, "it is empty")
            return None
        return self.may(column, read)

    def may(self, column: str, read: Read[Value]) -> Value | None:
        """What a column says; None where it says nothing, and, with a problem, if it is wrong."""
        cell = self._cell(column)
        if cell is None:
            return None
        if isinstance(cell, Unusable):
            self.sound = False
            if cell.what is not None:
                self.problem(column, cell.what)
            return None
        try:
            return read(cell)
        except ValueError as exc:
            self.problem(column, str(exc))
            return None

    def says(self, column: str, read: Read[Value]) -> Value | None:
        """What a column says, to look at it again; None, and no problem, if it cannot be read."""
        cell = self._cell(column)
        if cell is None or isinstance(cell, Unusable):
            return None
        try:
            return read(cell)
        except ValueError:
            return None

    def problem(self, column: str | None, what: str) -> None:
        """Puts down what is wrong with a column of this row, or with the row."""
        self.sound = False
        shown = None if column is None else self.section.shown(column)
        section = self.section
        self._findings.add(Problem(section.table.name, section.sheet, self.number, shown, what))

    def _cell(self, column: str) -> Cell:
        position, _ = self.section.columns.get(column, (len(self._cells), ""))
        return self._cells[position] if position < len(self._cells) else None
