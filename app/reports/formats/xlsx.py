"""Tables as Excel workbooks: typed cells, and sheets that say what they mean and what was asked."""

import re
from collections.abc import Callable, Iterable, Sequence
from tempfile import TemporaryDirectory
from typing import IO, Final

import polars as pl
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.reports.table import Batch, Column, Heading, Kind, Table

MOST_ROWS: Final = 1_048_576
"""Of a sheet, its heading among them: as many as Excel opens."""

# Excel counts days from the end of 1899, as floats, which hold a microsecond of today.
_DAY_US: Final = 86_400_000_000
_1970: Final = 25_569
_SHOWN: Final = {Kind.TIME: "yyyy-mm-dd hh:mm:ss.000", Kind.DATE: "yyyy-mm-dd"}
_WIDTHS: Final = {Kind.TIME: 23, Kind.DATE: 12, Kind.TEXT: 18}
_LEAST_WIDTH: Final = 9
_WIDE: Final = 100
# No XML may hold them, not even by number. Of others the library takes care.
_NO_XML: Final = re.compile("[\ufffe\uffff]")
# The library would take it for XML of its own.
_RAW: Final = "<r>"


def write(
    heading: Heading, batches: Iterable[Batch], file: IO[bytes], most_rows: int = MOST_ROWS
) -> None:
    """Writes a table: its rows, on as many sheets as they need, `Definitions` and `Parameters`.

    Raises ValueError for a text that no cell holds, OSError.
    """
    with TemporaryDirectory(prefix="beatkeeper-") as folder:
        book = Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
            },
        )
        try:
            _write(book, heading, batches, most_rows)
        except FileCreateError as exc:
            raise OSError(str(exc)) from exc
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()  # which the library leaves open where something fails


def _write(book: Workbook, heading: Heading, batches: Iterable[Batch], most_rows: int) -> None:
    _Rows(book, heading.table, most_rows).write(batches)
    _listing(
        book,
        "Definitions",
        ("column", "definition"),
        ((column.name, column.about) for column in heading.table.columns),
    )
    said = {"table": heading.table.title, "about": heading.table.about}
    _listing(book, "Parameters", ("parameter", "value"), {**said, **heading.parameters}.items())
    book.close()


class _Rows:
    """The sheets with a table's rows."""

    def __init__(self, book: Workbook, table: Table, most_rows: int) -> None:
        self._book, self._table, self._most_rows = book, table, most_rows
        self._head = book.add_format({"bold": True})
        self._formats = {kind: book.add_format({"num_format": of}) for kind, of in _SHOWN.items()}
        self._sheets = 0
        self._sheet = self._begin()
        self._row = 1

    def write(self, batches: Iterable[Batch]) -> None:
        """Writes rows below each other, and on to a new sheet where one is full."""
        for batch in batches:
            for row in _in_cells(batch).iter_rows():
                if self._row == self._most_rows:
                    self._end()
                    self._sheet, self._row = self._begin(), 1
                for number, (write, value) in enumerate(zip(self._writers, row, strict=True)):
                    if value is not None:
                        write(self._row, number, value)
                self._row += 1
        self._end()

    def _begin(self) -> Worksheet:
        self._sheets += 1
        name = self._table.title if self._sheets == 1 else f"{self._table.title} {self._sheets}"
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        columns = self._table.columns
        for number, column in enumerate(columns):
            width = max(len(column.name) + 3, _WIDTHS.get(column.kind, _LEAST_WIDTH))
            sheet.set_column(number, number, width, self._formats.get(column.kind))
            _text(sheet)(0, number, _title(column), self._head)
        self._writers = [_writer(sheet, column.kind) for column in columns]
        return sheet

    def _end(self) -> None:
        self._sheet.autofilter(0, 0, self._row - 1, len(self._table.columns) - 1)


def _in_cells(batch: Batch) -> pl.DataFrame:
    """Times and days as Excel counts them; what is no number is unknown."""
    return batch.with_columns(
        pl.selectors.datetime().cast(pl.Int64) / _DAY_US + _1970,
        pl.selectors.date().cast(pl.Int32) + _1970,
        pl.selectors.float().replace([float("nan"), float("inf"), float("-inf")], None),
    )


def _title(column: Column) -> str:
    return f"{column.name} (UTC)" if column.kind is Kind.TIME else column.name


def _writer(sheet: Worksheet, kind: Kind) -> Callable[..., object]:
    """What writes one value; times have their format from the column."""
    writers: dict[Kind, Callable[..., object]]
    writers = dict.fromkeys(Kind, sheet.write_number)
    writers |= {Kind.TEXT: _text(sheet), Kind.FLAG: sheet.write_boolean}
    return writers[kind]


def _text(sheet: Worksheet) -> Callable[..., None]:
    def write(row: int, number: int, text: str, shown: Format | None = None) -> None:
        plain = _NO_XML.sub("\ufffd", text)
        if plain.startswith(_RAW):
            plain = "'" + plain
        if sheet.write_string(row, number, plain, shown):
            msg = f"a text of {len(text):,} characters is too long for a cell of a workbook"
            raise ValueError(msg)

    return write


def _listing(
    book: Workbook, name: str, head: Sequence[str], rows: Iterable[tuple[str, str]]
) -> None:
    """A sheet of two columns of text."""
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 0, _WIDTHS[Kind.TEXT])
    sheet.set_column(1, 1, _WIDE)
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    write = _text(sheet)
    for number, title in enumerate(head):
        write(0, number, title, bold)
    for row, texts in enumerate(rows, 1):
        for number, text in enumerate(texts):
            write(row, number, text)
