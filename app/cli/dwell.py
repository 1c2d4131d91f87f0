"""`beatkeeper dwell`: the engine on files, with no server."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

import polars as pl
import typer

from geofence.engine import run
from geofence.features import Feature, read_features
from geofence.hotspots import Hotspots
from geofence.model import FARTHEST_M, LONGEST_S, Fixes, Hotspot, Profile, Visits
from ingest.trackfiles import TrackFile, read_tracks
from ingest.tracklines import BadLine, TrackFileError

LEFT_OUT: Final = 1  # exit status: done, but some lines or files could not be read
NOT_DONE: Final = 2
LEAST_S: Final = 1e-6  # the clock of fixes goes no finer
SHOWN: Final = 100  # bad lines named one by one
RFC3339: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"


def dwell(
    tracks: Annotated[list[Path], typer.Argument(metavar="TRACK...", help="CSV or GPX files.")],
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
    write = _writer(out)
    profile = Profile(
        interval_s=_checked("--interval", interval, LEAST_S, LONGEST_S),
        max_gap_s=None if max_gap is None else _checked("--max-gap", max_gap, LEAST_S, LONGEST_S),
        merge_gap_s=_checked("--merge-gap", merge_gap, 0.0, LONGEST_S),
        reports_when_still=not still,
        assumed_accuracy_m=_checked("--assumed-accuracy", assumed_accuracy, 0.0, FARTHEST_M),
    )
    features = sorted(_read_hotspots(hotspots), key=lambda feature: feature.id)
    try:
        track = read_tracks(tracks)
    except TrackFileError as exc:
        _fail(str(exc))
    prepared = Hotspots.prepare(
        [Hotspot(i, f.geometry, f.buffer_m) for i, f in enumerate(features)]
    )
    fixes = Fixes(track.device, track.time_us, track.lon, track.lat, track.accuracy_m)
    visits = run(fixes, prepared, profile)
    try:
        write(_table(visits, track, features))
    except OSError as exc:
        _fail(f"{out} cannot be written: {exc.strerror or exc}")
    if track.bad or track.unread:
        _name_left_out(track)
        raise typer.Exit(LEFT_OUT)


def _fail(message: str) -> NoReturn:
    typer.echo(f"beatkeeper dwell: {message}", err=True)
    raise typer.Exit(NOT_DONE)


def _checked(option: str, value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        _fail(f"{option} {value:g} is not within {least:g} to {most:.0f}")
    return value


def _name_left_out(track: TrackFile) -> None:
    for file in track.unread:
        typer.echo(f"beatkeeper dwell: {file} (left out, other files used)", err=True)
    if track.bad:
        _name_bad_lines(track.bad)


def _name_bad_lines(bad: Sequence[BadLine]) -> None:
    for line in bad[:SHOWN]:
        typer.echo(f"beatkeeper dwell: {line}", err=True)
    if len(bad) > SHOWN:
        typer.echo(f"beatkeeper dwell: and {len(bad) - SHOWN} more like these", err=True)
    typer.echo(f"beatkeeper dwell: {len(bad)} left out, all others used", err=True)


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


def _table(visits: Visits, track: TrackFile, features: Sequence[Feature]) -> pl.DataFrame:
    """Return visits as rows, times as UTC timestamps, durations in seconds."""
    moment = pl.Datetime("us", "UTC")
    seconds = {
        "dwell_s": visits.dwell_us,
        "inside_s": visits.inside_us,
        "bridged_s": visits.bridged_us,
        "low_s": visits.low_us,
        "high_s": visits.high_us,
    }
    return pl.DataFrame(
        {
            "device": pl.Series([track.names[i] for i in visits.device], dtype=pl.String),
            "hotspot": pl.Series([features[i].id for i in visits.hotspot], dtype=pl.String),
            "enter": pl.Series(visits.enter_us).cast(moment),
            "exit": pl.Series(visits.exit_us).cast(moment),
            **{name: column / 1e6 for name, column in seconds.items()},
            "enter_seen": visits.enter_seen,
            "exit_seen": visits.exit_seen,
            "fixes": visits.fixes,
            "mean_speed_mps": visits.mean_speed_mps,
            "pass_through": visits.pass_through,
        }
    )


def _writer(out: Path | None) -> Callable[[pl.DataFrame], None]:
    """Return what writes a table to `out`, by its ending, or to standard output."""
    if out is None:
        return lambda table: typer.echo(_in_text(table).write_csv(float_precision=6), nl=False)
    writers: dict[str, Callable[[pl.DataFrame], None]] = {
        ".csv": lambda table: _in_text(table).write_csv(out, float_precision=6),
        ".json": lambda table: _in_text(table).write_json(out),
        ".parquet": lambda table: table.write_parquet(out),
    }
    writer = writers.get(out.suffix.lower())
    if writer is None:
        _fail(f"--out {out} must end in {', '.join(writers)}")
    return writer


def _in_text(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table with its times as RFC 3339 to the microsecond."""
    return table.with_columns(pl.col("enter", "exit").dt.strftime(RFC3339))
