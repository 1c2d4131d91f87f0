"""Visits as the table that `beatkeeper dwell` gives, and the files it writes it to."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from app.cli.wholefile import replacing

PART_ROWS: Final = 50_000  # made into text at once
RFC3339: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"


def table(visits: pl.DataFrame, devices: Sequence[str], hotspots: Sequence[str]) -> pl.DataFrame:
    """Return visits (see `dwell_visits.VISIT`) as rows by device, enter and hot spot.

    `devices` and `hotspots` are the names by number. Times are UTC timestamps, durations seconds.
    """
    moment = pl.Datetime("us", "UTC")
    seconds = {
        "dwell_s": visits["exit_us"] - visits["enter_us"],
        "inside_s": visits["inside_us"],
        "bridged_s": visits["bridged_us"],
        "low_s": visits["low_us"],
        "high_s": visits["outer_to_us"] - visits["outer_from_us"],
    }
    return visits.select(
        pl.Series(devices, dtype=pl.String)[visits["device"]].alias("device"),
        pl.Series(hotspots, dtype=pl.String)[visits["hotspot"]].alias("hotspot"),
        pl.col("enter_us").cast(moment).alias("enter"),
        pl.col("exit_us").cast(moment).alias("exit"),
        # By numpy, as polars multiplies by the inverse, which differs in the last digit.
        *(pl.Series(name, duration.to_numpy() / 1e6) for name, duration in seconds.items()),
        "enter_seen",
        "exit_seen",
        "fixes",
        "mean_speed_mps",
        "pass_through",
    ).sort("device", "enter", "hotspot")


def csv_parts(rows: pl.DataFrame) -> Iterator[str]:
    """Yield a table as CSV, a part at a time; times as RFC 3339 to the microsecond."""
    yield _in_text(rows.clear()).write_csv()
    for part in rows.iter_slices(PART_ROWS):
        yield _in_text(part).write_csv(include_header=False, float_precision=6)


def _write_csv(rows: pl.DataFrame, path: Path) -> None:
    _in_text(rows).write_csv(path, float_precision=6)


def _write_json(rows: pl.DataFrame, path: Path) -> None:
    # Polars itself keeps silent where the disk is full.
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number, part in enumerate(rows.iter_slices(PART_ROWS)):
            file.write(("," if number else "") + _in_text(part).write_json()[1:-1])
        file.write("]")


def _write_parquet(rows: pl.DataFrame, path: Path) -> None:
    rows.write_parquet(path)


WRITERS: Final[dict[str, Callable[[pl.DataFrame, Path], None]]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".parquet": _write_parquet,
}


def write(rows: pl.DataFrame, out: Path) -> None:
    """Write a table to `out` in the form that its ending names, whole or not at all.

    Raises OSError where that cannot be.
    """
    with replacing(out) as part:
        try:
            WRITERS[out.suffix.lower()](rows, part)
        except pl.exceptions.PolarsError as exc:  # such as: the disk is full
            raise OSError(str(exc)) from exc


def _in_text(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("enter", "exit").dt.strftime(RFC3339))
