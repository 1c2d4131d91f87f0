"""`beatkeeper import crimes`: recorded crime, by which hot spots are suggested."""

import datetime as dt
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from app.access.audit import Act
from app.access.viewer import OPERATOR
from app.cli.accounting import ran
from app.cli.crime_words import Place, about, elsewhere_words, tell
from app.cli.opening import DatabaseOption, fail, with_database
from app.cli.rehearsal import writing
from app.clock import system_clock
from app.compliance.calendar import Calendar, zone
from app.importing.crimes import MOST_CRIMES, Reading, read
from app.importing.problems import NoTables
from app.storage import crimes as storage
from app.storage import hotspots
from app.storage.engine import Database
from app.storage.pages import Slice
from app.storage.types import from_us

DONE, IN_PART, NOT_DONE = range(3)  # exit statuses; in part: some of it was bad, not all
MOST_BYTES: Final = MOST_CRIMES * 512  # unpacked: twice what rows of data.police.uk take
_GZIP: Final = b"\x1f\x8b"


class _Elsewhere(Exception):
    """Crimes are far from all that is there; its text says from what."""


def import_crimes(
    files: Annotated[list[Path], typer.Argument(help="CSV (also .gz) or XLSX files.")],
    source: Annotated[
        str | None, typer.Option(help="Who recorded them, where the rows do not say.")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Of local times.")] = "Europe/London",
    database: DatabaseOption = "beatkeeper.db",
    *,
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere", help="Though it is far from all that is there.")
    ] = False,
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
    how = _How(source, calendar, database, elsewhere=elsewhere, dry_run=dry_run)
    done = [_take(file, how) for file in files]
    if dry_run:
        typer.echo("a dry run: nothing was stored")
    if any(done):
        raise typer.Exit(min(max(done), max(IN_PART, min(done))))


@dataclass(frozen=True, slots=True)
class _How:
    """What the command was told of all its files."""

    source: str | None
    calendar: Calendar
    database: str
    elsewhere: bool
    dry_run: bool


def _take(file: Path, how: _How) -> int:
    """Takes one file, and says what became of it; gives the exit status of it alone."""
    try:
        found = read(file.name.removesuffix(".gz"), _bytes(file), how.source, how.calendar)
    except OSError as exc:
        typer.echo(f"beatkeeper: cannot read {file}: {exc.strerror or exc}", err=True)
        return NOT_DONE
    except NoTables as exc:
        typer.echo(f"beatkeeper: {exc}", err=True)
        return NOT_DONE
    now_us = system_clock()

    async def store(opened: Database) -> tuple[int, Sequence[Place]]:
        there = await _there(opened, from_us(now_us))
        _refuse_elsewhere(found, there, how)
        async with writing(opened, dry_run=how.dry_run) as writer:
            return await storage.put(writer, found.crimes, found.refs), there

    try:
        entry = ran(Act.ALTERATION, "import crimes", file=file.name)
        new, there = with_database(how.database, store, entry)
    except _Elsewhere as exc:
        typer.echo(f"beatkeeper: {file.name}: {exc}", err=True)
        return NOT_DONE
    tell(file.name, found, new)
    for line in about(found, there, how.calendar, now_us):
        typer.echo(f"  {line}")
    if found.refused:
        return IN_PART if found.refs else NOT_DONE
    return DONE


async def _there(opened: Database, now: dt.datetime) -> list[Place]:
    """Where the crimes and hot spots are that are there: a place of each, or none."""
    async with opened.read() as reader:
        last = await storage.last_place(reader, OPERATOR)
        drawn = await hotspots.page(reader, OPERATOR, Slice(1), now, now)
    middles = [one.geometry.centroid for one in drawn.items]
    return [*([] if last is None else [last]), *((middle.x, middle.y) for middle in middles)]


def _refuse_elsewhere(found: Reading, there: Sequence[Place], how: _How) -> None:
    # Those of data.police.uk are in the United Kingdom, or are refused one by one.
    if how.elsewhere or found.crimes.snapped.any():
        return
    words = elsewhere_words(found.crimes, there)
    if words is not None:
        raise _Elsewhere(words)


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
