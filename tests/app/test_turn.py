import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import pytest

from app.storage import turns
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.turn import Turn

# Nothing is to wait for a lease to be over.
LEASE_S = 600.0
RENEW_S = 0.05
LONG_S = 15.0


class Process:
    """One that would do the work, and notes each step."""

    def __init__(self, database: Database, holder: str, steps: list[str]) -> None:
        self.holder = holder
        self.steps = steps
        self.task: asyncio.Task[None] | None = None
        self.stepped = asyncio.Event()
        self.database = database
        self.is_able = True

    def able(self) -> bool:
        return self.is_able

    async def step(self) -> None:
        self.steps.append(self.holder)
        self.stepped.set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        turn = Turn(
            self.database, "work", self.holder, able=self.able, lease_s=LEASE_S, renew_s=RENEW_S
        )
        task = asyncio.create_task(turn.run(self.step, 0.02))
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def has_it(self) -> None:
        self.stepped.clear()
        async with asyncio.timeout(LONG_S):
            await self.stepped.wait()


async def test_one_of_two_works_and_the_other_goes_on_when_it_stops(database: Database) -> None:
    steps: list[str] = []
    first, second = Process(database, "a", steps), Process(database, "b", steps)
    async with first.working():
        await first.has_it()
        async with second.working():
            await asyncio.sleep(5 * RENEW_S)
            assert set(steps) == {"a"}
            await first.has_it()
    async with second.working():
        # Though the lease of the first was not over.
        await second.has_it()


async def test_who_lost_the_turn_breaks_off_what_it_does(database: Database) -> None:
    broken_off = asyncio.Event()
    process = Process(database, "a", [])

    async def long() -> None:
        process.stepped.set()
        try:
            await asyncio.sleep(LONG_S)
        finally:
            broken_off.set()

    process.step = long  # type: ignore[method-assign]  # another step
    async with process.working():
        await process.has_it()
        async with database.write() as writer:
            await turns.release(writer, "work", "a")
            assert await turns.take(writer, "work", "b", dt.timedelta(hours=1))
        async with asyncio.timeout(LONG_S / 2):
            await broken_off.wait()


async def test_a_step_that_fails_is_done_again(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [DatabaseUnavailable("it is away"), ValueError("a mistake of ours")]
    numbers = count()
    process = Process(database, "a", [])

    async def step() -> None:
        next(numbers)
        if failures:
            raise failures.pop(0)
        process.stepped.set()

    process.step = step  # type: ignore[method-assign]  # another step
    async with process.working():
        await process.has_it()
    assert next(numbers) >= 3
    assert "work waits for the database: it is away" in caplog.text
    assert "a mistake of ours" in caplog.text


async def test_who_is_not_able_to_do_it_leaves_the_turn_to_another(database: Database) -> None:
    first, second = Process(database, "a", []), Process(database, "b", [])
    second.is_able = False
    async with second.working(), first.working():
        await first.has_it()
        first.is_able, second.is_able = False, True
        await second.has_it()


async def test_work_goes_on_whatever_has_gone_wrong_with_the_turn_itself(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([ValueError("before"), None, ValueError("meanwhile"), None])

    def able() -> bool:
        if (answer := next(answers, None)) is not None:
            raise answer
        return True

    process = Process(database, "a", [])
    process.able = able  # type: ignore[method-assign]  # another answer
    async with process.working():
        async with asyncio.timeout(LONG_S):
            while "meanwhile" not in caplog.text:
                await process.has_it()
        await process.has_it()
    assert "before" in caplog.text
