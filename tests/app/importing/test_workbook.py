import io
import zipfile
from collections.abc import Sequence

import pytest
from openpyxl import Workbook
from sheets import workbook

from app.importing import csvfile
from app.importing import workbook as reading
from app.importing.grid import Grid
from app.importing.problems import Findings, NoTables


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_hidden_sheets_are_named_and_not_read() -> None:
    book = Workbook()
    book.create_sheet("Duty").sheet_state = "hidden"
    findings = Findings()
    grids = reading.read("f.xlsx", saved(book), findings)
    assert [grid.title for grid in grids] == ["Sheet"]
    assert findings.notes == ["f.xlsx!Duty is hidden and was not read"]


def test_a_stray_value_far_below_costs_little_and_keeps_its_row() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["A1"], sheet["XFD1"], sheet["B50000"] = "x", "far", "y"
    (grid,) = reading.read("f.xlsx", saved(book), Findings())
    assert grid.lines == [(1, ["x"]), (50_000, [None, "y"])]


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is() -> None:
    file = io.BytesIO(workbook({"Duty": [["officer"]]}))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(reading.MOST_UNPACKED))
    with pytest.raises(NoTables, match="unpacks to more than 64 MiB"):
        reading.read("f.xlsx", file.getvalue(), Findings())


def rewritten(find: bytes, put: bytes) -> bytes:
    """A workbook with a sheet of an officer, in whose XML something is put in another's place."""
    clean = zipfile.ZipFile(io.BytesIO(workbook({"Duty": [["officer"], ["7"]]})))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in clean.namelist():
            data = clean.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert find in data
                data = data.replace(find, put)
            archive.writestr(name, data)
    return file.getvalue()


def with_rows(xml: bytes) -> bytes:
    return rewritten(b"</sheetData>", xml + b"</sheetData>")


def test_a_workbook_that_declares_entities_is_refused() -> None:
    data = rewritten(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet')
    with pytest.raises(NoTables, match=r"no workbook that can be read \(XLSX\): EntitiesForbidden"):
        reading.read("f.xlsx", data, Findings())


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (b'<row r="20000000"><c r="A20000000"><v>1</v></c></row>', "at most 1048576 rows"),
        (b"<row>" + b"<c/>" * 16_385 + b"</row>", "at most 16384 columns"),
        (b"<row>" + b'<c r="A3"/>' * 16_385 + b"</row>", "at most 16384 columns"),
        (b"<row/>" * 4_000_000, "more than 4000000 elements"),
    ],
)
def test_a_sheet_of_more_than_a_sheet_can_have_is_refused(xml: bytes, said: str) -> None:
    with pytest.raises(NoTables, match=said):
        reading.read("f.xlsx", with_rows(xml), Findings())


def test_a_formula_without_a_value_is_told_where_cells_have_no_addresses() -> None:
    data = with_rows(b"<row><c><v>8</v></c><c><f>A1</f></c></row>")
    (grid,) = reading.read("f.xlsx", data, Findings())
    assert grid.lines == [(1, ["officer"]), (2, ["7"]), (3, [8, reading.UNCOMPUTED])]


def test_more_rows_than_there_may_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["officer"], *([str(n)] for n in range(6))]

    def sheet(rows: list[list[str]]) -> Sequence[Grid]:
        return reading.read("f.xlsx", workbook({"Duty": rows}), Findings())

    def text(rows: list[list[str]]) -> Grid:
        data = "\n".join(row[0] for row in rows).encode()
        return csvfile.read("f.csv", data, Findings(), most=5)

    monkeypatch.setattr(reading, "MOST_ROWS", 5)
    with pytest.raises(NoTables, match="more than 5 rows"):
        sheet(rows)
    with pytest.raises(NoTables, match="more than 5 rows"):
        text(rows)
    # The heading is none of them.
    assert len(sheet(rows[:-1])[0].lines) == len(text(rows[:-1]).lines) == 6
