"""Tracks out of GPX files."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import polars as pl
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from ingest.moment import from_datetime
from ingest.tracklines import LIMITS, BadLine, TrackFileError, none_usable

NAN = float("nan")


def read_gpx(path: Path, device: str) -> tuple[pl.DataFrame, list[BadLine]]:
    """Return the track points of a GPX file that can be read, and what is wrong with the others.

    Columns device (`device` throughout), time_us, lat, lon, accuracy_m, speed_mps (NaN: unknown).
    Times without an offset are UTC, as GPX 1.1 has all times (schema, `wptType`). Raises
    TrackFileError if no track point can be read.
    """
    rows: list[tuple[int, float, float, float]] = []
    bad: list[BadLine] = []
    try:
        for number, point in enumerate(_points(path), 1):
            found = _fix(point)
            if isinstance(found, str):
                bad.append(BadLine(str(path), f"track point {number}", found))
            else:
                rows.append(found)
    except OSError as exc:
        message = f"{path} cannot be read: {exc.strerror or exc}"
        raise TrackFileError(message) from exc
    except (ParseError, DefusedXmlException) as exc:
        message = f"{path} is not GPX: {exc}"
        raise TrackFileError(message) from exc
    if bad and not rows:
        raise none_usable(bad, "track point")
    if not rows:
        message = f"{path} has no track points"
        raise TrackFileError(message)
    frame = pl.DataFrame(rows, ["time_us", "lat", "lon", "speed_mps"], orient="row").select(
        pl.lit(device).alias("device"),
        "time_us",
        "lat",
        "lon",
        pl.lit(NAN).alias("accuracy_m"),
        "speed_mps",
    )
    return frame, bad


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
        return "has no time"
    try:
        moment = _moment(time)
    except (ValueError, OverflowError):
        return f"time {time!r} is not a date and time as GPX has them"
    return moment, place[0], place[1], _number(said.get("speed"))


def _moment(time: str) -> int:
    """Return microseconds; ValueError or OverflowError if `time` is no date and time."""
    moment = datetime.fromisoformat(time)
    if "T" not in time:
        message = "a date alone is no moment"
        raise ValueError(message)
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return NAN
