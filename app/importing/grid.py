"""A sheet as rows of cells, whatever the file it came in."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest.uploadbody import UNNAMED

MOST_ROWS: Final = 100_000  # a large force's duty times of a month
MOST_COLUMNS: Final = 256


@dataclass(frozen=True, slots=True)
class Unusable:
    """A cell that says nothing that can be used: what is wrong with it (None: told already)."""

    what: str | None


Cell = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta | Unusable | None
Line = tuple[int, Sequence[Cell]]
"""The number of a row, as the spreadsheet has it, and its cells."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A range of cells that are shown as one; rows and columns count from 1."""

    address: str
    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of a sheet that have something in them.

    `file` is what it is called; `title` that of the sheet, None in a CSV file. `merged` are ranges
    of which only the first cell says anything. `decimal_comma`: numbers may be written with one.
    """

    file: str
    title: str | None
    lines: Sequence[Line]
    merged: Sequence[Merged] = ()
    decimal_comma: bool = False

    @property
    def name(self) -> str:
        """The sheet's name in messages."""
        return self.file if self.title is None else sheet_name(self.file, self.title)


def sheet_name(file: str, title: str) -> str:
    """A workbook's sheet in messages; of a file that nobody has named, its title."""
    return title if file == UNNAMED else f"{file}!{title}"
