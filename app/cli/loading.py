"""Commands that are imported only when they are wanted: all of them together take seconds."""

from importlib import import_module
from typing import Final, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

PLACES: Final = {
    "serve": "app.cli.serve:serve",
    "migrate": "app.cli.serve:migrate",
    "dwell": "app.cli.dwell:dwell",
    "recompute": "app.cli.recompute:recompute",
    "demo": "app.cli.demo:demo",
    "import": "app.cli.imports:imports",
    "export": "app.cli.export:export",
    "briefing": "app.cli.briefing:briefing",
    "return": "app.cli.monthly_return:monthly_return",
    "suggest": "app.cli.suggest:suggest",
    "capacity": "app.cli.capacity:capacity",
    "token": "app.cli.tokens:token",
    "devices": "app.cli.devices:devices",
    "mosquitto": "app.cli.mosquitto:mosquitto",
    "erase": "app.cli.erasing:erase",
    "audit": "app.cli.audit:audit",
    "grant": "app.cli.grant:grant",
    "doctor": "app.cli.doctor:doctor",
}


class Commands(TyperGroup):
    """A group that knows of its commands no more than the names, until one is asked for."""

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002 - typer gives it
        """Imports the command of a name; None if there is none."""
        return _load(cmd_name) if cmd_name in self.commands else None


def register(cli: typer.Typer) -> None:
    """Makes the names of all commands known, in the order of the help."""
    for name in PLACES:
        cli.command(name)(_not_loaded)


def _not_loaded() -> None:
    """Holds the place of a command."""


def _load(name: str) -> TyperCommand | TyperGroup:
    module, _, attribute = PLACES[name].partition(":")
    found = getattr(import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        found = alone
    command = cast("TyperCommand | TyperGroup", get_command(found))
    command.name = name
    return command
