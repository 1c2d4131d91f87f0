"""Tracks out of files that people have: CSV and GPX."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from os.path import abspath
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.trackcsv import OPTIONAL, read_csv
from ingest.trackgpx import read_gpx
from ingest.tracklines import BadLine, TrackFileError


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
    unread: Sequence[TrackFileError]  # of files that are no use as a whole, one each


def read_tracks(paths: Sequence[Path]) -> TrackFile:
    """Return the fixes of CSV and GPX files together; at least one path.

    CSV has a header with `device,time,lat,lon` and, if it likes, `accuracy_m,speed_mps`, in any
    order, with commas, semicolons or tabs between; times are RFC 3339 or seconds since the Unix
    epoch. In GPX the device is the file's name without its ending, as the names of tracks are those
    of outings; of several files with one name it is as much of the path as tells them apart. Points
    of routes and waypoints are no fixes. Raises TrackFileError where no file is of any use: a line
    for each.
    """
    devices = _devices([path for path in paths if _is_gpx(path)])
    frames: list[pl.DataFrame] = []
    bad: list[BadLine] = []
    unread: list[TrackFileError] = []
    for path in paths:
        try:
            frame, wrong = read_gpx(path, devices[path]) if _is_gpx(path) else read_csv(path)
        except TrackFileError as exc:
            unread.append(exc)
        else:
            frames.append(frame)
            bad += wrong
    if not frames:
        raise TrackFileError("\n".join(str(exc) for exc in unread))
    rows = pl.concat(frames)
    names = sorted(rows["device"].unique().to_list())
    number = pl.DataFrame({"device": names, "number": np.arange(len(names))})
    rows = rows.join(number, on="device", how="left", maintain_order="left")
    return TrackFile(
        names=names,
        device=rows["number"].to_numpy().astype(np.int64),
        time_us=rows["time_us"].to_numpy().astype(np.int64),
        **{name: rows[name].to_numpy().astype(np.float64) for name in ("lat", "lon", *OPTIONAL)},
        bad=bad,
        unread=unread,
    )


def _is_gpx(path: Path) -> bool:
    return path.suffix.lower() == ".gpx"


def _devices(paths: Sequence[Path]) -> dict[Path, str]:
    """Return a name for each file, of the end of its path, without ending if that will do."""
    files = {path: Path(abspath(path)) for path in paths}  # noqa: PTH100 - it must not follow links
    names: dict[Path, str] = {}
    alike = set(files.values())
    for depth in range(1, max((len(file.parts) for file in alike), default=0) + 1):
        said = {file: "/".join(file.with_suffix("").parts[-depth:]) for file in alike}
        count = Counter(said.values())
        names |= {file: name for file, name in said.items() if count[name] == 1}
        alike -= names.keys()
    return {path: names.get(file, str(file)) for path, file in files.items()}
