"""Work that one process does at a time, however many run: each tries to get its turn."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from app.storage import turns
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable

_LOG: Final = logging.getLogger(__name__)
# For so long the work stands still, and hardly longer, after a process has gone without a word.
LEASE_S: Final = 15.0
# A turn is tried for, and made to last anew, so often: once in vain, and it is still ours.
RENEW_S: Final = LEASE_S / 3


def _always() -> bool:
    return True


class Turn:
    """One process's turn at some work, which it has as long as `run` says.

    `holder` is a name that no other process has. While it is not `able` to do the work, the turn is
    another's.
    """

    def __init__(
        self,
        database: Database,
        work: str,
        holder: str,
        *,
        able: Callable[[], bool] = _always,
        lease_s: float = LEASE_S,
        renew_s: float = RENEW_S,
    ) -> None:
        self.work = work
        self.holder = holder
        self._database = database
        self._able = able
        self._renew_s = renew_s
        # A step may be in the middle of something that must not be done twice at once.
        self._lease = timedelta(seconds=lease_s)

    async def run(self, step: Callable[[], Awaitable[object]], every_s: float) -> None:
        """Does a step each so many seconds while it is our turn, until it is cancelled.

        Whatever fails is told of and done again the next time; a step in whose middle the turn is
        lost is cancelled. In the end the turn is given back, so that the next need not wait for it.
        """
        try:
            while True:
                await self._attempt(lambda: self._one_turn(step, every_s))
                await asyncio.sleep(self._renew_s)
        finally:
            await asyncio.shield(self._release())

    async def _one_turn(self, step: Callable[[], Awaitable[object]], every_s: float) -> None:
        """Does steps from when it is our turn, if that is now, until it no longer is."""
        if not self._able() or not await self._take():
            return
        steps = asyncio.create_task(self._steps(step, every_s), name=self.work)
        try:
            while await self._still_ours():
                pass
        finally:
            steps.cancel()
            # Not `await steps`: if we are cancelled too, that would look like its own end.
            await asyncio.wait([steps])
        _LOG.warning("%s: the turn is lost, or given back", self.work)
        await self._release()

    async def _still_ours(self) -> bool:
        """Makes it last anew, after a while; tries until it would be over."""
        clock = asyncio.get_running_loop().time
        over_s = clock() + self._lease.total_seconds()
        while clock() + self._renew_s < over_s:
            await asyncio.sleep(self._renew_s)
            if not self._able():
                return False
            taken = await self._take()
            if taken is not None:
                return taken
        return False

    async def _steps(self, step: Callable[[], Awaitable[object]], every_s: float) -> None:
        while True:
            await self._attempt(step)
            await asyncio.sleep(every_s)

    async def _attempt(self, work: Callable[[], Awaitable[object]]) -> None:
        """Does what has another time, should it fail."""
        try:
            await work()
        except DatabaseUnavailable as exc:
            _LOG.warning("%s waits for the database: %s", self.work, exc)
        except Exception:  # noqa: BLE001 -- the next time is better than none
            _LOG.exception("%s failed", self.work)

    async def _take(self) -> bool | None:
        """Whether it is our turn now; None where the database does not say."""
        try:
            async with self._database.write() as writer:
                return await turns.take(writer, self.work, self.holder, self._lease)
        except DatabaseUnavailable:
            return None

    async def _release(self) -> None:
        with suppress(DatabaseUnavailable):
            async with self._database.write() as writer:
                await turns.release(writer, self.work, self.holder)
