"""Hands events to those who follow them, as soon as they are committed, by whichever process.

One task reads, however many follow; the latest events stay in memory, and each follower takes from
them what is past its own position. So nobody is waited for, and who comes back after a while is
read from the table what it missed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from types import TracebackType
from typing import Final, NamedTuple, Self

from app.storage import events
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.events import Told

_LOG = logging.getLogger(__name__)

# How long until a look at the table that nothing has called for. PostgreSQL calls at every commit
# of events; SQLite never does, and a look at its file takes it less than a millisecond.
LOOK_EVERY_S: Final = {"sqlite": 0.1, "postgresql": 1.0}
# Until another attempt at what has failed.
PAUSE_S: Final = 1.0
# Events in memory, for all followers together, and read at once.
RECENT: Final = 1_000
# For so long, as who had a device then may be put right.
RECENT_S: Final = 60.0


class News(NamedTuple):
    """The events past a position, and the position past them."""

    told: list[Told]
    position: int


class _Read(NamedTuple):
    """An event, and when it was read, by the event loop's clock."""

    told: Told
    at_s: float


class Live:
    """The reading task and what it read last; use as `async with`."""

    def __init__(self, database: Database, *, look_every_s: float | None = None) -> None:
        self._database = database
        self._look_every_s = look_every_s or LOOK_EVERY_S[database.dialect]
        self._recent: deque[_Read] = deque()
        # All events past `_floor` up to `_ceiling` are in memory; None while nobody reads.
        self._floor: int | None = None
        self._ceiling = 0
        self._followers = 0
        self._followed = asyncio.Event()
        self._called = asyncio.Event()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.ended = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="live")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def end(self) -> None:
        """Lets all who follow know that there will be no more."""
        self.ended = True
        self._publish()

    @contextmanager
    def following(self) -> Iterator[None]:
        """Has the events read while there is somebody who follows them."""
        self._followers += 1
        self._followed.set()
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers:
                self._followed.clear()
                self._called.set()

    async def last(self) -> int:
        """The position past all that there is. Raises DatabaseUnavailable."""
        async with self._database.read() as reader:
            return await events.last(reader)

    async def after(self, position: int, wait_s: float) -> News:
        """What there is past a position, in order; waits so long for it if there is nothing.

        Who asks is `following`. Nothing comes, too, while the database is away.
        """
        until_s = asyncio.get_running_loop().time() + wait_s
        while True:
            # Before the look: what comes after it sets this one.
            coming = self._news
            news = await self._look(position)
            if news.told or self.ended:
                return news
            position = news.position
            try:
                async with asyncio.timeout_at(until_s):
                    await coming.wait()
            except TimeoutError:
                return news

    async def _look(self, position: int) -> News:
        floor, ceiling = self._floor, self._ceiling
        if floor is not None and floor <= position:
            new = takewhile(lambda read: read.told.id > position, reversed(self._recent))
            return News([read.told for read in new][::-1], max(position, ceiling))
        try:
            async with self._database.read() as reader:
                told = await events.after(reader, position, RECENT)
        except DatabaseUnavailable:
            return News([], position)
        if told:
            position = told[-1].id
        if floor is not None and len(told) < RECENT:
            # All up to there is in the table since before this look.
            position = max(position, floor)
        return News(told, position)

    async def _run(self) -> None:
        """Reads while somebody follows; what fails is tried again."""
        while True:
            await self._followed.wait()
            try:
                async with self._database.listen(events.CHANNEL, self._called.set) as listening:
                    await self._read_on(listening)
            except DatabaseUnavailable as exc:
                _LOG.warning("live events wait for the database: %s", exc)
                await asyncio.sleep(PAUSE_S)
            except Exception:  # noqa: BLE001 -- followers wait for the next attempt
                _LOG.exception("live events failed")
                await asyncio.sleep(PAUSE_S)

    async def _read_on(self, listening: Callable[[], bool]) -> None:
        self._recent.clear()
        self._floor = self._ceiling = await self.last()
        # Those who asked before are told, too, what came before.
        self._publish()
        try:
            while self._followed.is_set() and listening():
                await self._wait_for_a_call()
                await self._read()
        finally:
            self._floor = None

    async def _wait_for_a_call(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._look_every_s):
                await self._called.wait()
        self._called.clear()

    async def _read(self) -> None:
        """Reads what has come since the last time, and wakes those who wait for it."""
        clock = asyncio.get_running_loop().time
        while True:
            async with self._database.read() as reader:
                told = await events.after(reader, self._ceiling, RECENT)
            now_s = clock()
            self._recent.extend(_Read(one, now_s) for one in told)
            while self._recent and (
                len(self._recent) > RECENT or now_s - self._recent[0].at_s > RECENT_S
            ):
                self._floor = self._recent.popleft().told.id
            if not told:
                return
            self._ceiling = told[-1].id
            self._publish()

    def _publish(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
