"""`beatkeeper import crimes`: recorded crime, by which hot spots are suggested."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from app.cli.opening import OPERATOR, DatabaseOption, fail, with_database
from app.compliance.calendar import Calendar, zone
from app.importing.crimes import MOST_CRIMES, Reading, read
from app.importing.problems import NoTables
from app.main import system_clock
from app.places.crimes import Crimes
from app.storage import crimes as storage
from app.storage.engine import Database
from app.storage.types import from_us
from geofence.model import Floats

DONE, IN_PART, NOT_DONE = range(3)  # exit statuses; in part: some of it was bad
MOST_BYTES: Final = MOST_CRIMES * 512  # unpacked: twice what rows of data.police.uk take
FAR_DEG: Final = 2.0  # further than most forces reach
MOST_BETWEEN: Final = (5, 95)  # per cent: so few astray may be somebody's errors
_GZIP: Final = b"\x1f\x8b"

Place = tuple[float, float]
"""Longitude and latitude, degrees."""


class _Undone(Exception):
    """Ends the transaction of a dry run, once it has done all; tells how many were new."""

    def __init__(self, new: int) -> None:
        super().__init__()
        self.new = new


def import_crimes(
    files: Annotated[list[Path], typer.Argument(help="CSV (also .gz) or XLSX files.")],
    source: Annotated[
        str | None, typer.Option(help="Who recorded them, where the rows do not say.")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Of local times.")] = "Europe/London",
    database: DatabaseOption = "beatkeeper.db",
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look at everything, and store nothing.")
    ] = False,
) -> None:
    """Takes crimes from data.police.uk, or a force's own table with times and coordinates.

    Each good row is taken, whatever the others are; what is there already is counted and left.
    """
    try:
        calendar = Calendar(zone(time_zone))
    except ValueError as exc:
        fail(str(exc), NOT_DONE)
    done = [_take(file, source, calendar, database, dry_run=dry_run) for file in files]
    if dry_run:
        typer.echo("a dry run: nothing was stored")
    if any(done):
        raise typer.Exit(min(max(done), max(IN_PART, min(done))))


def _take(
    file: Path, source: str | None, calendar: Calendar, database: str, *, dry_run: bool
) -> int:
    """Takes one file, and says what became of it; gives the exit status of it alone."""
    try:
        found = read(file.name.removesuffix(".gz"), _bytes(file), source, calendar)
    except OSError as exc:
        typer.echo(f"beatkeeper: cannot read {file}: {exc.strerror or exc}", err=True)
        return NOT_DONE
    except NoTables as exc:
        typer.echo(f"beatkeeper: {exc}", err=True)
        return NOT_DONE

    async def store(opened: Database) -> tuple[int, Place | None]:
        async with opened.read() as reader:
            last = await storage.last_place(reader, OPERATOR)
        try:
            async with opened.write() as writer:
                new = await storage.put(writer, found.crimes, found.refs)
                _end(new, dry_run=dry_run)
        except _Undone as undone:
            return undone.new, last
        return new, last

    new, last = with_database(database, store)
    _tell(file, found, new)
    for line in _about(found, last, system_clock()):
        typer.echo(f"  {line}")
    return IN_PART if found.refused else DONE


def _end(new: int, *, dry_run: bool) -> None:
    if dry_run:
        raise _Undone(new)


def _bytes(file: Path) -> bytes:
    """What a file holds, unpacked; OSError where that cannot be."""
    with file.open("rb") as packed:
        opened = gzip.GzipFile(fileobj=packed) if packed.peek(2).startswith(_GZIP) else packed
        try:
            data = opened.read(MOST_BYTES + 1)
        except (EOFError, zlib.error) as exc:
            msg = f"it is no whole gzip file: {exc}"
            raise OSError(msg) from exc
    if len(data) > MOST_BYTES:
        msg = f"it holds more than {MOST_BYTES >> 20} MiB; import it in parts"
        raise OSError(msg)
    return data


def _tell(file: Path, found: Reading, new: int) -> None:
    for line in found.notes:
        typer.echo(f"note: {line}", err=True)
    for refused in found.refused:
        for problem in refused.first:
            typer.echo(f"beatkeeper: {problem}", err=True)
        rows = "1 row" if refused.count == 1 else f"{refused.count} rows"
        typer.echo(f"beatkeeper: {file.name}: {rows} left out: {refused.what}", err=True)
    left_out = found.rows - len(found.refs) - found.repeated
    said = f"{new} new, {len(found.refs) - new} there already, {left_out} not taken"
    typer.echo(f"{file.name}: {said if found.rows else 'there is no crime in it'}")


def _about(found: Reading, last: Place | None, now_us: int) -> list[str]:
    """What to know of the crimes of a file; `last`: where those are that were there before."""
    crimes = found.crimes
    if not len(crimes):
        return []
    lines = [_span(crimes), *_doubts(crimes, last, now_us)]
    unplaced = int((~crimes.placed).sum())
    if unplaced:
        zero = f", {found.nowhere} of them at 0, 0" if found.nowhere else ""
        lines.append(f"{unplaced} without a place{zero}: they count in totals, and in no hot spot")
    if found.repeated:
        lines.append(f"{found.repeated} rows repeat what another says of their reference")
    if crimes.snapped.any():
        lines.append(
            "places are snapped: data.police.uk moves each crime to one of a set of points that"
            " many share; times are months"
        )
    return lines


def _doubts(crimes: Crimes, last: Place | None, now_us: int) -> Iterator[str]:
    """What looks wrong of crimes that can be read."""
    if crimes.placed.any():
        yield from _doubts_of_places(np.column_stack([crimes.lon, crimes.lat])[crimes.placed], last)
    future = int((crimes.start_us > now_us).sum())
    if future:
        yield f"{future} of them in the future: look at how their dates are written"


def _doubts_of_places(places: Floats, last: Place | None) -> Iterator[str]:
    """What of the positions, degrees, [n, 2], looks swapped, where most or half of them are."""
    south, north = np.percentile(places[:, 1], MOST_BETWEEN, method="nearest")
    if north - south > FAR_DEG:
        yield (
            f"latitudes {south:.2f} and {north:.2f} are both in it: some may be swapped with"
            " longitudes, or of another force"
        )
    elif last is not None and np.abs(np.median(places, axis=0) - last).max() > FAR_DEG:
        yield (
            f"that is far from crimes that are there, about latitude {last[1]:.2f}, longitude"
            f" {last[0]:.2f}: see that it is another force, and that they are not swapped"
        )


def _span(crimes: Crimes) -> str:
    first, last = from_us(int(crimes.start_us.min())), from_us(int(crimes.end_us.max()))
    where = "nowhere"
    if crimes.placed.any():
        lat, lon = np.nanmedian(crimes.lat), np.nanmedian(crimes.lon)
        where = f"about latitude {lat:.2f}, longitude {lon:.2f}"
    return f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, {where}"
