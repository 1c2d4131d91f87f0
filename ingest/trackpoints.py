"""What the readers of files of points share: a point, its time, and points by the block."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Final, NamedTuple, TypeAlias

import polars as pl

from ingest.moment import from_datetime
from ingest.tracklines import LIMITS, SHOWN, BadLine, Block, clipped
from ingest.tracksource import Source, TrackFileError

NAN: Final = float("nan")
BLOCK_POINTS: Final = 50_000


class Point(NamedTuple):
    """Where a device was and when (microseconds UTC); NaN: unknown."""

    time_us: int
    lat: float
    lon: float
    accuracy_m: float = NAN
    speed_mps: float = NAN
    heading_deg: float = NAN
    altitude_m: float = NAN


Found: TypeAlias = Point | str | None
"""A point; or what is wrong with it; or None for one that is none, and nothing is wrong with."""

_COLUMNS: Final = {
    "number": pl.Int64,
    "time_us": pl.Int64,
    **dict.fromkeys(Point._fields[1:], pl.Float64),
}


def point_blocks(
    source: Source,
    device: str | None,
    points: Iterator[Found],
    word: str,
    block_points: int = BLOCK_POINTS,
) -> Iterator[Block]:
    """Yield points of one device, block by block; the first of the file has number 1.

    A TrackFileError of `points` is raised after the points before it.
    """
    begin, found, fault = 1, list[Found](), None
    try:
        for point in points:
            found.append(point)
            if len(found) == block_points:
                yield _block(source, device, begin, found, word)
                begin, found = begin + len(found), []
    except TrackFileError as exc:
        fault = exc
    if found:
        yield _block(source, device, begin, found, word)
    if fault:
        raise fault


def _block(
    source: Source, device: str | None, begin: int, found: Sequence[Found], word: str
) -> Block:
    rows, bad = [], []
    for number, point in enumerate(found, begin):
        if isinstance(point, str):
            bad.append(BadLine(str(source.path), f"{word} {number}", point))
        elif point is not None:
            rows.append((number, *point))
    frame = pl.DataFrame(rows, _COLUMNS, orient="row")
    frame = frame.with_columns(pl.lit(device, pl.String).alias("device"))
    return Block(frame, bad[:SHOWN], len(bad), source.bytes_read)


def place_fault(lat: float, lon: float, texts: Sequence[str] | None = None) -> str | None:
    """Say which coordinate is none in degrees; `texts` are the two as the file has them."""
    for position, (name, degrees) in enumerate((("lat", lat), ("lon", lon))):
        limit = LIMITS[name]
        if not -limit <= degrees <= limit:  # never true of NaN
            said = repr(clipped(texts[position])) if texts else f"{degrees:.9g}"
            return f"{name} {said} is not within -{limit:.0f} to {limit:.0f}"
    return None


def moment_of(time: str, kind: str, zone: tzinfo | None = None) -> int | str:
    """Give the microseconds of an XML date and time, or what is wrong with it.

    One without an offset is of `zone`, or wrong where that is None. `kind` is the file's.
    """
    if not time:
        return "has no time"
    try:
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is None and zone is None and "T" in time:
            return f"time {clipped(time)!r} has no offset from UTC"
        if "T" in time:
            return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        pass
    return f"time {clipped(time)!r} is not a date and time as {kind} has them"


def number(text: str | None) -> float:
    """Give the number that a text says; NaN where it says none."""
    try:
        return float(text or "nan")
    except ValueError:
        return NAN
