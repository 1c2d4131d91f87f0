import asyncio
import datetime as dt

import pytest

from app.storage import turns
from app.storage.engine import Database

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
LEASE = dt.timedelta(seconds=15)
WORK = "watcher"


async def take(database: Database, holder: str, now: dt.datetime = NOW, work: str = WORK) -> bool:
    async with database.write() as writer:
        return await turns.take(writer, work, holder, now, LEASE)


async def test_one_has_the_turn_until_it_is_over(database: Database) -> None:
    assert await take(database, "a")
    assert not await take(database, "b", NOW + LEASE - dt.timedelta(microseconds=1))
    assert await take(database, "b", NOW + LEASE)
    assert not await take(database, "a", NOW + LEASE)


async def test_who_has_it_makes_it_last_longer(database: Database) -> None:
    assert await take(database, "a")
    assert await take(database, "a", NOW + LEASE / 2)
    assert not await take(database, "b", NOW + LEASE)
    assert await take(database, "b", NOW + LEASE * 1.5)


async def test_other_work_is_another_turn(database: Database) -> None:
    assert await take(database, "a")
    assert await take(database, "b", work="webhooks")


async def test_what_is_given_back_is_anybodys_at_once(database: Database) -> None:
    await take(database, "a")
    async with database.write() as writer:
        await turns.release(writer, WORK, "b")
    assert not await take(database, "b")
    async with database.write() as writer:
        await turns.release(writer, WORK, "a")
    assert await take(database, "b")


@pytest.mark.parametrize("before", [None, "gone"])
async def test_of_many_at_once_one_gets_it(database: Database, before: str | None) -> None:
    if before:
        await take(database, before, NOW - LEASE)
    got = await asyncio.gather(*(take(database, f"process-{i}") for i in range(6)))
    assert got.count(True) == 1


async def test_only_who_has_the_turn_says_how_far_the_work_is(database: Database) -> None:
    async with database.read() as reader:
        assert await turns.position(reader, WORK) is None
    await take(database, "a")
    async with database.write() as writer:
        assert await turns.advance(writer, WORK, "a", 7)
        assert not await turns.advance(writer, WORK, "b", 8)
        await turns.release(writer, WORK, "a")
    assert await take(database, "b")
    async with database.read() as reader:
        assert await turns.position(reader, WORK) == 7
