"""Tables on their way to clients who are slow, who go away, and who are told that it failed."""

import asyncio
from collections.abc import AsyncIterator, Callable

import polars as pl
import pytest
from fastapi import FastAPI, Request, Response
from starlette.types import Message

from app.api import outgoing as module
from app.api.errors import Busy
from app.api.outgoing import CHUNK_BYTES, MOST_KEPT, MOST_MADE, outgoing
from app.reports.formats import Format
from app.reports.table import Batch, Column, Export, Heading, Kind, Table
from app.storage.engine import Database, Reader
from app.storage.errors import DatabaseUnavailable

TABLE = Table("t", "T", "T.", (Column("text", Kind.TEXT, "A text."),))
HEADING = Heading(TABLE, {})
LONG = pl.DataFrame({"text": ["x" * 1000] * 1000})  # a megabyte


class Client:
    """Asks an application for something, and takes what it sends as the test wants."""

    def __init__(self, application: FastAPI) -> None:
        self.sent: list[Message] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.gone = asyncio.Event()
        scope = {"type": "http", "method": "GET", "path": "/t", "headers": [], "query_string": b""}
        scope |= {"http_version": "1.1", "asgi": {"version": "3.0", "spec_version": "2.3"}}
        self._asked = False
        self.answering = asyncio.create_task(application(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        await self.takes.wait()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def whole(self) -> bool:
        return self.sent[-1].get("more_body") is False


def serving(
    database: Database, batches: Callable[[], AsyncIterator[Batch]], form: Format = Format.CSV
) -> FastAPI:
    application = FastAPI()
    application.state.database = database

    @application.get("/t")
    async def get(request: Request) -> Response:
        async def opened(_reader: Reader) -> Export:
            return Export(HEADING, batches())

        return await outgoing(request, form, "t", opened)

    return application


async def some(count: int, ended: asyncio.Event | None = None) -> AsyncIterator[Batch]:
    try:
        for _ in range(count):
            yield LONG
    finally:
        if ended is not None:
            ended.set()


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


@pytest.mark.parametrize("form", list(Format))
async def test_a_table_arrives_whole(database: Database, form: Format) -> None:
    client = Client(serving(database, lambda: some(3), form))
    await client.answering
    assert client.whole
    assert len(client.body) > (CHUNK_BYTES if form in {Format.CSV, Format.JSON} else 0)


def counted(application: FastAPI) -> tuple[int, int]:
    """How many tables are being made, and how many are kept."""
    return application.state.tables_made, application.state.tables_kept


@pytest.mark.parametrize(
    ("raised", "told"), [(LookupError, LookupError), (TimeoutError, DatabaseUnavailable)]
)
async def test_rows_that_fail_on_the_way_break_the_connection(
    database: Database, raised: type[Exception], told: type[Exception]
) -> None:
    async def broken() -> AsyncIterator[Batch]:
        yield LONG
        await asyncio.sleep(0.1)
        msg = "the database is away"
        raise raised(msg)

    application = serving(database, broken)
    client = Client(application)
    with pytest.raises(told, match="away"):
        await client.answering
    assert client.sent[0]["status"] == 200
    assert not client.whole
    assert counted(application) == (0, 0)


async def test_who_takes_nothing_is_cut_off(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLOWEST_S", 0.01)
    application = serving(database, lambda: some(3))
    client = Client(application)
    client.takes.clear()
    async with asyncio.timeout(30):
        await client.answering
    assert not client.whole
    assert counted(application) == (0, 0)


async def test_a_slow_client_does_not_hold_the_database(database: Database) -> None:
    ended = asyncio.Event()
    application = serving(database, lambda: some(5, ended))
    client = Client(application)
    client.takes.clear()
    async with asyncio.timeout(30):
        await ended.wait()
        while application.state.tables_made:  # noqa: ASYNC110 -- the file is yet to be flushed
            await asyncio.sleep(0.01)
    assert len(client.body) <= CHUNK_BYTES
    assert application.state.tables_kept == 1
    client.takes.set()
    await client.answering
    assert client.whole
    assert client.body.count(b"\r\n") == 1 + 5000


async def test_slow_clients_keep_nobody_from_a_table_until_they_are_many(
    database: Database,
) -> None:
    application = serving(database, lambda: some(1))
    slow: list[Client] = []
    async with asyncio.timeout(30):
        for _ in range(MOST_KEPT):
            slow.append(Client(application))
            slow[-1].takes.clear()
            while not slow[-1].sent or application.state.tables_made:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.01)
    assert counted(application) == (0, MOST_KEPT)
    with pytest.raises(Busy, match="8 tables wait for those who take them already"):
        await Client(application).answering
    for client in slow:
        client.takes.set()
        await client.answering
    assert all(client.whole for client in slow)
    assert counted(application) == (0, 0)


async def test_no_more_than_two_tables_are_made_at_once(database: Database) -> None:
    async def endless() -> AsyncIterator[Batch]:
        yield LONG
        await asyncio.Event().wait()

    application = serving(database, endless)
    clients = [Client(application) for _ in range(MOST_MADE)]
    async with asyncio.timeout(30):
        while not all(client.sent for client in clients):  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0.01)
        with pytest.raises(Busy, match="2 tables are being made already"):
            await Client(application).answering
        for client in clients:
            client.gone.set()
            await client.answering
    assert counted(application) == (0, 0)


async def test_who_goes_away_ends_what_was_made_for_them(database: Database) -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[Batch]:
        try:
            yield LONG
            await asyncio.Event().wait()
        finally:
            ended.set()

    application = serving(database, endless)
    client = Client(application)
    async with asyncio.timeout(30):
        while len(client.body) < CHUNK_BYTES:  # noqa: ASYNC110 -- it comes from a file
            await asyncio.sleep(0.01)
        client.gone.set()
        await client.answering
        await ended.wait()
    assert not client.whole
    assert counted(application) == (0, 0)
