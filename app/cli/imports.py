"""`beatkeeper import`: what a file holds, into the database."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from app.access.audit import Act
from app.access.viewer import OPERATOR
from app.api import geojson
from app.api.errors import Unreadable
from app.api.hotspots import notes_of, parse
from app.cli.accounting import ran
from app.cli.import_crimes import import_crimes
from app.cli.import_tables import import_tables
from app.cli.import_tracks import import_tracks
from app.cli.opening import DatabaseOption, fail, with_database
from app.cli.rehearsal import writing
from app.clock import system_clock
from app.storage import hotspots as storage
from app.storage.engine import Database
from app.storage.types import from_us

imports = typer.Typer(help="Takes what a file holds into the database.", no_args_is_help=True)

imports.command("crimes")(import_crimes)
imports.command("tables")(import_tables)
imports.command("tracks")(import_tracks)


@imports.callback()
def _group() -> None:
    """Takes what a file holds into the database."""


@imports.command("hotspots")
def import_hotspots(
    file: Annotated[Path, typer.Argument(help="GeoJSON: a FeatureCollection of polygons.")],
    database: DatabaseOption = "beatkeeper.db",
    valid_from: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Operational day they count from; else today."),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look at everything, and store nothing.")
    ] = False,
) -> None:
    """Takes polygons as hot spots, by `properties.id`; each good one, whatever the others are.

    Where visits since a past day are to be worked out anew, the service does so, or `recompute`.
    """
    now = from_us(system_clock())
    day = geojson.today(now) if valid_from is None else valid_from.date()
    try:
        versions, faults = geojson.read(parse(file.read_bytes()), day)
    except OSError as exc:
        fail(f"cannot read {file}: {exc.strerror}")
    except Unreadable as exc:
        fail(f"{file}: {exc}")

    async def store(opened: Database) -> tuple[int, list[str]]:
        async with writing(opened, dry_run=dry_run) as writer:
            changed = await storage.put(writer, versions, now)
        to_note = versions if changed and not dry_run else []
        return changed, await notes_of(opened, OPERATOR, to_note, now)

    entry = ran(Act.ALTERATION, "import hotspots", file=file.name)
    changed, notes = with_database(database, store, entry)
    for told in (*(fault.detail for fault in faults), *notes):
        typer.echo(f"{file}: {told}", err=True)
    hotspots = "1 hot spot" if len(versions) == 1 else f"{len(versions)} hot spots"
    if dry_run:
        typer.echo(f"{hotspots}, {changed} of them new or changed")
        typer.echo("a dry run: nothing was stored")
    else:
        typer.echo(f"{hotspots} imported")
    if faults:
        raise typer.Exit(1)
