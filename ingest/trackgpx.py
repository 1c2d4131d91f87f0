"""Tracks out of GPX files."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element, ParseError

import polars as pl
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from ingest.moment import from_datetime
from ingest.trackkinds import known_binary
from ingest.tracklines import (
    LIMITS,
    SHOWN,
    BadLine,
    Block,
    TrackFileError,
    check_kind,
    clipped,
)

NAN: Final = float("nan")
BLOCK_POINTS: Final = 50_000
Fix: TypeAlias = tuple[int, float, float, float]  # microseconds, latitude, longitude, speed
COLUMNS: Final = {
    "number": pl.Int64,
    "time_us": pl.Int64,
    "lat": pl.Float64,
    "lon": pl.Float64,
    "speed_mps": pl.Float64,
}


def read_gpx(path: Path, device: str, block_points: int = BLOCK_POINTS) -> Iterator[Block]:
    """Yield the track points of a GPX file that can be read, and what is wrong with the others.

    All are of `device`. Times without an offset are UTC, as GPX 1.1 has all times (schema,
    `wptType`). Raises TrackFileError where the file is not GPX, after the points before.
    """
    begin, read, found, fault = 1, 0, list[Fix | str](), None
    try:
        for point, read in _points(path):
            found.append(_fix(point))
            if len(found) == block_points:
                yield _block(path, device, begin, found, read)
                begin, found = begin + len(found), []
    except OSError as exc:
        fault = TrackFileError(f"{path} cannot be read: {exc.strerror or exc}")
    except (ParseError, DefusedXmlException) as exc:
        fault = TrackFileError(f"{path} is not GPX: {exc}")
    if found:
        yield _block(path, device, begin, found, read)
    if fault:
        raise fault


def _block(path: Path, device: str, begin: int, found: Sequence[Fix | str], read: int) -> Block:
    """Return the track points from number `begin` on as a block; `read` bytes were read by then."""
    rows = [(number, *fix) for number, fix in enumerate(found, begin) if not isinstance(fix, str)]
    bad = [
        BadLine(str(path), f"track point {number}", fault)
        for number, fault in enumerate(found, begin)
        if isinstance(fault, str)
    ]
    frame = pl.DataFrame(rows, COLUMNS, orient="row").with_columns(
        pl.lit(device).alias("device"), pl.lit(NAN).alias("accuracy_m")
    )
    return Block(frame, bad[:SHOWN], len(bad), read)


def _points(path: Path) -> Iterator[tuple[Element, int]]:
    """Yield the track points of a GPX file of any version, forgetting each after it was used.

    With each, how many bytes were read by then.
    """
    with path.open("rb") as file:
        check_kind(path, known_binary(file.peek()))
        segment = None
        for event, element in iterparse(file, events=("start", "end")):
            name = _name(element)
            if event == "start":
                segment = element if name == "trkseg" else segment
                continue
            if name == "trkpt":
                yield element, file.tell()
                # Its segment would hold on to it until the segment ends.
                (element if segment is None else segment).clear()
            elif name in {"rtept", "wpt"}:
                element.clear()


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _fix(point: Element) -> Fix | str:
    """Return a track point as a fix (speed NaN: unknown), or what is wrong with it."""
    place = []
    for name, limit in LIMITS.items():
        degrees = _number(point.get(name))
        if not -limit <= degrees <= limit:
            said = clipped(point.get(name, ""))
            return f"{name} {said!r} is not within -{limit:.0f} to {limit:.0f}"
        place.append(degrees)
    inner = {_name(child): (child.text or "").strip() for child in point.iter()}
    time = inner.get("time", "")
    if not time:
        return "has no time"
    try:
        moment = _moment(time)
    except (ValueError, OverflowError):
        return f"time {clipped(time)!r} is not a date and time as GPX has them"
    return moment, place[0], place[1], _number(inner.get("speed"))


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
