"""Opens the database, and transactions that read or write."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import copy
from pathlib import Path
from typing import Any, NewType

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.storage.availability import availability
from app.storage.errors import DatabaseUnavailable

# A function that only reads takes a Reader; a Writer is one too. Nobody below commits.
Reader = NewType("Reader", AsyncConnection)
Writer = NewType("Writer", Reader)
Last = Callable[[Writer], Awaitable[None]]

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
# Where a batch of fixes waits to be put into the table; on PostgreSQL fixes.py makes it.
STAGED = (
    "device_id, time, received, lon, lat, "
    "accuracy_m, speed_mps, heading_deg, altitude_m, battery_pct, source"
)
# Long enough for another process' batch, short enough to say so to a sender that waits.
BUSY_TIMEOUT_MS = 5_000
# A server that has not answered by then is gone, or the network has fallen silent.
COMMAND_TIMEOUT_S = 60.0
# Whether it answers at all is known sooner.
PROBE_TIMEOUT_S = 3.0
# Nor does a server keep the locks of a service that has gone silent in the middle of a batch.
SESSION = {"idle_in_transaction_session_timeout": "60s"}


class Database:
    """One database, SQLite or PostgreSQL with PostGIS, with its pool of connections."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.engine = _create(url, pool_size)
        self._probe = _create(url, 1, timeout_s=PROBE_TIMEOUT_S)
        self._last: Last | None = None
        self._committed: Callable[[], None] | None = None
        self._turn = asyncio.Lock()

    @property
    def dialect(self) -> str:
        """Its kind: "sqlite" or "postgresql"."""
        return self.engine.dialect.name

    def ending(self, last: "Last", committed: Callable[[], None]) -> "Database":
        """The same database, each of whose writes ends with what `last` does, or not at all.

        `committed` is called once both are there for good.
        """
        same = copy(self)
        same._last, same._committed = last, committed  # noqa: SLF001 -- its own kind
        return same

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        """One consistent view of the data.

        Raises DatabaseUnavailable when the database cannot be reached.
        """
        with availability():
            async with self.engine.connect() as plain:
                connection = await plain.execution_options(**self._read_options())
                async with connection.begin():
                    yield Reader(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Writer]:
        """One transaction, committed when the block ends and rolled back when it raises.

        Raises DatabaseUnavailable when the database cannot be reached or is locked.
        """
        with availability():
            async with self._in_turn(), self.engine.connect() as plain:
                connection = await plain.execution_options(writes=True)
                async with connection.begin():
                    writer = Writer(Reader(connection))
                    yield writer
                    if self._last is not None:
                        await self._last(writer)
                if self._committed is not None:
                    self._committed()

    async def empty_log(self) -> bool:
        """Empties SQLite's log of writes, in which pages as they were may still stand.

        False: somebody reads or writes meanwhile, and it stays; nobody is made to wait for that.
        Raises DatabaseUnavailable.
        """
        if self.dialect != "sqlite":
            return True
        with availability():
            async with self._in_turn(), self.engine.connect() as connection:
                raw = await driver_of(Reader(connection))
                await raw.execute_fetchall("PRAGMA busy_timeout=0")
                try:
                    [row] = await raw.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    await raw.execute_fetchall(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        busy, _, _ = row
        return not busy

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        """Those of this process who write to SQLite, one after the other, as they came.

        It has one writer, and whoever waits only looks again now and then: one who writes without
        a pause would never let another in.
        """
        if self.dialect != "sqlite":
            yield
            return
        try:
            async with asyncio.timeout(BUSY_TIMEOUT_MS / 1000):
                await self._turn.acquire()
        except TimeoutError as exc:
            msg = "database is locked"
            raise DatabaseUnavailable(msg) from exc
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def listen(
        self, channel: str, heard: Callable[[], None]
    ) -> AsyncIterator[Callable[[], bool]]:
        """Calls `heard` at each NOTIFY of a channel; gives whether it still listens.

        It keeps a connection of the pool. SQLite notifies nobody. Raises DatabaseUnavailable.
        """
        if self.dialect == "sqlite":
            yield lambda: True
            return
        with availability():
            async with self.engine.connect() as connection:
                raw = await driver_of(Reader(connection))
                raw.add_termination_listener(lambda *_: heard())
                try:
                    await raw.add_listener(channel, lambda *_: heard())
                    yield lambda: not raw.is_closed()
                finally:
                    # Nobody else is to listen by what goes back to the pool.
                    await connection.invalidate()

    async def reachable(self) -> bool:
        """Whether the database answers at the moment.

        It is asked over a connection of its own: those of the pool may all be busy.
        """
        try:
            with availability():
                async with self._probe.connect() as connection:
                    await connection.exec_driver_sql("SELECT 1")
        except DatabaseUnavailable:
            return False
        return True

    async def close(self) -> None:
        """Gives all connections back."""
        await self.engine.dispose()
        await self._probe.dispose()

    def _read_options(self) -> dict[str, Any]:
        if self.dialect == "sqlite":
            return {}
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


async def driver_of(connection: Reader) -> Any:  # noqa: ANN401 -- asyncpg's or aiosqlite's connection
    """The driver's own connection, for a batch's few statements: SQLAlchemy doubles their cost.

    On PostgreSQL a Reader's transaction begins with its first statement through SQLAlchemy only.
    """
    return (await connection.get_raw_connection()).driver_connection


def _create(url: str, pool_size: int, timeout_s: float | None = None) -> AsyncEngine:
    """Opens nothing yet; `timeout_s` is how long PostgreSQL may take to a connection or answer."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_async_engine(
            parsed,
            pool_size=pool_size,
            hide_parameters=True,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        )
        sa.event.listen(engine.sync_engine, "do_connect", _refuse_missing_folder)
        sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        sa.event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    engine = create_async_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,  # officers' positions, which belong in no log
        connect_args={
            "timeout": timeout_s or COMMAND_TIMEOUT_S,
            "command_timeout": timeout_s or COMMAND_TIMEOUT_S,
            "server_settings": SESSION,
        },
    )
    sa.event.listen(engine.sync_engine, "begin", _begin_postgres)
    return engine


def parse_url(url: str) -> URL:
    """A database's address with the driver we use; a bare path means SQLite.

    Raises ValueError with one line that says what is wrong.
    """
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
    except ArgumentError as exc:
        msg = f"not a database address: {url!r}"
        raise ValueError(msg) from exc
    kind = parsed.get_backend_name().replace("postgres", "postgresql", 1)
    kind = "postgresql" if kind.startswith("postgresql") else kind
    if kind not in DRIVERS:
        msg = f"databases are sqlite:///FILE or postgresql://HOST/NAME, not {kind}://"
        raise ValueError(msg)
    return parsed.set(drivername=DRIVERS[kind])


def _refuse_missing_folder(_dialect: object, _record: object, args: Any, _named: object) -> None:  # noqa: ANN401 -- SQLAlchemy's
    # The driver finds out in a thread, which it then leaves to end after the event loop has.
    if not Path(args[0]).parent.is_dir():
        msg = "unable to open database file"
        raise sqlite3.OperationalError(msg)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 -- SQLAlchemy's adapter
    # We begin transactions ourselves: the driver's own would start reads without a snapshot.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # In WAL mode only FULL waits for the disk at each commit: a receipt must survive a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What a row said before is overwritten within its page, which is written anyway.
    cursor.execute("PRAGMA secure_delete=FAST")
    cursor.execute(f"CREATE TEMPORARY TABLE staging ({STAGED})")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A write that begins as a read could not be promoted once another process had written.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgres(connection: sa.Connection) -> None:
    # SQLAlchemy begins with its first statement: what a batch says goes to the driver past it.
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql("SELECT 1")


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite address; None for PostgreSQL and for a database in memory."""
    parsed = parse_url(url)
    if (
        parsed.get_backend_name() != "sqlite"
        or not parsed.database
        or parsed.database == ":memory:"
    ):
        return None
    return Path(parsed.database)
