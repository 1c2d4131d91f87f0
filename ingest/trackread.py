"""The kinds of track files: the one table of them, by the source that their fixes are kept with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ingest.trackcsv import read_csv
from ingest.trackfit import fit_points
from ingest.trackgpx import gpx_points
from ingest.trackkml import kml_points
from ingest.tracklines import BLOCK_BYTES, BadLines, Block
from ingest.trackpoints import BLOCK_POINTS, Found, point_blocks
from ingest.tracksource import Source, TrackFileError
from ingest.tracktcx import tcx_points


@dataclass(frozen=True, slots=True)
class Kind:
    """How the parts of a kind of file are called, and who reads them (None: lines of CSV)."""

    one: str
    some: str
    points: Callable[[Source], Iterator[Found]] | None = None


KINDS: Final = {
    "csv": Kind("line", "fixes"),
    "gpx": Kind("track point", "track points", gpx_points),
    "fit": Kind("record", "records with a place", fit_points),
    "tcx": Kind("track point", "track points with a place", tcx_points),
    "kml": Kind("point", "points with a time", kml_points),
}


def read_blocks(
    source: Source,
    device: str | None,
    *,
    block_bytes: int = BLOCK_BYTES,
    block_points: int = BLOCK_POINTS,
) -> Iterator[Block]:
    """Yield what a track file holds, block by block.

    All is of `device`; of a CSV only where it has no column that says whose, and one must be there
    where `device` is None. Raises TrackFileError, after the blocks before, where the file cannot be
    read (on).
    """
    kind = KINDS[source.kind]
    if kind.points is None:
        blocks = read_csv(source, device, block_bytes)
    else:
        blocks = point_blocks(source, device, kind.points(source), kind.one, block_points)
    try:
        yield from blocks
    except TrackFileError as exc:
        raise source.fault or exc from None
    if source.fault:
        raise source.fault


def none_usable(source: Source, bad: BadLines) -> TrackFileError:
    """Say what is wrong with a file that was read to its end and has no fix in it."""
    kind, path = KINDS[source.kind], source.path
    if not bad.count:
        return TrackFileError(f"{path} has no {kind.some}")
    first = bad.shown[0]
    none = f"none of its {bad.count} {kind.one}s" if bad.count > 1 else f"its only {kind.one}"
    can = "can" if bad.count > 1 else "cannot"
    return TrackFileError(f"{path}: {none} {can} be read; {first.place}: {first.reason}")
