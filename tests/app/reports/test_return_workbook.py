import datetime as dt
import io
import zipfile
from collections.abc import Callable

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet
from returned import month

from app.reports.errors import TemplateError
from app.reports.return_workbook import LONGEST_TEXT, MOST_UNPACKED, fill

FIRST = dt.datetime(2026, 10, 1)  # noqa: DTZ001 -- as a workbook has it
FIELDS = month("=cmd()", "wardens", "council", plan_name="Nights")


def made_of(prepare: Callable[[Worksheet], object]) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Return"
    prepare(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def filled(prepare: Callable[[Worksheet], object]) -> Worksheet:
    made = fill("r.xlsx", made_of(prepare), FIELDS)
    return load_workbook(io.BytesIO(made)).worksheets[0]


def funders(sheet: Worksheet) -> None:
    """As a funder's: a heading, a row for each organisation, their sum, a note below."""
    sheet["A1"] = "{{ plan_name }} in {{ month_name }}"
    sheet["B1"] = "{{ first_day }}"
    sheet.append(["Who", "Hours", "Cost", "Covered"])
    sheet.append(["{{ organisation.name }}", "{{ organisation.person_hours }}", "=B3*42.5", None])
    sheet.append(["Total", "=SUM(B3:B3)", "=B4*42.5", "{{ total.coverage_percent }}"])
    sheet["A6"] = "as agreed"
    sheet.merge_cells("A6:D6")
    sheet.row_dimensions[3].height, sheet.row_dimensions[4].height = 21, 30
    for cell in sheet[3]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="FFEEEEEE")
    sheet["B3"].number_format = "0.00"
    sheet["A4"].alignment = Alignment(horizontal="right")


def test_a_row_is_repeated_for_each_organisation_and_all_else_moves_with_it() -> None:
    sheet = filled(funders)
    rows = [[cell.value for cell in row] for row in sheet["A1:D8"]]
    assert rows[0][:2] == ["Nights in x", FIRST]
    assert rows[2] == ["=cmd()", 10, "=B3*42.5", None]
    assert rows[3] == ["wardens", 20, "=B4*42.5", None]
    assert rows[4] == ["council", 30, "=B5*42.5", None]
    assert rows[5] == ["Total", "=SUM(B3:B5)", "=B6*42.5", "not known"]
    assert rows[7][0] == "as agreed"
    assert [str(merged) for merged in sheet.merged_cells.ranges] == ["A8:D8"]
    assert [sheet.row_dimensions[row].height for row in (3, 4, 5, 6)] == [21, 21, 21, 30]
    for row in (3, 4, 5):
        assert sheet.cell(row, 1).font.bold
        assert sheet.cell(row, 2).number_format == "0.00"
    assert sheet["A6"].alignment.horizontal == "right"
    assert not sheet["A6"].font.bold


def test_a_name_is_no_formula_and_a_number_is_one() -> None:
    sheet = filled(funders)
    assert sheet["A3"].data_type == "s"
    assert sheet["B3"].data_type == "n"
    assert sheet["C3"].data_type == "f"


def test_a_row_of_none_is_empty() -> None:
    sheet = filled(lambda sheet: sheet.append(["{{ abstraction.reason }}", "kept"]))
    assert [cell.value for cell in sheet[1]] == [None, "kept"]


def test_formulas_of_other_sheets_follow() -> None:
    def prepare(sheet: Worksheet) -> None:
        funders(sheet)
        assert sheet.parent is not None
        sheet.parent.create_sheet("Sums")["A1"] = "=Return!B4+'Return'!B3+B4"

    made = fill("r.xlsx", made_of(prepare), FIELDS)
    sums = load_workbook(io.BytesIO(made))["Sums"]
    assert sums["A1"].value == "=Return!B6+'Return'!B3+B4"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (
            ["x", "{{ total.hours }}"],
            "r.xlsx, sheet Return, cell B1: there is no field total.hours",
        ),
        (["{{ abstraction.name }}"], "cell A1: there is no field abstraction.name"),
        (
            ["{{ organisation.name }}", "{{ hotspot.key }}"],
            "row 1: it is of hotspot and organisation",
        ),
        (['="{{ plan }}"'], "cell A1: a formula holds no field"),
        (["{{ plan"], "cell A1: unexpected end of template"),
    ],
)
def test_what_is_wrong_is_said_by_sheet_and_cell(cells: list[str], told: str) -> None:
    with pytest.raises(TemplateError) as caught:
        filled(lambda sheet: sheet.append(cells))
    assert told in str(caught.value)


def test_a_text_that_a_cell_would_cut_is_refused() -> None:
    book = made_of(lambda sheet: sheet.append(["{{ plan_name }}", "{{ definition }}"]))
    made = fill("r.xlsx", book, month(plan_name="x" * LONGEST_TEXT))
    assert load_workbook(io.BytesIO(made)).worksheets[0]["A1"].value == "x" * LONGEST_TEXT
    told = "r.xlsx, sheet Return, cell B1: it makes 32,768 characters; a cell holds 32,767"
    with pytest.raises(TemplateError, match=told):
        fill("r.xlsx", book, month(definition="x" * (LONGEST_TEXT + 1)))


def test_what_is_no_workbook_or_too_large_a_one_is_refused() -> None:
    with pytest.raises(TemplateError, match="no workbook"):
        fill("r.xlsx", b"PK", FIELDS)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(MOST_UNPACKED + 1))
    with pytest.raises(TemplateError, match="unpacks to more than 32 MiB"):
        fill("r.xlsx", bomb.getvalue(), FIELDS)
