import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from callers import Clock
from fastapi import FastAPI, Request

from app.api.patience import Probe, patiently
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.types import to_us


@pytest.fixture(autouse=True)
def _in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.patience.LOOK_EVERY_S", 0.1)
    monkeypatch.setattr("app.api.patience.ANSWERS_IN_S", 0.3)
    monkeypatch.setattr("app.storage.engine.PROBE_TIMEOUT_S", 1.0)


def request_to(database: Database, clock: Clock) -> Request:
    app = FastAPI()
    app.state.database = database
    app.state.now_us = lambda: to_us(clock.now)
    return Request({"type": "http", "app": app})


@asynccontextmanager
async def hung() -> AsyncIterator[Database]:
    """A server that takes connections and never says a word."""

    callers = list[asyncio.Task[Any] | None]()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(asyncio.current_task())
        await reader.read(-1)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    database = Database(f"postgresql://nobody@127.0.0.1:{server.sockets[0].getsockname()[1]}/none")
    yield database
    server.close()
    await asyncio.wait(filter(None, callers))  # they give up by themselves
    await database.close()


async def test_work_may_take_long_while_the_database_answers(
    database: Database, clock: Clock
) -> None:
    assert await patiently(request_to(database, clock), asyncio.sleep(0.5, "done")) == "done"


async def test_what_goes_wrong_in_it_is_what_its_caller_sees(
    database: Database, clock: Clock
) -> None:
    async def failing() -> None:
        msg = "ours"
        raise LookupError(msg)

    with pytest.raises(LookupError, match="ours"):
        await patiently(request_to(database, clock), failing())


async def test_work_is_broken_off_where_the_database_hangs_and_its_end_not_waited_for(
    clock: Clock,
) -> None:
    ended = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.5)
            ended.set()

    began_s = time.monotonic()
    async with hung() as database:
        with pytest.raises(DatabaseUnavailable):
            await patiently(request_to(database, clock), stubborn())
        assert not ended.is_set()
        assert time.monotonic() - began_s < 5
        await asyncio.wait_for(ended.wait(), 10)


async def test_who_goes_away_ends_the_work(database: Database, clock: Clock) -> None:
    ended = asyncio.Event()

    async def long() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    waiting = asyncio.create_task(patiently(request_to(database, clock), long()))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.wait_for(ended.wait(), 10)


async def test_a_probe_asks_one_question_at_a_time_of_a_database_that_hangs(clock: Clock) -> None:
    async with hung() as database:
        probe, answers = Probe(), list[Any]()
        began_s = time.monotonic()
        for _ in range(2):
            clock.now = clock.now.replace(year=clock.now.year + 1)
            answers += await asyncio.gather(
                *(probe.reachable(database, clock.now) for _ in range(20))
            )
        assert answers == [False] * 40
        assert time.monotonic() - began_s < 5
        assert database._probe.pool.checkedout() <= 1  # type: ignore[attr-defined] # of a queue pool


async def test_a_pool_that_is_busy_is_a_database_that_answers(
    database: Database, clock: Clock
) -> None:
    small = Database(database.engine.url.render_as_string(hide_password=False), pool_size=1)
    async with small.read():
        assert await Probe().reachable(small, clock.now)
    await small.close()
