"""What a stream of a sheet's values does not show: merged cells, and formulas without a value.

Office Open XML, ECMA-376 part 1, sections 18.3.1.4 (c), 18.3.1.40 (f) and 18.3.1.55 (mergeCell).
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final
from zipfile import ZipFile

from defusedxml.ElementTree import iterparse, parse
from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

from app.importing.grid import Merged

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

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
    """The marks of a sheet's XML."""
    marks = Marks()
    for _, element in iterparse(sheet):
        match _name(element.tag):
            case "c":
                parts = {_name(part.tag): part.text for part in element}
                if "f" in parts and not parts.get("v"):
                    marks.uncomputed.add(coordinate_to_tuple(element.attrib["r"]))
            case "row":
                marks.width = max(marks.width, _last_column(element))
                element.clear()
            case "mergeCell":
                address = element.get("ref", "")
                left, top, right, bottom = (edge or 1 for edge in range_boundaries(address))
                marks.merged.append(Merged(address, top, bottom, left, right))
    return marks


def _last_column(row: "Element") -> int:
    """The column of a row's last cell; cells without an address follow one another."""
    address = row[-1].get("r") if len(row) else None
    return len(row) if address is None else coordinate_to_tuple(address)[1]


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]
