"""Tracks out of CSV files (RFC 4180, and what people's programs make of it)."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import polars as pl

from ingest.moment import LEAST_MS
from ingest.tracklines import (
    ASIDE,
    BLOCK_BYTES,
    LIMITS,
    OPTIONAL,
    QUOTED,
    SHOWN,
    BadLine,
    Block,
    Lines,
    clipped,
    line_blocks,
)
from ingest.tracksource import Source, TrackFileError

REQUIRED: Final = ("device", "time", "lat", "lon")
KNOWN: Final = (*REQUIRED, *OPTIONAL, *ASIDE)
# What GPSLogger for Android calls them in its own CSV: metres, m/s and degrees, as here. By
# themselves such names say nothing of a unit.
GPSLOGGER: Final = {
    "elevation": "altitude_m",
    "accuracy": "accuracy_m",
    "bearing": "heading_deg",
    "speed": "speed_mps",
}
GPSLOGGER_HEADER: Final = {*GPSLOGGER, "satellites", "provider"}
SEPARATORS: Final = ",;\t"  # the one that the header has most of; the first if in doubt
HEADER: Final = 1  # number of the line that names the columns
HEADER_QUOTED: Final = 200  # most characters of it in a message
UNIT: Final = "\x1f"  # ASCII's own separator of fields
BLANK: Final = " \t\r"  # what may stand around a value
AROUND: Final = BLANK + '"'  # the same in a line whose quotes do not add up
YEARS_S: Final = (-62_135_596_800.0, 253_402_300_799.0)  # 0001-01-01 to 9999-12-31
RFC3339: Final = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"
EPOCH: Final = r"^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$"


def read_csv(
    source: Source, device: str | None = None, block_bytes: int = BLOCK_BYTES
) -> Iterator[Block]:
    """Yield the rows of a CSV file that can be read, block by block, and what is wrong with others.

    A quoted field may hold separators but no line break, so that a stray quote spoils its own line
    alone. Lines with nothing in them are passed over. A line that is not UTF-8 is none of ours: two
    names must not become one. Where no comma parts the fields, numbers may be written with one.
    `device` is whose the rows are where no column says so. Raises TrackFileError if the file cannot
    be read, is empty or lacks a column.
    """
    blocks = line_blocks(source, block_bytes)
    first = next(blocks, Lines([""], {}, 0))
    header, fault = first.text[0], first.faults.pop(0, None)
    if not header.strip():
        _check_header(source, fault, chain([first], blocks))
    first.text[0] = ""  # as a line that is passed over
    separator = max(SEPARATORS, key=header.count)
    names = _names(header, separator)
    if (fault or "\0" in header) and not set(names) & set(REQUIRED):
        message = f"{source.path} is no track: neither CSV, GPX, FIT, TCX nor KML"
        raise TrackFileError(message)
    _check_names(source, names, REQUIRED if device is None else REQUIRED[1:])
    source.passed_over = [clipped(name) for name in names if name and name not in KNOWN][:SHOWN]
    number = HEADER
    for lines in chain([first], blocks):
        text = list(lines.text)
        for position in lines.faults:
            text[position] = ""
        fields = _split(text, number, separator, names)
        if "device" not in names:
            fields = fields.with_columns(pl.lit(device, pl.String).alias("device"))
        rows = _parse(fields, decimal_comma=separator != ",")
        yield _block(source, lines, number, *_judged(fields, rows, len(names)))
        number += len(lines.text)


def _block(
    source: Source, lines: Lines, first: int, rows: pl.DataFrame, unread: pl.DataFrame
) -> Block:
    """Return a block of lines, the first of number `first`."""
    faults = dict(unread.head(SHOWN).iter_rows())
    faults |= {first + position: fault for position, fault in lines.faults.items()}
    bad = [BadLine(str(source.path), f"line {line}", faults[line]) for line in sorted(faults)]
    return Block(rows, bad[:SHOWN], len(unread) + len(lines.faults), lines.bytes_read)


def _check_header(source: Source, fault: str | None, blocks: Iterator[Lines]) -> None:
    """Raise TrackFileError if the first line has a `fault`, or no line says anything."""
    if fault:
        message = f"{source.path}, line {HEADER}: {fault}"
        raise TrackFileError(message)
    if not any(line.strip() for lines in blocks for line in lines.text):
        message = f"{source.path} is empty"
        raise TrackFileError(message)


def _check_names(source: Source, names: Sequence[str], required: Sequence[str]) -> None:
    count = Counter(names)
    missing = [name for name in required if not count[name]]
    if missing:
        there = clipped(", ".join(filter(None, names)), HEADER_QUOTED)
        lacks = f"has no column {', '.join(missing)}; its first line names: {there}"
        message = f"{source.path} {lacks}"
        raise TrackFileError(message)
    twice = [name for name in KNOWN if count[name] > 1]
    if twice:
        message = f"{source.path} has more than one column {', '.join(twice)}"
        raise TrackFileError(message)


def _names(header: str, separator: str) -> list[str]:
    """Return the names of the columns, ours for those that GPSLogger means the same by."""
    names = [name.lower() for name in _fields(header, separator)]
    if set(names) >= GPSLOGGER_HEADER:
        return [GPSLOGGER.get(name, name) for name in names]
    return names


def _fields(line: str, separator: str) -> list[str]:
    """Return the fields of a line: as RFC 4180 has it, or split at every separator."""
    try:
        (fields,) = csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        return [field.strip(AROUND) for field in line.split(separator)]
    return [field.strip(BLANK) for field in fields]


def _split(lines: Sequence[str], first: int, separator: str, names: Sequence[str]) -> pl.DataFrame:
    """Return the fields we know of lines that have something in them, null where nothing is said.

    Columns number (of the line; that of the first is `first`), count (of all its fields), then ours
    of `names`. Most lines need no more than a split, once their quotes are gone.
    """
    table = pl.DataFrame({"text": lines}, {"text": pl.String}).with_row_index("number", first)
    table = table.filter(pl.col("text").str.strip_chars(AROUND + separator) != "")
    quoted = table["text"].str.contains('"', literal=True)
    if not quoted.any():
        return _columns(table, separator, names)
    some = table.filter(quoted)
    # Quotes around whole fields that hold neither quotes nor separators say nothing.
    one = rf'( *"[^"{separator}]*"|[^"{separator}\r]*)'
    idle = some["text"].str.contains(rf"^{one}(?:{re.escape(separator)}{one})*[ \t\r]*$")
    text = pl.col("text").str.strip_chars_end(BLANK)
    bare = some.filter(idle).with_columns(text.str.replace_all('"', "", literal=True))
    odd = some.filter(~idle)
    # Joined again by what stands in no field: columns of lists from Python are slow and large.
    joined = [UNIT.join(_fields(text.rstrip(BLANK), separator)) for text in odd["text"]]
    parts = [
        _columns(table.filter(~quoted), separator, names),
        _columns(bare, separator, names),
        _columns(odd.with_columns(pl.Series("text", joined, pl.String)), UNIT, names),
    ]
    return pl.concat(parts).sort("number")


def _columns(table: pl.DataFrame, separator: str, names: Sequence[str]) -> pl.DataFrame:
    """Return the columns of `_split` from lines whose every separator parts two fields."""
    fields = pl.col("text").str.splitn(separator, len(names) + 1).struct
    columns = [
        fields.field(f"field_{names.index(name)}").str.strip_chars(BLANK).alias(name)
        for name in KNOWN
        if name in names
    ]
    count = pl.col("text").str.count_matches(separator, literal=True) + 1
    table = table.select("number", count.alias("count"), *columns)
    return table.with_columns(pl.col(pl.String).replace("", None))


def _judged(
    text: pl.DataFrame, rows: pl.DataFrame, width: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that could be read of texts, and number and first fault of the others.

    A row with more fields than the header's `width` is wrong as a whole: a comma too many, be it a
    decimal one, moves all values after it.
    """
    good = (text["count"] <= width) & rows["device"].is_not_null() & rows["time_us"].is_not_null()
    for name, limit in LIMITS.items():
        good &= rows[name].is_between(-limit, limit).fill_null(value=False)
    for name in set(OPTIONAL) & set(text.columns):
        good &= rows[name].is_not_null() | text[name].is_null()
    known = [pl.col(name).fill_null(float("nan")) for name in (*OPTIONAL, *ASIDE)]
    return (
        rows.filter(good).with_columns(known),
        _faults(text.filter(~good), rows.filter(~good), width),
    )


