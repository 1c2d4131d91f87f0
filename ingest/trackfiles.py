"""Tracks out of files that people have: CSV, GPX, FIT, TCX and KML."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from os import fsencode
from os.path import abspath
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.trackkinds import ENDINGS
from ingest.tracklines import BLOCK_BYTES, BadLine, BadLines
from ingest.trackorder import Order
from ingest.trackread import KINDS, none_usable, read_blocks
from ingest.tracksource import Source, TrackFileError, open_track

FIX: Final = np.dtype(
    [
        ("device", "<i4"),  # its position in `Tracks.names`
        ("time_us", "<i8"),  # microseconds since the Unix epoch, UTC
        ("lat", "<f8"),  # degrees WGS84
        ("lon", "<f8"),
        ("accuracy_m", "<f8"),  # NaN: unknown
        ("speed_mps", "<f8"),
    ]
)
FIX_COLUMNS: Final = ("time_us", "lat", "lon", "accuracy_m", "speed_mps")
TrackFixes: TypeAlias = npt.NDArray[np.void]  # of dtype FIX


@dataclass(frozen=True, slots=True)
class Backwards:
    """A file of which `count` lines are earlier than the one before them of the same device."""

    file: str
    place: str  # of the first of them
    count: int

    def __str__(self) -> str:
        more = f", and {self.count - 1} more after it" if self.count > 1 else ""
        return f"{self.file}, {self.place}: time goes backwards here{more}"


class Tracks:
    """Files of tracks, read block after block.

    `names` of devices, what is `bad` and `unread`, and which files go `backwards` or are `broken`
    off in the middle, grow as `blocks` goes on. A path that is given `twice` is read once.

    CSV has a header with `device,time,lat,lon` and, if it likes, `accuracy_m,speed_mps`, in any
    order, with commas, semicolons or tabs between; times are RFC 3339 or seconds since the Unix
    epoch. In all other kinds the device is the file's name without its ending, as the names of
    tracks are those of outings, and what a file says of its maker people have never seen; of
    several files with one name it is as much of the path as tells them apart. Points without a time
    of their own (routes, waypoints, lines) are no fixes. A file may be packed with gzip or, alone,
    in a ZIP archive.
    """

    def __init__(self, paths: Sequence[Path], block_bytes: int = BLOCK_BYTES) -> None:
        self.bad = BadLines()
        self.unread: list[TrackFileError] = []  # of files that are no use as a whole, one each
        self.broken: list[TrackFileError] = []  # of files of which what comes before is used
        self.backwards: list[Backwards] = []
        self.bytes_read = 0
        places: dict[Path, list[Path]] = {}
        for path in paths:
            places.setdefault(_place(path), []).append(path)
        self.twice = [same[0] for same in places.values() if len(same) > 1]
        self._paths = [same[0] for same in places.values()]
        self._block_bytes = block_bytes
        self._numbers: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """Of the devices, as they turned up."""
        return list(self._numbers)

    @property
    def bytes_in_all(self) -> int:
        """Of all files, where that can be known: of a pipe it cannot."""
        return sum(path.stat().st_size for path in self._paths if path.is_file())

    def blocks(self) -> Iterator[TrackFixes]:
        """Yield the fixes of all files in their order; at least one path.

        Raises TrackFileError at the end where no file is of any use: a line for each.
        """
        devices = _devices([path for path in self._paths if _of_points(path)])
        for path in self._paths:
            try:
                with open_track(path) as source:
                    yield from self._file(source, devices.get(path))
            except TrackFileError as exc:
                self.unread.append(exc)
        if len(self.unread) == len(self._paths):
            raise TrackFileError("\n".join(str(exc) for exc in self.unread))

    def _file(self, source: Source, device: str | None) -> Iterator[TrackFixes]:
        used, bad, order, before = 0, BadLines(), Order(), self.bytes_read
        kind = KINDS[source.kind]
        try:
            for block in read_blocks(source, device, block_bytes=self._block_bytes):
                fixes = self._numbered(block.rows)
                used += len(fixes)
                bad.add(block.bad, block.bad_count)
                order.look(block.rows["number"].to_numpy(), fixes["device"], fixes["time_us"])
                self.bytes_read = before + block.bytes_read
                yield fixes
            if not used:
                raise none_usable(source, bad)
        except TrackFileError as exc:
            (self.broken if used else self.unread).append(exc)
        if used:
            self.bad.add(bad.shown, bad.count)
        if used and order.first is not None:
            place = f"{kind.one} {order.first}"
            self.backwards.append(Backwards(str(source.path), place, order.count))

    def _numbered(self, rows: pl.DataFrame) -> TrackFixes:
        names = rows["device"].unique(maintain_order=True).to_list()
        numbers = [self._numbers.setdefault(name, len(self._numbers)) for name in names]
        fixes = np.empty(len(rows), FIX)
        fixes["device"] = rows["device"].replace_strict(names, numbers, return_dtype=pl.Int32)
        for name in FIX_COLUMNS:
            fixes[name] = rows[name].to_numpy()
        return fixes


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
    bad: Sequence[BadLine]  # the first of them
    unread: Sequence[TrackFileError]  # of files that cannot be read, or not to their end


def read_tracks(paths: Sequence[Path]) -> TrackFile:
    """Return the fixes of files (see `Tracks`) that fit into memory; at least one path.

    Raises TrackFileError where no file is of any use: a line for each.
    """
    tracks = Tracks(paths)
    fixes = np.concatenate(list(tracks.blocks()))
    names = sorted(tracks.names)
    place = np.argsort(sorted(range(len(names)), key=tracks.names.__getitem__))
    return TrackFile(
        names=names,
        device=place[fixes["device"]],
        **{name: fixes[name] for name in FIX_COLUMNS},
        bad=tracks.bad.shown,
        unread=[*tracks.unread, *tracks.broken],
    )


def _of_points(path: Path) -> bool:
    """Tell whether a file is of a kind that does not say whose it is."""
    if not path.is_file():  # a pipe can be looked at only once
        return path.suffix.lower() in ENDINGS
    try:
        with open_track(path) as source:
            return KINDS[source.kind].points is not None
    except TrackFileError:
        return False


def _place(path: Path) -> Path:
    return Path(abspath(path))  # noqa: PTH100 - it must not follow links, which have names too


def _devices(paths: Sequence[Path]) -> dict[Path, str]:
    """Return a name for each file, of the end of its path, without ending if that will do.

    Where folders and all but the ending are the same, its name with the ending comes next.
    Bytes of it that are not UTF-8 are written as escapes, which tell names apart.
    """
    files = {path: _place(path) for path in paths}
    names: dict[Path, str] = {}
    alike = set(files.values())
    deepest = max((len(file.parts) for file in alike), default=0)
    for bare, depth in product((True, False), range(1, deepest + 1)):
        whole = {file: file.with_suffix("") if bare else file for file in alike}
        said = {file: "/".join(path.parts[-depth:]) for file, path in whole.items()}
        count = Counter(said.values())
        names |= {file: name for file, name in said.items() if count[name] == 1}
        alike -= names.keys()
    return {
        path: fsencode(names[file]).decode(errors="backslashreplace")
        for path, file in files.items()
    }
