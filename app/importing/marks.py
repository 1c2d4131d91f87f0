"""What a stream of a sheet's values does not show: merged cells, and formulas without a value.

Office Open XML, ECMA-376 part 1, sections 18.3.1.4 (c), 18.3.1.40 (f) and 18.3.1.55 (mergeCell).
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Final
from zipfile import ZipFile

from defusedxml.ElementTree import XMLParser, parse
from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

from app.importing.grid import Merged

SHEET_ROWS: Final = 1_048_576
SHEET_COLUMNS: Final = 16_384
_PART: Final = 1 << 16  # bytes
_BOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(slots=True)
class Marks:
    """A sheet's merged ranges, and the rows and columns of its formulas without a stored value.

    `width` is its last column, from 1.
    """

    merged: list[Merged] = field(default_factory=list)
    uncomputed: set[tuple[int, int]] = field(default_factory=set)
    width: int = 1


def sheet_paths(archive: ZipFile) -> Mapping[str, str]:
    """The file in the archive that each sheet is in, by the sheet's title."""
    with archive.open(_RELATIONS) as file:
        targets = {one.get("Id"): one.get("Target", "") for one in parse(file).getroot()}
    with archive.open(_BOOK) as file:
        sheets = [one for one in parse(file).getroot().iter() if _name(one.tag) == "sheet"]
    # A target is relative to the workbook's folder, or begins at the archive's root.
    return {
        str(one.get("name")): posixpath.normpath(
            posixpath.join("/xl", targets.get(one.get(_ID), ""))
        ).lstrip("/")
        for one in sheets
    }


def read(sheet: IO[bytes]) -> Marks:
    """The marks of a sheet's XML. Raises ValueError where it has more rows or columns than can be.

    No more of it is kept than its marks.
    """
    reader = _Reader()
    parser = XMLParser(target=reader)
    while part := sheet.read(_PART):
        parser.feed(part)
    parser.close()
    return reader.marks


class _Reader:
    """Takes a sheet's XML tag by tag; what has no address comes after the one before."""

    def __init__(self) -> None:
        self.marks = Marks()
        self._row = self._column = self._rows = self._cells = 0
        self._formula = self._value = self._in_value = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A tag begins."""
        match _name(tag):
            case "row":
                self._row = int(float(attributes.get("r", self._row + 1)))
                self._rows += 1
                self._column = self._cells = 0
                _require_most(max(self._row, self._rows), SHEET_ROWS, "rows")
            case "c":
                address = attributes.get("r")
                self._column = (
                    self._column + 1 if address is None else coordinate_to_tuple(address)[1]
                )
                self._cells += 1
                self._formula = self._value = False
                self.marks.width = max(self.marks.width, self._column)
                _require_most(max(self._column, self._cells), SHEET_COLUMNS, "columns")
            case "f":
                self._formula = True
            case "v":
                self._in_value = True
            case "mergeCell":
                self.marks.merged.append(_merged(attributes.get("ref", "")))

    def data(self, text: str) -> None:
        """Text between tags."""
        self._value |= self._in_value and bool(text)

    def end(self, tag: str) -> None:
        """A tag ends."""
        match _name(tag):
            case "v":
                self._in_value = False
            case "c" if self._formula and not self._value:
                self.marks.uncomputed.add((self._row, self._column))

    def close(self) -> None:
        """There is no more; the parser asks."""


def _require_most(number: int, most: int, what: str) -> None:
    if number > most:
        msg = f"a sheet has at most {most} {what}"
        raise ValueError(msg)


def _merged(address: str) -> Merged:
    left, top, right, bottom = (edge or 1 for edge in range_boundaries(address))
    return Merged(address, top, bottom, left, right)


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]
