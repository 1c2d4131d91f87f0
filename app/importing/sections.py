"""Which table a sheet holds, where its heading is, and its rows by column."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from openpyxl.utils import get_column_letter

from app.importing.grid import MOST_COLUMNS, Cell, Grid, Line, Merged, Unusable
from app.importing.headings import TABLES, Table, column_of, table_of
from app.importing.problems import MOST_PROBLEMS, Findings, Problem

LOOKED_AT: Final = 10  # rows in which the heading is: above it there may be a title
QUOTED: Final = 60


@dataclass(frozen=True, slots=True)
class Section:
    """A table found in a sheet: its columns' positions and headings, and the rows below them."""

    table: Table
    sheet: str
    columns: Mapping[str, tuple[int, str]]
    lines: Sequence[Line]
    decimal_comma: bool = False  # numbers may be written with one

    def shown(self, column: str) -> str:
        """A column in messages: its letter and heading; its name where it is not there."""
        if column not in self.columns:
            return column
        position, heading = self.columns[column]
        return f"{get_column_letter(position + 1)} ({heading})"


def sections(grids: Sequence[Grid], table: str | None, findings: Findings) -> Sequence[Section]:
    """The tables of a file's sheets. Sheets that hold none are passed over, which notes say.

    `table` is what the file's only sheet holds, or its first that is not called otherwise.
    """
    given = None if table is None else table_of(table)
    found: list[Section] = []
    for grid in grids:
        findings.sheets.setdefault(grid.name, len(findings.sheets))
        kind, given = given or kind_of(grid), None
        if kind is None:
            findings.notes.append(f"{grid.name} was passed over: its heading is that of no table")
            continue
        section = section_of(grid, kind, findings)
        if section is not None:
            found.append(section)
    return found


def kind_of(grid: Grid) -> Table | None:
    """The table that a sheet is called; else that of whose columns its heading has the most.

    All that the table must have are among them; None if there is no such table.
    """
    named = table_of(grid.title or grid.file.rpartition(".")[0])
    return named or _recognised(grid)


def _recognised(grid: Grid) -> Table | None:
    best: Table | None = None
    most = 0
    for table in TABLES:
        for _, cells in grid.lines[: LOOKED_AT if table.by_header else 0]:
            named = {column_of(table, str(cell)) for cell in cells if isinstance(cell, str)}
            if named >= set(table.needed) and len(named - {None}) > most:
                best, most = table, len(named - {None})
    return best


def section_of(grid: Grid, table: Table, findings: Findings) -> Section | None:
    """The table in a sheet; None, and problems, where its columns are not all there."""
    if not grid.lines:
        findings.add(Problem(table.name, grid.name, None, None, "there is nothing in it"))
        return None
    row, cells = max(grid.lines[:LOOKED_AT], key=lambda line: _matches(table, line[1]))
    named = [(at, heading, column_of(table, heading)) for at, heading in _headings(cells)]
    columns = {column: (at, heading) for at, heading, column in named if column is not None}
    merged = [one for one in grid.merged if one.last_row >= row]
    if len(merged) > MOST_PROBLEMS:
        what = f"more than {MOST_PROBLEMS} ranges of cells are merged; unmerge all of them"
        findings.add(Problem(table.name, grid.name, None, None, what))
        return None
    lines = _unmerged([line for line in grid.lines if line[0] > row], merged)
    section = Section(table, grid.name, columns, lines, grid.decimal_comma)
    problems = [
        *_missing(section, row, [heading for _, heading, _ in named]),
        *_twice(section, row, named),
    ]
    for problem in (*problems, *_merged(section, grid.title, merged)):
        findings.add(problem)
    unknown = [heading[:QUOTED] for _, heading, column in named if column is None]
    if unknown:
        listed = ", ".join(repr(heading) for heading in unknown[:20])
        findings.notes.append(f"{grid.name}: these columns were not read: {listed}")
    if not lines:
        findings.notes.append(f"{grid.name} has no rows below its heading")
    return None if problems else section


def _matches(table: Table, cells: Sequence[Cell]) -> int:
    return len({column_of(table, heading) for _, heading in _headings(cells)} - {None})


def _headings(cells: Sequence[Cell]) -> list[tuple[int, str]]:
    return [(at, cell) for at, cell in enumerate(cells) if isinstance(cell, str)]


def _missing(section: Section, row: int, headings: Sequence[str]) -> Iterator[Problem]:
    """A problem for each column that the table lacks."""
    table = section.table
    there = ", ".join(heading[:QUOTED] for heading in headings[:20])
    lacks = [column for column in table.needed if column not in section.columns]
    if table.either and not section.columns.keys() & set(table.either):
        lacks.append(" or ".join(table.either))
    for column in lacks:
        what = f"the table {table.name} needs a column {column}; its heading has: {there}"
        yield Problem(table.name, section.sheet, row, column, what)


def _twice(
    section: Section, row: int, named: Sequence[tuple[int, str, str | None]]
) -> Iterator[Problem]:
    """A problem for each column that more than one heading means."""
    for meant in section.columns:
        places = [
            f"{get_column_letter(at + 1)} ({heading[:QUOTED]})"
            for at, heading, column in named
            if column == meant
        ]
        if len(places) > 1:
            what = f"{' and '.join(places)} both mean {meant!r}; rename or delete one"
            yield Problem(section.table.name, section.sheet, row, places[-1], what)


def _unmerged(lines: Sequence[Line], merged: Sequence[Merged]) -> Sequence[Line]:
    """Rows, of which the cells that are merged are told already, and say nothing."""
    if not merged:
        return lines
    numbers = np.array([number for number, _ in lines], np.int64)
    covered = np.zeros((len(lines), MOST_COLUMNS), bool)
    for one in merged:
        first, end = np.searchsorted(numbers, (one.first_row, one.last_row + 1))
        covered[first:end, one.first_column - 1 : one.last_column] = True
    return [
        (number, _blanked(cells, np.flatnonzero(here).tolist()))
        for (number, cells), here in zip(lines, covered, strict=True)
    ]


def _blanked(cells: Sequence[Cell], covered: Sequence[int]) -> Sequence[Cell]:
    """Cells with nothing that can be used where they are covered."""
    if not covered:
        return cells
    filled = [*cells, *(None for _ in range(covered[-1] + 1 - len(cells)))]
    for at in covered:
        filled[at] = Unusable(None)
    return filled


def _merged(section: Section, title: str | None, merged: Iterable[Merged]) -> Iterator[Problem]:
    """A problem for each merged range in the table: only its first cell says anything."""
    for one in merged:
        what = f"the cells {title}!{one.address} are merged; unmerge them and fill in each"
        column = get_column_letter(one.first_column)
        yield Problem(section.table.name, section.sheet, one.first_row, column, what)
