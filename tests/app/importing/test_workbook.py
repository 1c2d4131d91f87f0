import io
import zipfile

import pytest
from openpyxl import Workbook
from sheets import workbook

from app.importing import csvfile
from app.importing import workbook as reading
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


def test_a_workbook_that_declares_entities_is_refused() -> None:
    clean = zipfile.ZipFile(io.BytesIO(workbook({"Duty": [["officer"]]})))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in clean.namelist():
            data = clean.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + data
            archive.writestr(name, data)
    with pytest.raises(NoTables, match=r"no workbook that can be read \(XLSX\): EntitiesForbidden"):
        reading.read("f.xlsx", file.getvalue(), Findings())


def test_more_rows_than_there_may_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["officer"], *([str(n)] for n in range(5))]
    monkeypatch.setattr(reading, "MOST_ROWS", 5)
    monkeypatch.setattr(csvfile, "MOST_ROWS", 5)
    with pytest.raises(NoTables, match="more than 5 rows"):
        reading.read("f.xlsx", workbook({"Duty": rows}), Findings())
    with pytest.raises(NoTables, match="more than 5 rows"):
        csvfile.read("f.csv", "\n".join(row[0] for row in rows).encode(), Findings())
