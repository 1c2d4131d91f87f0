"""The commands of `beatkeeper`."""

from typing import Annotated

import typer

from app import __version__
from app.cli.loading import Commands, register

cli = typer.Typer(
    cls=Commands,
    help="Measures hot spots policing: dwell, coverage and compliance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
register(cli)


@cli.callback(invoke_without_command=True)
def main(
    *, version: Annotated[bool, typer.Option(help="Says the version and ends.")] = False
) -> None:
    """Measures hot spots policing: dwell, coverage and compliance."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
