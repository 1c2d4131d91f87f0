"""The commands of `beatkeeper`."""

from typing import Annotated

import typer

from app import __version__
from app.cli.demo import demo
from app.cli.dwell import dwell
from app.cli.imports import imports
from app.cli.recompute import recompute
from app.cli.serve import migrate, serve
from app.cli.tokens import token

cli = typer.Typer(
    help="Measures hot spots policing: dwell, coverage and compliance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
for command in (serve, migrate, dwell, recompute, demo):
    cli.command()(command)
cli.add_typer(imports, name="import")
cli.add_typer(token, name="token")


@cli.callback(invoke_without_command=True)
def main(
    *, version: Annotated[bool, typer.Option(help="Says the version and ends.")] = False
) -> None:
    """Measures hot spots policing: dwell, coverage and compliance."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
