"""Every format, read back by somebody else's reader."""

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence

import openpyxl
import polars as pl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from app.reports.formats import FORMS, Format, xlsx
from app.reports.shapes import Shapes
from app.reports.table import Batch, Column, Heading, HotspotAt, Kind, Point, Table

TIME = dt.datetime(2026, 1, 15, 15, 2, 11, 250_001, dt.UTC)
DAY = dt.date(2026, 1, 15)
COLUMNS = (
    Column("hotspot", Kind.TEXT, "Which."),
    Column("count", Kind.INTEGER, "How many."),
    Column("length_s", Kind.NUMBER, "How long, in seconds."),
    Column("open", Kind.FLAG, "Whether."),
    Column("at", Kind.TIME, "When."),
    Column("day", Kind.DATE, "On which day."),
)
TABLE = Table("things", "Things", "Some things.", COLUMNS, HotspotAt("at"))
HEADING = Heading(TABLE, {"from": "2026-01-15", "note": 'said "so"'})
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x","y")')
NASTY = (
    *("a,b", 'q"u"o', "two\nlines", "two\r\nlines", "é \U0001f600 \u2028", "", " led ", "'=1"),
    *("http://example.org", "{=1}", "_x0041_", "<r><t>&</t></r>", "</t>&", "null", "x" * 32_767),
)


def batch(names: Sequence[str | None], **columns: object) -> Batch:
    rows = {"count": 7, "length_s": 738.75, "open": True, "at": TIME, "day": DAY} | columns
    whole = {"hotspot": list(names)} | {name: [value] * len(names) for name, value in rows.items()}
    return pl.DataFrame(whole, TABLE.schema)


def written(form: Format, *batches: Batch, heading: Heading = HEADING) -> bytes:
    file = io.BytesIO()
    FORMS[form].write(heading, iter(batches), file)
    return file.getvalue()


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def values(sheet: Worksheet) -> list[tuple[object, ...]]:
    return list(sheet.iter_rows(values_only=True))


def test_a_csv_has_times_with_zone_and_microseconds_and_empty_fields_for_the_unknown() -> None:
    unknown = dict.fromkeys(("count", "length_s", "open", "at", "day"))
    content = written(Format.CSV, batch(["HS1"]), batch([None], **unknown))
    assert content == (
        b"hotspot,count,length_s,open,at,day\r\n"
        b"HS1,7,738.75,true,2026-01-15T15:02:11.250001Z,2026-01-15\r\n"
        b",,,,,\r\n"
    )


def test_no_text_of_a_csv_is_a_formula_and_every_other_one_is_as_it_was() -> None:
    rows = read_csv(written(Format.CSV, batch([*FORMULAS, *NASTY])))
    assert [row["hotspot"] for row in rows] == [*("'" + text for text in FORMULAS), *NASTY]
    assert {row["count"] for row in rows} == {"7"}


def test_a_sign_by_itself_is_no_formula() -> None:
    rows = read_csv(written(Format.CSV, batch(["-", "+", "--", "-\n"])))
    assert [row["hotspot"] for row in rows] == ["-", "+", "'--", "'-\n"]


def test_a_negative_number_is_no_formula() -> None:
    (row,) = read_csv(written(Format.CSV, batch(["a"], count=-7, length_s=-0.5)))
    assert (row["count"], row["length_s"]) == ("-7", "-0.5")


def test_a_parquet_file_has_types_and_says_what_its_columns_mean() -> None:
    content = written(Format.PARQUET, batch([*FORMULAS, *NASTY]), batch([None], at=None))
    read = pl.read_parquet(io.BytesIO(content))
    assert read.schema == TABLE.schema
    assert read["hotspot"].to_list() == [*FORMULAS, *NASTY, None]
    assert (read["at"][0], read["at"][-1], read["day"][0]) == (TIME, None, DAY)
    said = pl.read_parquet_metadata(io.BytesIO(content))
    assert said["column.length_s"] == "How long, in seconds."
    assert (said["table"], said["parameter.note"]) == ("things", 'said "so"')


def test_json_has_rows_as_objects_beside_what_was_asked() -> None:
    read = json.loads(written(Format.JSON, batch(["HS1"]), batch(NASTY), batch([None], at=None)))
    assert (read["table"], read["parameters"]) == ("things", HEADING.parameters)
    assert read["items"][0] == {
        "hotspot": "HS1",
        "count": 7,
        "length_s": 738.75,
        "open": True,
        "at": "2026-01-15T15:02:11.250001Z",
        "day": "2026-01-15",
    }
    assert [row["hotspot"] for row in read["items"][1:]] == [*NASTY, None]


