"""`beatkeeper token`: makes the tokens by which people and programs are known."""

import datetime as dt
from typing import Annotated

import typer

from app.access.audit import Act
from app.access.secrets import Kind, digest, new_secret
from app.access.viewer import Right, Role
from app.cli.accounting import ran
from app.cli.opening import DatabaseOption, with_database
from app.cli.serve import read_settings
from app.clock import system_clock
from app.storage import tokens
from app.storage.engine import Database
from app.storage.types import from_us

token = typer.Typer(help="Makes tokens for people and programs.", no_args_is_help=True)


@token.callback()
def _group() -> None:
    """Makes tokens for people and programs."""


@token.command()
def create(
    name: Annotated[str, typer.Option(help="Who or what is to hold it.")],
    role: Annotated[Role, typer.Option(help="What they may see and do.")],
    team: Annotated[
        list[str] | None, typer.Option(help="A supervisor's team; may be repeated.")
    ] = None,
    officer: Annotated[str | None, typer.Option(help="An officer's own number.")] = None,
    scope: Annotated[
        list[Right] | None,
        typer.Option(help="A right it is for; may be repeated. Without: all of its role."),
    ] = None,
    expires: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The last day it is good for, UTC; without: as late as may be (token_days).",
        ),
    ] = None,
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Makes a token and shows it, this once."""
    secret = new_secret(Kind.TOKEN)
    days = read_settings().token_days
    last = None if expires is None else expires.replace(tzinfo=dt.UTC) + dt.timedelta(days=1)

    async def store(opened: Database) -> None:
        now = from_us(system_clock())
        until = tokens.expiry(last, now, days)
        scopes = frozenset(scope) if scope else None
        new = tokens.NewToken(name, role, tuple(team or ()), officer, until, scopes)
        async with opened.write() as writer:
            await tokens.create(writer, new, digest(secret), now)

    entry = ran(Act.ALTERATION, "token create", name=name, role=role, officer=officer)
    with_database(database, store, entry)
    typer.echo(secret)
