"""`beatkeeper token`: makes the tokens by which people and programs are known."""

from typing import Annotated

import typer

from app.access.secrets import Kind, digest, new_secret
from app.access.viewer import Role
from app.cli.opening import DatabaseOption, with_database
from app.main import system_clock
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
    database: DatabaseOption = "beatkeeper.db",
) -> None:
    """Makes a token and shows it, this once."""
    secret = new_secret(Kind.TOKEN)

    async def store(opened: Database) -> None:
        new = tokens.NewToken(name, role, tuple(team or ()), officer)
        async with opened.write() as writer:
            await tokens.create(writer, new, digest(secret), from_us(system_clock()))

    with_database(database, store)
    typer.echo(secret)
