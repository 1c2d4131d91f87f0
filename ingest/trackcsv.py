"""Tracks out of CSV files (RFC 4180, and what people's programs make of it)."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from ingest.tracklines import LIMITS, BadLine, TrackFileError, none_usable

REQUIRED: Final = ("device", "time", "lat", "lon")
OPTIONAL: Final = ("accuracy_m", "speed_mps")
SEPARATORS: Final = ",;\t"  # the one that the header has most of; the first if in doubt
FIRST_LINE: Final = 2  # of a CSV file's rows: the header is line 1
UNIT: Final = "\x1f"  # ASCII's own separator of fields
BLANK: Final = " \t\r"  # what may stand around a value
AROUND: Final = BLANK + '"'  # the same in a line whose quotes do not add up
YEARS_S: Final = (-62_135_596_800.0, 253_402_300_799.0)  # 0001-01-01 to 9999-12-31
RFC3339: Final = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"
EPOCH: Final = r"^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$"


def read_csv(path: Path) -> tuple[pl.DataFrame, list[BadLine]]:
    """Return the rows of a CSV file that can be read, and what is wrong with the others.

    Columns device (text), time_us, lat, lon, accuracy_m, speed_mps (NaN: unknown). A quoted field
    may hold separators but no line break, so that a stray quote spoils its own line alone. Lines
    with nothing in them are passed over. Raises TrackFileError if no row can be read.
    """
    header, *lines = _lines(path)
    separator = max(SEPARATORS, key=header.count)
    names = [name.lower() for name in _fields(header, separator)]
    _check_names(path, names)
    table = _split(lines, separator)
    if table.is_empty():
        message = f"{path} has no fixes"
        raise TrackFileError(message)
    text = table.select(
        "line",
        pl.col("fields").list.len().alias("count"),
        *(
            pl.col("fields").list.get(names.index(name), null_on_oob=True).replace("", None)
            .alias(name)
            for name in (*REQUIRED, *OPTIONAL)
            if name in names
        ),
    )  # fmt: skip
    rows = _parse(text)
    fault = _fault(text, rows, len(names))
    bad = [
        BadLine(str(path), f"line {line}", reason)
        for line, reason in fault.drop_nulls().iter_rows()
    ]
    if len(bad) == len(rows):
        raise none_usable(bad, "line")
    known = [pl.col(name).fill_null(float("nan")) for name in OPTIONAL]
    return rows.filter(fault["fault"].is_null()).with_columns(known), bad


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as exc:
        message = f"{path} cannot be read: {exc.strerror or exc}"
        raise TrackFileError(message) from exc
    if not text.strip():
        message = f"{path} is empty"
        raise TrackFileError(message)
    return text.split("\n" if "\n" in text else "\r")


def _check_names(path: Path, names: Sequence[str]) -> None:
    count = Counter(names)
    missing = [name for name in REQUIRED if not count[name]]
    if missing:
        message = f"{path} has no column {', '.join(missing)} (its first line names the columns)"
        raise TrackFileError(message)
    twice = [name for name in (*REQUIRED, *OPTIONAL) if count[name] > 1]
    if twice:
        message = f"{path} has more than one column {', '.join(twice)}"
        raise TrackFileError(message)


def _fields(line: str, separator: str) -> list[str]:
    """Return the fields of a line: as RFC 4180 has it, or split at every separator."""
    try:
        (fields,) = csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        return [field.strip(AROUND) for field in line.split(separator)]
    return [field.strip(BLANK) for field in fields]


def _split(lines: Sequence[str], separator: str) -> pl.DataFrame:
    """Return the numbers and fields of lines that have something in them."""
    table = pl.DataFrame({"text": lines}, {"text": pl.String}).with_row_index("line", FIRST_LINE)
    table = table.filter(pl.col("text").str.strip_chars(AROUND + separator) != "")
    quoted = pl.col("text").str.contains('"', literal=True)
    some = table.filter(quoted)
    # Joined again by what stands in no field: columns of lists from Python are slow and large.
    joined = [UNIT.join(_fields(text.rstrip(BLANK), separator)) for text in some["text"]]
    plain = pl.col("text").str.split(separator).list.eval(pl.element().str.strip_chars(BLANK))
    parts = [
        table.filter(~quoted).select("line", plain.alias("fields")),
        some.select("line", pl.Series("fields", joined, pl.String).str.split(UNIT)),
    ]
    return pl.concat(parts).sort("line")


def _parse(text: pl.DataFrame) -> pl.DataFrame:
    """Return what the texts say, null where it makes no sense."""
    epoch = pl.col("time").str.contains(EPOCH)
    seconds = pl.col("time").cast(pl.Float64, strict=False)
    seconds = pl.when(seconds.is_between(*YEARS_S)).then(seconds * 1e6).round().cast(pl.Int64)
    stamp = pl.when(pl.col("time").str.contains(RFC3339)).then(
        pl.col("time").str.to_uppercase().str.replace(" ", "T", literal=True)
    )
    moment = stamp.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    return text.select(
        "device",
        pl.when(epoch).then(seconds).otherwise(moment.dt.epoch("us")).alias("time_us"),
        *(
            pl.col(name).cast(pl.Float64, strict=False)
            if name in text.columns
            else pl.lit(None, pl.Float64).alias(name)
            for name in ("lat", "lon", *OPTIONAL)
        ),
    )


def _fault(text: pl.DataFrame, rows: pl.DataFrame, width: int) -> pl.DataFrame:
    """Return the number of each row's line and the first thing wrong with it, null if nothing is.

    A row with more fields than the header is wrong as a whole: a comma too many, be it a decimal
    one, moves all values after it.
    """
    both = text.select(pl.all().name.prefix("text_")).hstack(rows)
    shown = pl.format("has {} fields, but the header only {}", "text_count", pl.lit(width))
    checks = [pl.when(pl.col("text_count") > width).then(shown)]
    checks += [
        pl.when(pl.col(f"text_{name}").is_null()).then(pl.lit(f"has no {name}"))
        for name in REQUIRED
    ]
    shown = pl.format("time '{}' is neither RFC 3339 with an offset nor epoch seconds", "text_time")
    checks.append(pl.when(pl.col("time_us").is_null()).then(shown))
    for name, limit in LIMITS.items():
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
    return both.select("text_line", pl.coalesce(checks).alias("fault"))
