"""From the bytes of files to what the rows of their tables say."""

from collections.abc import Callable, Sequence
from typing import Final

from app.compliance.calendar import Calendar
from app.importing import files, meaning
from app.importing.entries import Tables, Told
from app.importing.headings import TABLES
from app.importing.problems import Findings, NoTables
from app.importing.row import Row
from app.importing.sections import Section, kind_of, sections

Given = tuple[str, bytes]
"""A file's name, and its bytes."""


def read(
    given: Sequence[Given], table: str | None, calendar: Calendar, findings: Findings
) -> Tables:
    """What the tables in files say; what is wrong with them is put down in `findings`.

    `table` says what each file's first sheet holds, where neither its name nor its heading does.
    Local times are the calendar's. Raises NoTables for a file that is neither CSV nor XLSX, or in
    which there is no table.
    """
    tables = Tables()
    for file, data in given:
        grids = files.read(file, data, findings)
        if table is None and not any(kind_of(grid) for grid in grids):
            known = ", ".join(one.name for one in TABLES)
            msg = f"{file} has no table in it that is known: call it or its sheet one of {known}"
            raise NoTables(msg)
        for section in sections(grids, table, findings):
            _take(section, tables, calendar, findings)
    return tables


def _take(section: Section, tables: Tables, calendar: Calendar, findings: Findings) -> None:
    name = section.table.name
    told: list[Told[object]] = getattr(tables, name)  # each table has a field of its name
    rows = tables.rows.setdefault(name, [])
    for line in section.lines:
        row = Row(section, line, findings)
        entry = _TIMED[name](row, calendar) if name in _TIMED else _TIMELESS[name](row)
        rows.append(row)
        if entry is not None:
            told.append(Told(row, entry))


_TIMED: Final[dict[str, Callable[[Row, Calendar], object | None]]] = {
    "assignments": meaning.assignment,
    "duty": meaning.duty,
    "abstractions": meaning.abstraction,
}
_TIMELESS: Final[dict[str, Callable[[Row], object | None]]] = {
    "teams": meaning.team,
    "officers": meaning.officer,
    "plans": meaning.plan_window,
    "plan_hotspots": meaning.plan_hotspot,
    "trial_days": meaning.trial_day,
    "briefings": meaning.briefing,
}
