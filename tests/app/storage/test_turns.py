import asyncio
import datetime as dt

import pytest
import sqlalchemy as sa

from app.storage import schema, turns
from app.storage.engine import Database

LEASE = dt.timedelta(minutes=10)
OVER = dt.timedelta()
WORK = "watcher"


async def take(
    database: Database, holder: str, for_: dt.timedelta = LEASE, work: str = WORK
) -> bool:
    async with database.write() as writer:
        return await turns.take(writer, work, holder, for_)


async def test_one_has_the_turn_until_it_is_over(database: Database) -> None:
    assert await take(database, "a")
    assert not await take(database, "b")
    assert await take(database, "a", OVER)
    assert await take(database, "b")
    assert not await take(database, "a")


async def test_who_has_it_makes_it_last_longer(database: Database) -> None:
    assert await take(database, "a", OVER)
    assert await take(database, "a")
    assert not await take(database, "b")


async def test_a_turn_lasts_as_long_by_the_databases_clock_as_it_was_taken_for(
    database: Database,
) -> None:
    for seconds in (0, 100):
        await take(database, "a", dt.timedelta(seconds=seconds))
        async with database.read() as reader:
            until = await reader.scalar(sa.select(schema.turns.c.until))
        assert until is not None
        left = until - dt.datetime.now(dt.UTC)
        assert seconds - 60 < left.total_seconds() < seconds + 1


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
        await take(database, before, OVER)
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


async def test_a_turn_that_a_transaction_holds_is_nobody_elses_until_it_ends(
    database: Database,
) -> None:
    await take(database, "a", OVER)
    async with asyncio.timeout(20):
        async with database.write() as writer:
            assert not await turns.held(writer, WORK, "b")
            assert await turns.held(writer, WORK, "a")
            taking = asyncio.create_task(take(database, "b"))
            await asyncio.sleep(0.2)
            assert not taking.done()
        assert await taking
    async with database.write() as writer:
        assert not await turns.held(writer, WORK, "a")
