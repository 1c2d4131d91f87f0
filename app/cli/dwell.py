"""`beatkeeper dwell`: the engine on files, with no server."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final, NoReturn

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.progress import Progress

from app.cli import dwell_table
from app.cli.dwell_visits import measure
from app.cli.stopping import status, stoppable
from app.cli.wholefile import check
from geofence.features import Feature, read_features
from geofence.hotspots import Hotspots
from geofence.model import LONGEST_S, VAGUEST_M, Fixes, Hotspot, Profile
from ingest.trackfiles import Tracks
from ingest.tracksort import NoRoomError, TimeOrder
from ingest.tracksource import TrackFileError

LEFT_OUT: Final = 1  # exit status: done, but some lines or files could not be read
NOT_DONE: Final = 2
LEAST_S: Final = 1e-6  # the clock of fixes goes no finer


def dwell(
    tracks: Annotated[
        list[Path], typer.Argument(metavar="TRACK...", help="CSV, GPX, FIT, TCX or KML files.")
    ],
    hotspots: Annotated[Path, typer.Option(help="GeoJSON FeatureCollection of polygons.")],
    interval: Annotated[float, typer.Option(help="Seconds between fixes to expect.")] = 15.0,
    max_gap: Annotated[float | None, typer.Option(help="Longest leg, in seconds.")] = None,
    merge_gap: Annotated[float, typer.Option(help="Longest absence bridged, in seconds.")] = 120.0,
    still: Annotated[bool, typer.Option("--still", help="Devices fall silent when still.")] = False,  # noqa: FBT002 - a flag
    assumed_accuracy: Annotated[
        float, typer.Option(help="Metres, where a fix says nothing of its accuracy.")
    ] = 0.0,
    out: Annotated[
        Path | None, typer.Option(help="CSV, JSON or Parquet, by its ending; else CSV on stdout.")
    ] = None,
) -> None:
    """Work out from files of positions who was in which hot spot, and for how long."""
    profile = Profile(
        interval_s=_checked("--interval", interval, LEAST_S, LONGEST_S),
        max_gap_s=None if max_gap is None else _checked("--max-gap", max_gap, LEAST_S, LONGEST_S),
        merge_gap_s=_checked("--merge-gap", merge_gap, 0.0, LONGEST_S),
        reports_when_still=not still,
        assumed_accuracy_m=_checked("--assumed-accuracy", assumed_accuracy, 0.0, VAGUEST_M),
    )
    features = sorted(_read_hotspots(hotspots), key=lambda feature: feature.id)
    if out is not None:
        _check_out(out, [*tracks, hotspots])
    read = Tracks(tracks)
    with stoppable():
        _write(_measured(read, features, profile), out)
        _tell(read)
    if read.bad.count or read.unread or read.broken:
        raise typer.Exit(LEFT_OUT)


def _measured(read: Tracks, features: Sequence[Feature], profile: Profile) -> pl.DataFrame:
    try:
        return _visits(read, features, profile)
    except KeyboardInterrupt as exc:
        _stop(exc, "nothing is written")
    except (TrackFileError, NoRoomError) as exc:
        _fail(str(exc))


def _visits(read: Tracks, features: Sequence[Feature], profile: Profile) -> pl.DataFrame:
    """Return the table of all visits, with a progress bar where people look on."""
    prepared = Hotspots.prepare(
        [Hotspot(i, f.geometry, f.buffer_m) for i, f in enumerate(features)]
    )
    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not sys.stderr.isatty())
    with bar, closing(TimeOrder()) as fixes:
        _sort(read, fixes, bar)
        visits = measure(_windows(fixes, bar), prepared, profile)
    return dwell_table.table(visits, read.names, [feature.id for feature in features])


def _sort(read: Tracks, fixes: TimeOrder, bar: Progress) -> None:
    task = bar.add_task("Reading", total=read.bytes_in_all)
    for block in read.blocks():
        fixes.add(block)
        bar.update(task, completed=read.bytes_read)


def _windows(fixes: TimeOrder, bar: Progress) -> Iterator[Fixes]:
    task = bar.add_task("Measuring", total=fixes.count)
    for window in fixes.windows():
        yield Fixes(
            device=window["device"].astype(np.int64),
            time_us=window["time_us"].astype(np.int64),
            lon=window["lon"].astype(np.float64),
            lat=window["lat"].astype(np.float64),
            accuracy_m=window["accuracy_m"].astype(np.float64),
        )
        bar.advance(task, len(window))


def _fail(message: str) -> NoReturn:
    typer.echo(f"beatkeeper dwell: {message}", err=True)
    raise typer.Exit(NOT_DONE)


def _stop(stop: KeyboardInterrupt, what: str) -> NoReturn:
    typer.echo(f"beatkeeper dwell: stopped; {what}", err=True)
    raise typer.Exit(status(stop))


def _checked(option: str, value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        _fail(f"{option} {value:g} is not within {least:g} to {most:.0f}")
    return value


def _check_out(out: Path, inputs: Sequence[Path]) -> None:
    if out.suffix.lower() not in dwell_table.WRITERS:
        _fail(f"--out {out} must end in {', '.join(dwell_table.WRITERS)}")
    for file in inputs:
        if _same(out, file):
            _fail(f"--out {out} is {file}, which is to be read: name another file")
    try:
        check(out)
    except OSError as exc:
        _fail(_unwritable(out, exc))


def _same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, be it by links."""
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there, which is for others to tell
        return False


def _write(rows: pl.DataFrame, out: Path | None) -> None:
    try:
        if out is None:
            for part in dwell_table.csv_parts(rows):
                typer.echo(part, nl=False)
        else:
            dwell_table.write(rows, out)
    except KeyboardInterrupt as exc:
        _stop(exc, "nothing is written" if out else "the table is not whole")
    except OSError as exc:
        _fail(_unwritable(out or "standard output", exc))


def _unwritable(out: Path | str, exc: OSError) -> str:
    return f"{out} cannot be written: {exc.strerror or exc}"


def _tell(read: Tracks) -> None:
    """Say what is wrong with the files that were read."""
    bad = read.bad
    lines = [f"{file} (left out, other files used)" for file in read.unread]
    lines += [f"{file} (what comes before is used)" for file in read.broken]
    lines += [str(line) for line in bad.shown]
    if bad.count > len(bad.shown):
        lines.append(f"and {bad.count - len(bad.shown)} more like these")
    if bad.count:
        lines.append(f"{bad.count} left out, all others used")
    lines += [f"{file} is named more than once; it is read once" for file in read.twice]
    lines += [f"{file}; all is used, in order of time" for file in read.backwards]
    for line in lines:
        typer.echo(f"beatkeeper dwell: {line}", err=True)


def _read_hotspots(path: Path) -> list[Feature]:
    try:
        collection = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        _fail(f"{path} cannot be read: {exc.strerror or exc}")
    except ValueError as exc:
        _fail(f"{path} is not JSON: {exc}")
    except RecursionError:
        _fail(f"{path} is nested too deeply to be read")
    features, faults = read_features(collection)
    if not features and not faults:
        faults = ["has no hot spots"]
    if faults:
        _fail("\n".join(f"{path}: {fault}" for fault in faults))
    return features
