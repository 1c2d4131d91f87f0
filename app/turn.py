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
from app.storage.types import from_us

_LOG: Final = logging.getLogger(__name__)
# For so long the work stands still, and hardly longer, after a process has gone without a word.
LEASE_S: Final = 15.0
# A turn is tried for, and made to last anew, so often: once in vain, and it is still ours.
RENEW_S: Final = LEASE_S / 3


class Turn:
    """One process's turn at some work, which it has as long as `run` says.

    `holder` is a name that no other process has; `now_us` reads the clock (microseconds, UTC).
    """

    def __init__(
        self,
        database: Database,
        work: str,
        holder: str,
        now_us: Callable[[], int],
        *,
        renew_s: float = RENEW_S,
    ) -> None:
        self.work = work
        self.holder = holder
        self._database = database
        self._now_us = now_us
        self._renew_s = renew_s
        # A step may be in the middle of something that must not be done twice at once.
        self._lease = timedelta(seconds=renew_s * LEASE_S / RENEW_S)

    async def run(self, step: Callable[[], Awaitable[object]], every_s: float) -> None:
        """Does a step each so many seconds while it is our turn, until it is cancelled.

        A step that fails is told of and done again the next time; one in whose middle the turn is
        lost is cancelled. In the end the turn is given back, so that the next need not wait for it.
        """
        try:
            while True:
                if await self._take():
                    await self._while_ours(step, every_s)
                await asyncio.sleep(self._renew_s)
        finally:
            await asyncio.shield(self._release())

    async def _while_ours(self, step: Callable[[], Awaitable[object]], every_s: float) -> None:
        steps = asyncio.create_task(self._steps(step, every_s), name=self.work)
        try:
            while await self._still_ours():
                pass
            _LOG.warning("%s: the turn is lost", self.work)
        finally:
            steps.cancel()
            # Not `await steps`: if we are cancelled too, that would look like its own end.
            await asyncio.wait([steps])

    async def _still_ours(self) -> bool:
        """Makes it last anew, after a while; tries until it would be over."""
        clock = asyncio.get_running_loop().time
        over_s = clock() + self._lease.total_seconds()
        while clock() + self._renew_s < over_s:
            await asyncio.sleep(self._renew_s)
            taken = await self._take()
            if taken is not None:
                return taken
        return False

    async def _steps(self, step: Callable[[], Awaitable[object]], every_s: float) -> None:
        while True:
            try:
                await step()
            except DatabaseUnavailable as exc:
                _LOG.warning("%s waits for the database: %s", self.work, exc)
            except Exception:  # noqa: BLE001 -- the next time is better than none
                _LOG.exception("%s failed", self.work)
            await asyncio.sleep(every_s)

    async def _take(self) -> bool | None:
        """Whether it is our turn now; None where the database does not say."""
        now = from_us(self._now_us())
        try:
            async with self._database.write() as writer:
                return await turns.take(writer, self.work, self.holder, now, self._lease)
        except DatabaseUnavailable:
            return None

    async def _release(self) -> None:
        with suppress(DatabaseUnavailable):
            async with self._database.write() as writer:
                await turns.release(writer, self.work, self.holder)
