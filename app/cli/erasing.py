"""`beatkeeper erase`: what is stored of a person goes, with a report of it."""

from dataclasses import replace
from typing import Annotated

import typer

from app.access.audit import Act, Whose
from app.access.viewer import OPERATOR
from app.cli.accounting import accounted, ran
from app.cli.opening import DatabaseOption, with_database
from app.cli.recompute import bounds
from app.clock import system_clock
from app.erasing import Report, Wanted, look, officer_id
from app.erasing import erase as erase_person
from app.storage.engine import Database
from app.storage.types import from_us

erase = typer.Typer(help="Erases what is stored of a person.", no_args_is_help=True)


@erase.callback()
def _group() -> None:
    """Erases what is stored of a person."""


@erase.command()
def officer(
    number: Annotated[str, typer.Argument(help="The officer's number.")],
    reason: Annotated[str, typer.Option(help="Why: it goes into the audit log.")],
    start: Annotated[
        str | None, typer.Option("--from", help="Only from this day or time on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Only up to this day (included) or time.")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option(help="Only say what would go.")] = False,
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Erases what is stored of an officer; other people's time with the same devices stays.

    What is left of the devices is measured again by the service, or by `beatkeeper recompute`.
    """
    wanted = Wanted(number, *bounds(start, until))

    async def run(opened: Database) -> Report:
        id_ = await officer_id(opened, OPERATOR, wanted)
        act = Act.CONSULTATION if dry_run else Act.ERASURE
        # By id: the log is not to go on naming who is no longer known by that number.
        whose = Whose(officers=frozenset({id_}))
        entry = ran(act, "erase officer", whose, **{"from": wanted.start, "to": wanted.end})
        told = await accounted(opened, replace(entry, reason=reason))
        if dry_run:
            return await look(opened, OPERATOR, wanted)
        return await erase_person(told, OPERATOR, wanted, lambda: from_us(system_clock()))

    report = with_database(database, run)
    typer.echo("would go:" if dry_run else "erased:")
    for table, rows in sorted(report.rows.items()):
        typer.echo(f"  {table}: {rows}")
    if not report.rows:
        typer.echo("  nothing: there is nothing of theirs in that time")
    typer.echo("kept:")
    for kept in report.kept:
        typer.echo(f"  {kept}")
