"""What is wrong with a file, by table, row and column, and what else there is to know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MOST_PROBLEMS: Final = 1000  # more than anybody puts right before trying again
_MOST_KEPT: Final = 20 * MOST_PROBLEMS  # until only the first are kept


class NoTables(ValueError):
    """A file that no table can be read from; its text names it and says why."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: in which sheet, row (as the spreadsheet numbers it) and column, and what.

    `column` is its letter and heading, such as "C (Start)". Without `row` it is about the sheet.
    """

    table: str | None
    sheet: str
    row: int | None
    column: str | None
    what: str

    def __str__(self) -> str:
        """The problem on one line."""
        place = [
            self.sheet,
            None if self.row is None else f"row {self.row}",
            None if self.column is None else f"column {self.column}",
        ]
        return f"{', '.join(filter(None, place))}: {self.what}"


@dataclass(slots=True)
class Findings:
    """Problems and notes, gathered while files are read; of many problems those of the first rows.

    `sheets` are the sheets in the order in which their problems are told.
    """

    notes: list[str] = field(default_factory=list)
    sheets: dict[str, int] = field(default_factory=dict, compare=False)
    count: int = 0
    _problems: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Takes one more problem."""
        self.count += 1
        self.sheets.setdefault(problem.sheet, len(self.sheets))
        self._problems.append(problem)
        if len(self._problems) >= _MOST_KEPT:
            self._problems = self.problems

    @property
    def problems(self) -> list[Problem]:
        """The first MOST_PROBLEMS problems, by sheet, row and column."""
        return sorted(self._problems, key=self._place)[:MOST_PROBLEMS]

    @property
    def more(self) -> int:
        """How many problems there are beside those."""
        return max(self.count - MOST_PROBLEMS, 0)

    def _place(self, problem: Problem) -> tuple[int, int, int, str]:
        letters = (problem.column or "").partition(" ")[0]
        if not letters.isupper():  # a column that is not there
            letters = "ZZZZ" if letters else ""
        return self.sheets[problem.sheet], problem.row or 0, len(letters), letters


class Unsound(Exception):
    """What was to be imported has problems, so that nothing of it was stored."""

    def __init__(self, findings: Findings) -> None:
        count = findings.count
        first = findings.problems
        problems = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(f"{problems}, nothing was stored; the first: {first[0]}")
        self.problems: Sequence[Problem] = first
        self.more = findings.more
        self.notes: Sequence[str] = findings.notes