def _parse(text: pl.DataFrame, *, decimal_comma: bool) -> pl.DataFrame:
    """Return what the texts say, null where it makes no sense."""
    if decimal_comma:
        written = [name for name in KNOWN[1:] if name in text.columns]
        text = text.with_columns(pl.col(written).str.replace(",", ".", literal=True))
    epoch = pl.col("time").str.contains(EPOCH)
    count = pl.col("time").cast(pl.Float64, strict=False)
    seconds = pl.when(count.abs() < LEAST_MS).then(count).otherwise(count / 1000)
    seconds = pl.when(seconds.is_between(*YEARS_S)).then(seconds * 1e6).round().cast(pl.Int64)
    stamp = pl.when(pl.col("time").str.contains(RFC3339)).then("time")
    moment = stamp.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False, cache=False)
    return text.select(
        "number",
        "device",
        pl.when(epoch).then(seconds).otherwise(moment.dt.epoch("us")).alias("time_us"),
        *(
            pl.col(name).cast(pl.Float64, strict=False)
            if name in text.columns
            else pl.lit(None, pl.Float64).alias(name)
            for name in ("lat", "lon", *OPTIONAL, *ASIDE)
        ),
    )


def _faults(text: pl.DataFrame, rows: pl.DataFrame, width: int) -> pl.DataFrame:
    """Return the number of each row's line and the first thing wrong with it."""
    long = pl.col(pl.String).str.len_chars() > QUOTED
    short = pl.col(pl.String).str.head(QUOTED) + "\u2026"
    text = text.with_columns(pl.when(long).then(short).otherwise(pl.col(pl.String)))
    both = text.select(pl.all().name.prefix("text_")).hstack(rows)
    both = both.rechunk()  # `pl.format` may panic on more than one chunk
    shown = pl.format(f"has {{}} fields, but the header only {width}", "text_count")
    checks = [pl.when(pl.col("text_count") > width).then(shown)]
    checks += [
        pl.when(pl.col(f"text_{name}").is_null()).then(pl.lit(f"has no {name}"))
        for name in REQUIRED
    ]
    forms = "RFC 3339 with an offset nor seconds or milliseconds since 1970"
    shown = pl.format(f"time '{{}}' is neither {forms}", "text_time")
    checks.append(pl.when(pl.col("time_us").is_null()).then(shown))
    for name, limit in LIMITS.items():
        wrong = pl.format(f"{name} '{{}}' is not a number", f"text_{name}")
        checks.append(pl.when(pl.col(name).is_null()).then(wrong))
        within = pl.col(name).is_between(-limit, limit).fill_null(value=False)
        wrong = pl.format(
            f"{name} '{{}}' is not within -{limit:.0f} to {limit:.0f}", f"text_{name}"
        )
        checks.append(pl.when(~within).then(wrong))
    for name in OPTIONAL:
        if name in text.columns:
            wrong = pl.format(f"{name} '{{}}' is not a number", f"text_{name}")
            unread = pl.col(name).is_null() & pl.col(f"text_{name}").is_not_null()
            checks.append(pl.when(unread).then(wrong))
    return both.select("number", pl.coalesce(checks).alias("fault"))
