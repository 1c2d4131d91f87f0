"""Tracks out of files that people have: CSV and GPX."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import numpy.typing as npt
import polars as pl
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from ingest.moment import from_datetime

REQUIRED: Final = ("device", "time", "lat", "lon")
OPTIONAL: Final = ("accuracy_m", "speed_mps")
FIRST_LINE: Final = 2  # of a CSV file's rows: the header is line 1
AROUND: Final = ' \t\r"'  # what may stand around a value
YEARS_S: Final = (-62_135_596_800.0, 253_402_300_799.0)  # 0001-01-01 to 9999-12-31
LIMITS: Final = {"lat": 90.0, "lon": 180.0}  # degrees WGS84
RFC3339: Final = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"
EPOCH: Final = r"^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$"


class TrackFileError(ValueError):
    """A file that no track can be read from; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line (of a CSV file) or track point (of a GPX file) that cannot be read."""

    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class TrackFile:
    """The fixes of files in columns of one length, in the order of the files."""

    names: Sequence[str]  # of the devices, sorted
    device: npt.NDArray[np.int64]  # position in `names`
    time_us: npt.NDArray[np.int64]  # microseconds since the Unix epoch, UTC
    lat: npt.NDArray[np.float64]  # degrees WGS84
    lon: npt.NDArray[np.float64]
    accuracy_m: npt.NDArray[np.float64]  # NaN: unknown
    speed_mps: npt.NDArray[np.float64]
    bad: Sequence[BadLine]


def read_tracks(paths: Sequence[Path]) -> TrackFile:
    """Return the fixes of CSV and GPX files together.

    CSV has a header with `device,time,lat,lon` and, if it likes, `accuracy_m,speed_mps`, in any
    order; times are RFC 3339 or seconds since the Unix epoch. In GPX the device is the file's name
    without its ending, as the names of tracks are those of outings; points of routes and waypoints
    are no fixes. Raises TrackFileError where a file cannot be read or has no fixes at all.
    """
    read = [_read_gpx(p) if p.suffix.lower() == ".gpx" else _read_csv(p) for p in paths]
    rows = pl.concat([frame for frame, _ in read])
    names = sorted(rows["device"].unique().to_list())
    number = pl.DataFrame({"device": names, "number": np.arange(len(names))})
    rows = rows.join(number, on="device", how="left", maintain_order="left")
    return TrackFile(
        names=names,
        device=rows["number"].to_numpy().astype(np.int64),
        time_us=rows["time_us"].to_numpy().astype(np.int64),
        **{name: rows[name].to_numpy().astype(np.float64) for name in ("lat", "lon", *OPTIONAL)},
        bad=[line for _, bad in read for line in bad],
    )


def _read_csv(path: Path) -> tuple[pl.DataFrame, list[BadLine]]:
    try:
        path.open("rb").close()  # polars' own words for what fails here are for programmers
        text = pl.read_csv(
            path,
            infer_schema=False,
            quote_char=None,  # a stray quote must not swallow the lines after it
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
            glob=False,
        )
    except pl.exceptions.NoDataError as exc:
        message = f"{path} is empty"
        raise TrackFileError(message) from exc
    except pl.exceptions.PolarsError as exc:
        message = f"{path} is not CSV: {str(exc).splitlines()[0]}"
        raise TrackFileError(message) from exc
    except OSError as exc:
        message = f"{path} cannot be read: {exc.strerror or exc}"
        raise TrackFileError(message) from exc
    text = text.rename({name: name.strip(AROUND).lower() for name in text.columns})
    missing = [name for name in REQUIRED if name not in text.columns]
    if missing:
        message = f"{path} has no column {', '.join(missing)} (its first line names the columns)"
        raise TrackFileError(message)
    if text.is_empty():
        message = f"{path} has no fixes"
        raise TrackFileError(message)
    return _parse(path, text)


def _parse(path: Path, text: pl.DataFrame) -> tuple[pl.DataFrame, list[BadLine]]:
    """Return the rows that can be read, and what is wrong with the others."""
    given = [name for name in OPTIONAL if name in text.columns]
    text = text.select(
        pl.col(name).str.strip_chars(AROUND).replace("", None) for name in (*REQUIRED, *given)
    )
    epoch = pl.col("time").str.contains(EPOCH)
    seconds = pl.col("time").cast(pl.Float64, strict=False)
    seconds = pl.when(seconds.is_between(*YEARS_S)).then(seconds * 1e6).round().cast(pl.Int64)
    stamp = pl.when(pl.col("time").str.contains(RFC3339)).then(
        pl.col("time").str.to_uppercase().str.replace(" ", "T", literal=True)
    )
    moment = stamp.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    rows = text.select(
        "device",
        pl.when(epoch).then(seconds).otherwise(moment.dt.epoch("us")).alias("time_us"),
        *(
            pl.col(name).cast(pl.Float64, strict=False)
            if name in text.columns
            else pl.lit(None, pl.Float64).alias(name)
            for name in ("lat", "lon", *OPTIONAL)
        ),
    )
    fault = _fault(text, rows)
    bad = [
        BadLine(str(path), f"line {row + FIRST_LINE}", reason)
        for row, reason in fault.with_row_index().drop_nulls().iter_rows()
    ]
    return rows.filter(fault["fault"].is_null()).with_columns(_nan(OPTIONAL)), bad


def _fault(text: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return what is wrong with each row, null if nothing is: the first thing from the left."""
    both = text.select(pl.all().name.prefix("text_")).hstack(rows)
    checks = [
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
    return both.select(pl.coalesce(checks).alias("fault"))


def _nan(names: Sequence[str]) -> list[pl.Expr]:
    return [pl.col(name).fill_null(float("nan")) for name in names]


def _read_gpx(path: Path) -> tuple[pl.DataFrame, list[BadLine]]:
    rows: list[tuple[int, float, float, float]] = []
    bad: list[BadLine] = []
    timeless = 0
    try:
        for number, point in enumerate(_points(path), 1):
            found = _fix(point)
            if isinstance(found, str):
                timeless += found == NO_TIME
                bad.append(BadLine(str(path), f"track point {number}", found))
            else:
                rows.append(found)
    except OSError as exc:
        message = f"{path} cannot be read: {exc.strerror or exc}"
        raise TrackFileError(message) from exc
    except (ParseError, DefusedXmlException) as exc:
        message = f"{path} is not GPX: {exc}"
        raise TrackFileError(message) from exc
    if not rows:
        why = "has track points, but none with a time" if timeless else "has no track points"
        message = f"{path} {why}"
        raise TrackFileError(message)
    columns = dict(
        zip(("time_us", "lat", "lon", "speed_mps"), map(list, zip(*rows, strict=True)), strict=True)
    )
    frame = pl.DataFrame(columns).select(
        pl.lit(path.stem).alias("device"),
        "time_us",
        "lat",
        "lon",
        pl.lit(float("nan")).alias("accuracy_m"),
        "speed_mps",
    )
    return frame, bad


NO_TIME: Final = "has no time"


def _points(path: Path) -> Iterator[Element]:
    """Yield the track points of a GPX file of any version, forgetting each after it was used."""
    with path.open("rb") as file:
        for _, element in iterparse(file, events=("end",)):
            name = _name(element)
            if name == "trkpt":
                yield element
            if name in {"trkpt", "trkseg", "rtept", "wpt"}:
                element.clear()


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _fix(point: Element) -> tuple[int, float, float, float] | str:
    """Return microseconds, latitude, longitude and speed (NaN: unknown), or what is wrong."""
    place = []
    for name, limit in LIMITS.items():
        degrees = _number(point.get(name))
        if not -limit <= degrees <= limit:
            return f"{name} {point.get(name)!r} is not within -{limit:.0f} to {limit:.0f}"
        place.append(degrees)
    said = {_name(child): (child.text or "").strip() for child in point.iter()}
    time = said.get("time", "")
    if not time:
        return NO_TIME
    try:
        moment = from_datetime(datetime.fromisoformat(time))
    except (ValueError, OverflowError):
        return f"time {time!r} is not RFC 3339 with an offset"
    return moment, place[0], place[1], _number(said.get("speed"))


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")
