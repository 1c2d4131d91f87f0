"""`beatkeeper export`: a whole table from the database, into a file."""

import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from app.access.audit import Act, Entry, Whose
from app.access.viewer import OPERATOR
from app.cli.accounting import ran
from app.cli.export_options import TABLES, Options
from app.cli.opening import DatabaseOption, fail, with_database
from app.cli.stopping import status, stoppable
from app.cli.wholefile import check, replacing
from app.reports.formats import FORMS, Format
from app.reports.people_export import PEOPLE, of_people, veil
from app.reports.table import Batch, Export
from app.reports.writing import Unwritable, write
from app.storage.engine import Database, Reader
from app.storage.exports import reading
from app.storage.types import from_us

Open = Callable[[Reader], Awaitable[Export]]
Show = Callable[[AsyncIterator[Batch]], AsyncIterator[Batch]]


def export(
    table: Annotated[str, typer.Argument(help=f"One of {', '.join(TABLES)}.")],
    start: Annotated[
        str | None,
        typer.Option("--from", help="An operational day (YYYY-MM-DD), or a time (RFC 3339)."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="The last such day, or a time before which.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option(help="Of patrols, cells, place-days: a plan's key.")
    ] = None,
    hotspot: Annotated[str | None, typer.Option(help="Of visits: only at this one.")] = None,
    device: Annotated[str | None, typer.Option(help="Of visits and pings: of this one.")] = None,
    officer: Annotated[str | None, typer.Option(help="Of visits and pings: a number.")] = None,
    is_open: Annotated[
        bool | None,
        typer.Option("--open/--closed", help="Of visits: only those still open, or not."),
    ] = None,
    as_at: Annotated[str | None, typer.Option(help="As it was known then (RFC 3339).")] = None,
    pseudonyms: Annotated[bool, typer.Option("--pseudonyms", help="Names of nobody.")] = False,  # noqa: FBT002 - a flag
    study: Annotated[
        str | None, typer.Option(help="Pseudonyms that are the same in all tables of a study.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help=f"A file that ends in {', '.join(Format)}; else CSV on stdout."),
    ] = None,
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Takes a table out whole: in a file either all of its rows are, or there is no file."""
    options = Options(
        start,
        end,
        as_at,
        plan,
        hotspot,
        device,
        officer,
        study,
        open=is_open,
        pseudonyms=pseudonyms,
    )
    options.check(table)
    form = Format.CSV if out is None else _format(out)
    try:
        with stoppable(), _file(out) as file:
            rows = with_database(
                database,
                lambda opened: _run(opened, table, options, form, file),
                _entry(table, options) if table in PEOPLE else None,
            )
    except KeyboardInterrupt as exc:
        typer.echo(f"beatkeeper: stopped; {_left(out)}", err=True)
        raise typer.Exit(status(exc)) from exc
    except Unwritable as exc:
        fail(f"{out or 'a temporary file'} cannot be written: {exc}; {_left(out)}")
    except OSError as exc:
        said = exc.strerror or exc
        fail(f"{out or 'standard output'} cannot be written: {said}; {_left(out)}")
    typer.echo(f"{rows:,} rows of {table}" + ("" if out is None else f" in {out}"), err=True)


def _entry(table: str, options: Options) -> Entry:
    """What the audit log says: whose positions somebody takes away."""
    act = Act.DISCLOSURE if options.study is None else Act.COMBINATION
    given = {name: value for name, value in asdict(options).items() if value not in {None, False}}
    named = options.device is not None or options.officer is not None
    return ran(act, f"export {table}", Whose(everybody=not named), **given)


def _left(out: Path | None) -> str:
    return "the table is not whole" if out is None else "nothing is written"


def _format(out: Path) -> Format:
    ending = out.suffix.lower().removeprefix(".")
    if ending not in list(Format):
        fail(f"--out {out} must end in .{', .'.join(Format)}", 2)
    return Format(ending)


@contextmanager
def _file(out: Path | None) -> Iterator[IO[bytes]]:
    """Where to write: a file that takes its name, or goes to standard output, when it is whole.

    So nobody who reads slowly holds the database.
    """
    if out is None:
        with TemporaryFile(prefix="beatkeeper-") as file:
            yield file
            file.seek(0)
            _print(file)
        return
    check(out)
    with replacing(out) as part, part.open("wb") as file:
        yield file


def _print(file: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except OSError:
        # Python would try once more when it ends, and end with a status of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


async def _run(
    database: Database, table: str, options: Options, form: Format, file: IO[bytes]
) -> int:
    open_ = await _opener(database, table, options, drawn=form is Format.GEOJSON)
    async with reading(database) as reader:
        found = await open_(reader)
        with _progress(table) as show:
            shown = replace(found, batches=show(found.batches))
            return await write(shown, FORMS[form], file)


async def _opener(database: Database, table: str, options: Options, *, drawn: bool) -> Open:
    """What opens the table that is asked for. Raises Refused."""
    # Not the service's clock, which would bring all of the service along.
    now = from_us(time.time_ns() // 1_000)  # noqa: TID251 -- once, here
    if table not in PEOPLE:
        # With the engine, which takes tens of megabytes, and which visits can do without.
        from app.reports.place_export import PLACES, of_places  # noqa: PLC0415

        asked = options.of_plan(now)
        return lambda reader: of_places(reader, OPERATOR, PLACES[table], asked, drawn=drawn)
    source, wanted = PEOPLE[table], options.wanted(now)
    veiled = await veil(
        database, OPERATOR, wanted, pseudonyms=options.pseudonyms, study=options.study
    )
    return lambda reader: of_people(reader, OPERATOR, source, wanted, veiled, drawn=drawn, now=now)


@contextmanager
def _progress(table: str) -> Iterator[Show]:
    """Counts rows on standard error, where that is a terminal."""
    columns = TextColumn("{task.completed:,.0f} rows of " + table), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=None)

        async def show(batches: AsyncIterator[Batch]) -> AsyncIterator[Batch]:
            async for batch in batches:
                yield batch
                bar.advance(task, len(batch))

        yield show
