"""The rows of a CSV file (RFC 4180), by commas, semicolons or tabs.

Where no comma parts the cells, numbers may be written with one.
"""

import codecs
import csv
import io
from collections import Counter
from typing import Final

from app.importing.grid import MOST_COLUMNS, MOST_ROWS, Grid, Line
from app.importing.problems import Findings, NoTables

SEPARATORS: Final = ",;\t"
LOOKED_AT: Final = 4096  # characters


def read(file: str, data: bytes, findings: Findings, *, most: int = MOST_ROWS) -> Grid:
    """The rows of a file. Raises NoTables where it is no text, or its quotes do not add up.

    So too where it has more than `most` rows and a heading.
    """
    encoding, begin = _text(file, data, findings)
    # Read from the bytes as it goes: of text in memory each character takes four.
    text = io.TextIOWrapper(io.BytesIO(data), encoding, errors="replace", newline="")
    separator = _separator(begin)
    rows = csv.reader(text, delimiter=separator, strict=True)
    lines: list[Line] = []
    once: dict[str, str] = {}  # most cells say what another has said
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            cells = [once.setdefault(cell, cell) or None for cell in map(str.strip, row)]
            if any(cells):
                lines.append((number, cells[:MOST_COLUMNS]))
            if len(lines) > most + 1:
                msg = f"{file} has more than {most} rows; import it in parts"
                raise NoTables(msg)
    except csv.Error as exc:
        msg = f"{file} cannot be read past row {number}: {exc}"
        raise NoTables(msg) from exc
    return Grid(file, None, lines, decimal_comma=separator != ",")


def _separator(begin: str) -> str:
    """The one that most lines have as often as each other; then the one that there is most of.

    A title above the table, or a note in it, may be full of another.
    """

    def likelihood(separator: str) -> tuple[int, int]:
        counts = Counter(line.count(separator) for line in begin.splitlines())
        del counts[0]
        return max(counts.values(), default=0), begin.count(separator)

    return max(SEPARATORS, key=likelihood)


def _text(file: str, data: bytes, findings: Findings) -> tuple[str, str]:
    """How the text is encoded, and how it begins."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if utf16 else "utf-8-sig"
    try:
        text = data.decode(encoding, errors="replace" if utf16 else "strict")
    except UnicodeDecodeError:
        findings.notes.append(f"{file} is not UTF-8; it was read as Windows text (cp1252)")
        encoding = "cp1252"
        text = data.decode(encoding, errors="replace")
    if "\0" in text:
        msg = f"{file} is neither CSV nor XLSX"
        raise NoTables(msg)
    return encoding, text[:LOOKED_AT]
