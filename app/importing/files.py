"""The sheets of a file, told by its first bytes to be a workbook or text."""

from collections.abc import Sequence
from typing import Final

from app.importing import csvfile, workbook
from app.importing.grid import MOST_ROWS, Grid
from app.importing.problems import Findings, NoTables

_ZIP: Final = b"PK\x03\x04"
_COMPOUND: Final = b"\xd0\xcf\x11\xe0"  # of Excel up to 2003, and of workbooks with a password


def read(file: str, data: bytes, findings: Findings, *, most: int = MOST_ROWS) -> Sequence[Grid]:
    """The sheets of a file. Raises NoTables; also for text of more than `most` rows."""
    if not data.strip():
        msg = f"{file} is empty"
        raise NoTables(msg)
    if data.startswith(_COMPOUND):
        msg = f"{file} is an old or encrypted workbook; save it as XLSX without a password, or CSV"
        raise NoTables(msg)
    if data.startswith(_ZIP):
        return workbook.read(file, data, findings)
    return [csvfile.read(file, data, findings, most=most)]


def first(file: str, data: bytes, findings: Findings, *, most: int = MOST_ROWS) -> Grid:
    """The first sheet of a file. Raises NoTables; also where all of them are hidden."""
    grids = read(file, data, findings, most=most)
    if not grids:
        msg = f"{file} has no sheet that is not hidden"
        raise NoTables(msg)
    return grids[0]