def test_a_workbook_has_typed_cells_and_sheets_of_definitions_and_parameters() -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(Format.XLSX, batch(["HS1", None]))))
    assert book.sheetnames == ["Things", "Definitions", "Parameters"]
    sheet = book["Things"]
    shown = TIME.replace(tzinfo=None, microsecond=250_000)  # openpyxl rounds to milliseconds
    midnight = dt.datetime.combine(DAY, dt.time())
    assert values(sheet) == [
        ("hotspot", "count", "length_s", "open", "at (UTC)", "day"),
        ("HS1", 7, 738.75, True, shown, midnight),
        (None, 7, 738.75, True, shown, midnight),
    ]
    assert sheet["E2"].number_format == "yyyy-mm-dd hh:mm:ss.000"
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:F3")
    assert ("length_s", "How long, in seconds.") in values(book["Definitions"])
    assert ("note", 'said "so"') in values(book["Parameters"])


def test_no_text_of_a_workbook_is_a_formula_a_link_or_xml() -> None:
    texts = [*FORMULAS, *NASTY]
    book = openpyxl.load_workbook(io.BytesIO(written(Format.XLSX, batch(texts))))
    cells = [row[0] for row in book["Things"].iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    assert not [cell for cell in cells if cell.hyperlink]
    escaped = {"_x0041_": "_x005F_x0041_", "<r><t>&</t></r>": "'<r><t>&</t></r>", "": ""}
    expected = [escaped.get(text, text).replace("\r", "_x000D_") for text in texts]
    assert [cell.value or "" for cell in cells] == expected


def test_what_no_xml_may_hold_does_not_spoil_a_workbook() -> None:
    names = ["bell\a", "nul\0", "\ufffe\uffff"]
    book = openpyxl.load_workbook(io.BytesIO(written(Format.XLSX, batch(names))))
    found = [row[0] for row in values(book["Things"])[1:]]
    assert found == ["bell_x0007_", "nul_x0000_", "\ufffd\ufffd"]


def test_a_text_too_long_for_a_cell_is_refused_rather_than_cut() -> None:
    with pytest.raises(ValueError, match="32,768 characters"):
        written(Format.XLSX, batch(["x" * 32_768]))


def test_a_full_sheet_is_followed_by_another_with_its_own_heading() -> None:
    file = io.BytesIO()
    xlsx.write(HEADING, iter([batch(["a", "b", "c"]), batch(["d", "e"])]), file, most_rows=3)
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["Things", "Things 2", "Things 3", "Definitions", "Parameters"]
    rows = [[row[0] for row in values(book[name])] for name in book.sheetnames[:3]]
    assert rows == [["hotspot", "a", "b"], ["hotspot", "c", "d"], ["hotspot", "e"]]
    assert [book[name].auto_filter.ref for name in book.sheetnames[:3]] == [
        "A1:F3",
        "A1:F3",
        "A1:F2",
    ]


def test_a_feature_is_drawn_as_its_hot_spot_was_at_the_time() -> None:
    shapes = Shapes(
        [
            ("HS1", TIME - dt.timedelta(days=9), TIME, '{"type":"Point","coordinates":[1,1]}'),
            ("HS1", TIME, None, '{"type":"Point","coordinates":[2,2]}'),
        ]
    )
    heading = Heading(TABLE, {}, shapes)
    rows = batch(["HS1"]), batch(["HS1"], at=TIME - dt.timedelta(seconds=1)), batch(["HS2"])
    read = json.loads(written(Format.GEOJSON, *rows, heading=heading))
    assert read["type"] == "FeatureCollection"
    places = [feature["geometry"] for feature in read["features"]]
    assert [place and place["coordinates"] for place in places] == [[2, 2], [1, 1], None]
    assert read["features"][0]["properties"]["at"] == "2026-01-15T15:02:11.250001Z"
    assert {feature["type"] for feature in read["features"]} == {"Feature"}


def test_a_point_is_drawn_where_it_is() -> None:
    columns = Column("lon", Kind.NUMBER, "Longitude."), Column("lat", Kind.NUMBER, "Latitude.")
    table = Table("pings", "Pings", "Some.", columns, Point())
    rows = pl.DataFrame({"lon": [-2.98, 1e-7, None], "lat": [53.4, 51.0, 51.0]})
    read = json.loads(written(Format.GEOJSON, rows, heading=Heading(table, {})))
    places = [feature["geometry"] for feature in read["features"]]
    assert places == [
        {"type": "Point", "coordinates": [-2.98, 53.4]},
        {"type": "Point", "coordinates": [1e-7, 51.0]},
        None,
    ]


@pytest.mark.parametrize("rows", [[], [batch([])]], ids=["no batch", "an empty one"])
def test_a_table_with_nothing_in_it_has_a_heading(rows: list[Batch]) -> None:
    assert written(Format.CSV, *rows) == b"hotspot,count,length_s,open,at,day\r\n"
    read = pl.read_parquet(io.BytesIO(written(Format.PARQUET, *rows)))
    assert (read.schema, len(read)) == (TABLE.schema, 0)
    assert json.loads(written(Format.JSON, *rows))["items"] == []
    assert json.loads(written(Format.GEOJSON, *rows))["features"] == []
    book = openpyxl.load_workbook(io.BytesIO(written(Format.XLSX, *rows)))
    assert [row[0] for row in values(book["Things"])] == ["hotspot"]
