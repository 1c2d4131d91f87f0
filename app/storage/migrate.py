"""Brings a database to the schema of this version, and says how far it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.storage.engine import Database
from app.storage.errors import SchemaMismatch

# Only to tell our advisory lock from those of others.
_TURN = 1_650_553_204
_WAIT = "SET LOCAL lock_timeout = '10s'"
_NOT_ALLOWED = "42501"
_OLDEST = 14  # of PostgreSQL: `bit_count`, which views have


@asynccontextmanager
async def turn(database: Database) -> AsyncIterator[None]:
    """Lets one process at a time make a database ready; others wait for 10 seconds at most.

    Raises DatabaseUnavailable after that. On SQLite each transaction that writes has its turn; a
    file that is not there yet becomes its owner's alone to read, and so what lies beside it.
    """
    if database.dialect == "sqlite":
        _own(database.engine.url.database)
        yield
        return
    async with database.write() as writer:
        await writer.exec_driver_sql(_WAIT)
        await writer.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")
        yield


def _own(file: str | None) -> None:
    with suppress(OSError):  # which SQLite says better
        if file and file != ":memory:":
            Path(file).touch(mode=0o600, exist_ok=True)


async def upgrade(database: Database, revision: str = "head") -> None:
    """Runs the migrations up to a revision, all in one transaction.

    Raises SchemaMismatch where PostgreSQL is too old, PostGIS is missing or not ours to add, or the
    database belongs to a later version; DatabaseUnavailable where somebody holds a lock on it.
    """
    async with database.write() as writer:
        await writer.run_sync(_refuse_unfit)
        await writer.run_sync(_upgrade, revision)


async def downgrade(database: Database, revision: str) -> None:
    """Takes the migrations back down to a revision ("base": all of them)."""
    async with database.write() as writer:
        await writer.run_sync(_downgrade, revision)


async def is_current(database: Database) -> bool:
    """Whether the database has this version's schema.

    Raises SchemaMismatch where it belongs to a later version.
    """
    async with database.read() as reader:
        found = await reader.run_sync(_revision)
    if found is not None and found not in _known_revisions():
        msg = f"the database is at revision {found}, which only a newer version knows: run that"
        raise SchemaMismatch(msg)
    return found == _scripts().get_current_head()


async def is_empty(database: Database) -> bool:
    """Whether nothing was ever migrated here."""
    async with database.read() as reader:
        return await reader.run_sync(_revision) is None


def _refuse_unfit(connection: sa.Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    version, *_ = connection.dialect.server_version_info or (_OLDEST,)
    if int(version) < _OLDEST:
        msg = f"the server is PostgreSQL {version}: it takes {_OLDEST} or later"
        raise SchemaMismatch(msg)
    query = sa.text("SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'")
    if connection.execute(query).scalar() is None:
        msg = "the server has no PostGIS: install the package postgresql-NN-postgis-3 there"
        raise SchemaMismatch(msg)
    connection.exec_driver_sql(_WAIT)
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS postgis")
    except sa.exc.DBAPIError as exc:
        if getattr(exc.orig, "sqlstate", None) != _NOT_ALLOWED:
            raise
        msg = (
            "the database has no PostGIS, and our role may not add it: have a superuser run "
            "`CREATE EXTENSION postgis` in it"
        )
        raise SchemaMismatch(msg) from exc


def _upgrade(connection: sa.Connection, revision: str) -> None:
    command.upgrade(_config(connection), revision)


def _downgrade(connection: sa.Connection, revision: str) -> None:
    command.downgrade(_config(connection), revision)


def _revision(connection: sa.Connection) -> str | None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_WAIT)
    return MigrationContext.configure(connection).get_current_revision()


def _known_revisions() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_directory()))


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_directory()))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _directory() -> Path:
    """The migrations: beside the package in the wheel, at the top of a checkout."""
    app = Path(__file__).parents[1]
    installed = app / "migrations"
    return installed if installed.is_dir() else app.parent / "alembic"
