"""`beatkeeper import tables`: people, duty and plans from CSV and XLSX, into the database."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app import imports
from app.access.audit import Act
from app.access.viewer import OPERATOR
from app.cli.accounting import ran
from app.cli.opening import DatabaseOption, fail, with_database
from app.clock import system_clock
from app.compliance.calendar import Calendar, zone
from app.importing.headings import TABLES, table_of
from app.importing.problems import NoTables, Problem, Unsound
from app.storage.engine import Database
from app.storage.types import from_us


def import_tables(
    files: Annotated[list[Path], typer.Argument(help="CSV or XLSX files.")],
    table: Annotated[
        str | None,
        typer.Option(help="What a file's first sheet holds, where its heading does not tell."),
    ] = None,
    database: DatabaseOption = "beatkeeper.db",
    timezone: Annotated[str, typer.Option(help="Of local times.")] = "Europe/London",
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look at everything, and store nothing.")
    ] = False,
) -> None:
    """Takes tables of teams, officers, assignments, duty, abstractions, plans and briefings.

    All is stored, or nothing: every problem is named by sheet, row and column.
    """
    if table is not None and table_of(table) is None:
        fail(f"tables are {', '.join(one.name for one in TABLES)}, not {table!r}", 2)
    try:
        calendar = Calendar(zone(timezone))
        given = [(file.name, file.read_bytes()) for file in files]
    except ValueError as exc:
        fail(str(exc), 2)
    except OSError as exc:
        fail(f"cannot read {exc.filename}: {exc.strerror}")

    async def take(opened: Database) -> imports.Imported | Unsound | NoTables:
        now = from_us(system_clock())
        try:
            return await imports.take(
                opened, OPERATOR, given, table=table, calendar=calendar, now=now, dry_run=dry_run
            )
        except (Unsound, NoTables) as exc:
            return exc

    named = ", ".join(file.name for file in files)
    entry = ran(Act.ALTERATION, "import tables", files=named, table=table)
    _tell(with_database(database, take, entry))


def _tell(answer: imports.Imported | Unsound | NoTables) -> None:
    """Says what became of it; ends the command where that is nothing."""
    if isinstance(answer, NoTables):
        fail(str(answer))
    for note in answer.notes:
        typer.echo(f"note: {note}", err=True)
    if isinstance(answer, Unsound):
        Console(stderr=True).print(_listed(answer.problems))
        count = len(answer.problems) + answer.more
        fail(f"{count} problem{'' if count == 1 else 's'}; nothing was imported")
    for one in answer.tables:
        said = f"{one.created} new, {one.changed} changed, {one.unchanged} as before"
        typer.echo(f"{one.table}: {one.rows} rows" + ("" if one.created is None else f"; {said}"))
    if answer.dry_run:
        typer.echo("a dry run: nothing was stored")


def _listed(problems: Sequence[Problem]) -> Table:
    table = Table("sheet", "row", "column", "problem")
    for one in problems:
        row = "" if one.row is None else str(one.row)
        # Text: what a file holds is no markup.
        table.add_row(Text(one.sheet), row, Text(one.column or ""), Text(one.what))
    return table
