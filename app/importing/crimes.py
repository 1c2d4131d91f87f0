"""Crimes out of a file: data.police.uk's street crime, or a force's own table with times.

https://data.police.uk/about/#columns has the columns of the first, and how its points come about.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.compliance.calendar import Calendar
from app.compliance.limits import LONGEST_NAME
from app.importing import files
from app.importing.cells import told
from app.importing.headings import CRIMES, squeezed
from app.importing.occurred import spans
from app.importing.positions import UNITED_KINGDOM, positions
from app.importing.problems import Findings, NoTables, Problem
from app.importing.sections import Section, section_of
from app.importing.values import name
from app.places.crimes import Crimes, Words
from geofence.model import Bools

MOST_CRIMES: Final = 500_000  # in one file: 0.85 GiB of memory, when measured
SHOWN: Final = 3  # refused rows that are told one by one, of each kind
OWN: Final = "own records"
"""Who recorded crimes of which neither a column nor the command says it."""
# Headings of data.police.uk.
_SNAPPED: Final = {
    "crimeid", "month", "reportedby", "longitude", "latitude", "location", "crimetype",
}  # fmt: skip
_EASTINGS: Final = {"easting", "eastings", "northing", "northings", "osgridref", "gridref"}
_NO_PLACE: Final = "No Location"
_JOINT: Final = "\t"  # in no reference: names have no control characters


@dataclass(frozen=True, slots=True)
class Refused:
    """Rows that are no crimes, all for one reason: how many, and the first few of them."""

    what: str
    count: int
    first: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: crimes, each with the `ref` by which it is known again; and what is wrong.

    `repeated` rows say of a reference what another has said. `nowhere` ones are at 0, 0, and so
    have no place.
    """

    crimes: Crimes
    refs: Sequence[str]
    refused: Sequence[Refused]
    rows: int
    repeated: int
    nowhere: int
    notes: Sequence[str]


def read(file: str, data: bytes, source: str | None, calendar: Calendar) -> Reading:
    """The crimes of a CSV file or a workbook's first sheet; bad rows cost no other.

    `source` is who recorded those that do not say it. Local times are the calendar's.
    Raises NoTables where there is no table, or it lacks columns.
    """
    findings = Findings()
    section = _section(file, data, findings)
    snapped = _is_snapped(section)
    when = spans(section, calendar)
    where = positions(section, UNITED_KINGDOM if snapped else None)
    refusing = _Refusing(section)
    for column, unread in when.wrong.items():
        refusing.add(f"{column} makes no sense", column, unread)
    for what, (column, wrong) in where.wrong.items():
        refusing.add(what, column, wrong)
    category, ref = refusing.texts("category"), refusing.texts("ref")
    empty = {
        row: "it is empty"
        for row, text in enumerate(category)
        if not text and not refusing.bad[row]
    }
    refusing.add("no category", "category", empty)
    recorded = [text or source or OWN for text in refusing.texts("source")]
    start_us, end_us = np.array(when.of, np.int64).reshape(-1, 2).T
    crimes = Crimes(
        start_us,
        end_us,
        where.lon,
        where.lat,
        np.full(len(category), snapped),
        Words.of(category),
        Words.of([_place(cell) for cell in told(section, "place", str).values]),
        Words.of(recorded),
    )
    good = np.flatnonzero(~refusing.bad)
    crimes, ref = crimes.take(good), [ref[row] for row in good.tolist()]
    refs, told_twice = _refs(crimes, ref, snapped=snapped)
    return Reading(
        crimes.take(~told_twice),
        [one for one, twice in zip(refs, told_twice.tolist(), strict=True) if not twice],
        refusing.refused,
        len(category),
        int(told_twice.sum()),
        where.nowhere,
        [] if snapped else findings.notes,  # whose columns everybody knows
    )


def _section(file: str, data: bytes, findings: Findings) -> Section:
    grid = files.first(file, data, findings, most=MOST_CRIMES)
    section = section_of(grid, CRIMES, findings)
    if section is None:
        headings = {squeezed(str(cell)) for _, cells in grid.lines[:1] for cell in cells}
        hint = "; turn eastings and northings into degrees (WGS84) first"
        said = "; ".join(str(problem) for problem in findings.problems)
        raise NoTables(said + (hint if headings & _EASTINGS else ""))
    return section


def _is_snapped(section: Section) -> bool:
    """Whether it is a file of data.police.uk, by its headings."""
    return {squeezed(heading) for _, heading in section.columns.values()} >= _SNAPPED


class _Refusing:
    """Puts down which rows are refused, and why."""

    def __init__(self, section: Section) -> None:
        self._section = section
        self.bad: Bools = np.zeros(len(section.lines), np.bool_)
        self.refused: list[Refused] = []

    def add(self, what: str, column: str, wrong: Mapping[int, str]) -> None:
        """Refuses rows, [row] -> what is wrong with its column."""
        if not wrong:
            return
        section = self._section
        self.bad[list(wrong)] = True
        first = [
            Problem(
                CRIMES.name, section.sheet, section.lines[row][0], section.shown(column), wrong[row]
            )
            for row in sorted(wrong)[:SHOWN]
        ]
        self.refused.append(Refused(what, len(wrong), first))

    def texts(self, column: str) -> list[str]:
        """The names in a column, empty where it says nothing; rows it cannot be read of go."""
        found = told(self._section, column, name)
        self.add(f"{column} makes no sense", column, found.wrong)
        return [text or "" for text in found.values]


def _place(said: str | None) -> str:
    text = " ".join((said or "").split())
    return "" if text == _NO_PLACE else text[:LONGEST_NAME]


def _refs(crimes: Crimes, given: Iterable[str], *, snapped: bool) -> tuple[list[str], Bools]:
    """What each crime is known by, and which rows only repeat another.

    A row without a reference is known by what it says. On data.police.uk each row is a crime, and
    a reference may stand in several files: there it goes with what the row says. In a force's own
    table, where a row may come again corrected, the reference is enough, and a row that says all
    the same of it as another repeats it. The second and later rows alike are numbered.
    """
    seen: Counter[tuple[str, str]] = Counter()
    known: set[tuple[str, str]] = set()
    refs: list[str] = []
    repeated = np.zeros(len(crimes), np.bool_)
    rows = zip(crimes.source.texts(), given, _contents(crimes), strict=True)
    for row, (source, ref, contents) in enumerate(rows):
        said = _digest(*contents)
        alike = f"{ref}{_JOINT}{said}"
        if ref and not snapped:
            repeated[row] = (source, alike) in known
            known.add((source, alike))
            alike = ref
        seen[source, alike] += not repeated[row]
        count = seen[source, alike]
        refs.append(alike if count == 1 else f"{alike}{_JOINT}{count}")
    return refs, repeated


def _contents(crimes: Crimes) -> Iterable[tuple[object, ...]]:
    return zip(
        crimes.start_us.tolist(),
        crimes.end_us.tolist(),
        crimes.lon.tolist(),
        crimes.lat.tolist(),
        crimes.category.texts(),
        crimes.place.texts(),
        strict=True,
    )


def _digest(*values: object) -> str:
    return hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()
