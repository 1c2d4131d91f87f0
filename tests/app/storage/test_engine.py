import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg
import pytest
import sqlalchemy as sa

from app.storage import engine, quarantine, schema
from app.storage.engine import Database, driver_of
from app.storage.errors import Collision, Conflict, DatabaseUnavailable
from ingest.message import Broken

PASSING = ["25006", "53100", "53300", "57014", "57P01", "57P03", "58030", "42P01", "42501", "XX000"]
COLLISIONS = ["40001", "40P01", "55P03"]
OWN_FAULT = ["22003", "22021", "23502", "23505", "23514"]


def raising(code: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'words' USING ERRCODE = '{code}'; END $$"


@pytest.fixture
async def postgis(postgis_url: str) -> AsyncIterator[Database]:
    database = Database(postgis_url)
    yield database
    await database.close()


async def fail(database: Database, statement: str, *, raw: bool) -> None:
    """Runs a statement that fails, through SQLAlchemy or the driver alone."""
    async with database.write() as writer:
        if not raw:
            await writer.exec_driver_sql(statement)
        await writer.exec_driver_sql("SELECT 1")
        await (await driver_of(writer)).execute(statement)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("code", [*PASSING, *COLLISIONS])
async def test_what_may_pass_is_a_database_that_is_away(
    postgis: Database, code: str, *, raw: bool
) -> None:
    with pytest.raises(DatabaseUnavailable, match="words") as caught:
        await fail(postgis, raising(code), raw=raw)
    assert isinstance(caught.value, Collision) == (code in COLLISIONS)


@pytest.mark.parametrize("code", OWN_FAULT)
async def test_a_rows_own_fault_stays_what_it_is(postgis: Database, code: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="words"):
        await fail(postgis, raising(code), raw=False)
    with pytest.raises(asyncpg.PostgresError, match="words"):
        await fail(postgis, raising(code), raw=True)


async def test_what_asyncpg_cannot_encode_is_the_rows_own_fault(postgis: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="integer"):
        async with postgis.write() as writer:
            await writer.execute(sa.insert(schema.hotspots), {"id": "no number", "key": "h"})


async def test_a_table_that_is_missing_may_come_back(database: Database) -> None:
    for raw in (False, True):
        with pytest.raises(DatabaseUnavailable, match="nowhere"):
            await fail(database, "DELETE FROM nowhere", raw=raw)


async def test_the_rules_of_the_tables_and_our_own_errors_pass(database: Database) -> None:
    twice = sa.insert(schema.hotspots)
    with pytest.raises(sa.exc.IntegrityError):
        async with database.write() as writer:
            await writer.execute(twice, [{"id": n, "key": "same"} for n in (1, 2)])
    for error in (Conflict("ours"), LookupError("ours"), ValueError("ours")):
        with pytest.raises(type(error), match="ours"):
            async with database.write():
                raise error


async def test_an_error_of_sqlite_tells_its_kind(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    add = "INSERT INTO hotspots (id, key) VALUES (1, 'h')"
    with pytest.raises(sqlite3.IntegrityError):
        await fail(database, add, raw=False)  # twice: once through SQLAlchemy, once without
    await database.close()


async def test_no_position_is_in_an_errors_text(database: Database) -> None:
    rows = [{"id": 1, "key": "51.12345"}, {"id": 1, "key": "51.54321"}]
    with pytest.raises(sa.exc.IntegrityError) as caught:
        async with database.write() as writer:
            await writer.execute(sa.insert(schema.hotspots), rows)
    assert "51." not in str(caught.value)


async def test_no_broken_message_is_refused_by_its_table(database: Database) -> None:
    payload = b"\0" * 2_000_000
    broken = Broken(payload, "pings", 0, origin="a\0b", reason="half a character: \ud800")
    async with database.write() as writer:
        await quarantine.keep(writer, broken)
    columns = schema.quarantine.c
    async with database.read() as reader:
        query = sa.select(columns.sender, columns.reason, columns.payload)
        assert (await reader.execute(query)).one() == (
            "a\ufffdb",
            "half a character: ? (of its 2000000 bytes the first 65536 are kept)",
            payload[: 1 << 16],
        )


@dataclass
class Wire:
    """A network between us and a server, which can fall silent without a word."""

    port: int
    silent: bool = False
    server: asyncio.Server | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        for source, target in ((reader, back), (there, writer)):
            self.tasks.add(asyncio.create_task(self.pump(source, target)))

    async def pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                if not self.silent:
                    target.write(data)
        target.close()

    async def close(self) -> None:
        assert self.server is not None
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_a_silent_network_is_given_up(
    postgis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "COMMAND_TIMEOUT_S", 0.5)
    url = sa.make_url(postgis_url)
    assert url.port is not None
    wire = Wire(url.port)
    wire.server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    port = wire.server.sockets[0].getsockname()[1]
    database = Database(url.set(port=port).render_as_string(hide_password=False))

    async def fall_silent() -> None:
        async with database.write() as writer:
            await writer.exec_driver_sql("SELECT 1")
            wire.silent = True
            await writer.exec_driver_sql("SELECT 2")

    with pytest.raises(DatabaseUnavailable):
        await asyncio.wait_for(fall_silent(), 10)
    wire.silent = False
    assert await database.reachable()
    await database.close()
    await wire.close()
