"""What is wrong with a file, by table, row and column, and what else there is to know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MOST_PROBLEMS: Final = 1000  # more than anybody puts right before trying again


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
    """Problems and notes, gathered while files are read; past MOST_PROBLEMS they are counted."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, problem: Problem) -> None:
        """Takes one more problem."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more += 1


class Unsound(Exception):
    """What was to be imported has problems, so that nothing of it was stored."""

    def __init__(self, findings: Findings) -> None:
        count = len(findings.problems) + findings.more
        problems = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(f"{problems}, nothing was stored; the first: {findings.problems[0]}")
        self.problems: Sequence[Problem] = findings.problems
        self.more = findings.more
        self.notes: Sequence[str] = findings.notes
