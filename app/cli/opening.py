"""Opens the database for a command, or says in one line why that cannot be."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn, TypeVar

import typer

from app.access.audit import Entry
from app.cli.accounting import accounted
from app.settings import database_from_file
from app.storage import migrate
from app.storage.engine import Database, parse_url, sqlite_file
from app.storage.errors import DatabaseUnavailable, SchemaMismatch, StorageError

Answer = TypeVar("Answer")


def _from_file(context: typer.Context, given: str) -> str:
    """The database that a file names where nobody names another."""
    source = context.get_parameter_source("database")
    if source is None or source.name != "DEFAULT":
        return given
    try:
        return database_from_file() or given
    except ValueError as exc:
        fail(str(exc), 2)


DatabaseOption = Annotated[
    str,
    typer.Option(
        envvar="BEATKEEPER_DATABASE",
        callback=_from_file,
        help="A SQLite file, or postgresql://USER@HOST/NAME.",
    ),
]


def fail(message: str, status: int = 1) -> NoReturn:
    """Ends the command with one line on standard error."""
    typer.echo(f"beatkeeper: {message}", err=True)
    raise typer.Exit(status)


def with_database(
    url: str, work: Callable[[Database], Awaitable[Answer]], entry: Entry | None = None
) -> Answer:
    """Runs `work` on the database at `url`, which must have this version's schema.

    `entry` is what the audit log says of it.
    """

    async def run() -> Answer:
        database = Database(url)
        try:
            await _require_schema(database, url)
            told = database if entry is None else await accounted(database, entry)
            return await work(told)
        finally:
            await database.close()

    return guarded(url, run)


def guarded(url: str, run: Callable[[], Awaitable[Answer]]) -> Answer:
    """Runs `run`, and turns what a database can do to it into one line that says what to do."""
    try:
        parse_url(url)
        return asyncio.run(_as_coroutine(run))
    except ValueError as exc:
        fail(str(exc), 2)
    except DatabaseUnavailable as exc:
        fail(f"cannot use the database {shown(url)}: {exc}. {_advice(url, str(exc))}")
    except StorageError as exc:
        fail(str(exc))


async def _as_coroutine(run: Callable[[], Awaitable[Answer]]) -> Answer:
    return await run()


async def _require_schema(database: Database, url: str) -> None:
    file = sqlite_file(url)
    if file is not None and not file.exists():
        msg = f"there is no database {file}: make one with `beatkeeper migrate --database {url}`"
        raise SchemaMismatch(msg)
    if not await migrate.is_current(database):
        msg = f"the database {shown(url)} has another schema: run `beatkeeper migrate` on it"
        raise SchemaMismatch(msg)


def shown(url: str) -> str:
    """A database's address without its password."""
    return (
        parse_url(url)
        .render_as_string(hide_password=True)
        .replace("+asyncpg", "")
        .replace("sqlite+aiosqlite:///", "")
    )


# What to do, by what the driver says; the last one for whatever else it says.
_SQLITE_ADVICE = {
    "locked": "Another program is writing to it: stop that, or wait, and try again.",
    "not a database": "Give the file of a SQLite database, or one that is not there yet.",
    "": "See that its folder exists and may be written to.",
}
_POSTGRES_ADVICE = {
    "lock timeout": "Somebody holds a lock on it: see `pg_stat_activity`, or wait, and try again.",
    "permission denied": "Give the address' role the right, or make it the database's owner.",
    'role "': "Create the role first (`createuser NAME`), or give another in the address.",
    "does not exist": "Create it first (`createdb NAME`, with a role that may use it).",
    "password": "See to the user and password in the address.",
    "authentication": "See to the user and password in the address.",
    "": "See that the server runs and that host and port are right.",
}


def _advice(url: str, reason: str) -> str:
    advice = _POSTGRES_ADVICE if sqlite_file(url) is None else _SQLITE_ADVICE
    return next(what for said, what in advice.items() if said in reason)
