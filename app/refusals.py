"""How often devices and strangers are turned away: counted here, and stored each minute."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from app.storage import refusals
from app.storage.engine import Database
from app.storage.refusals import Refusal
from app.storage.types import from_us

_HOUR_US: Final = 3_600_000_000
_MINUTE_S: Final = 60.0
GATEWAY: Final = "gateway"
"""The door of what a gateway says of others; those of senders are "http" and "mqtt"."""


class Refusals:
    """Counts by the hour, door, device and reason; `now_us` reads the clock (microseconds, UTC).

    What senders write is in none of these, so that no flood of theirs makes many rows.
    """

    def __init__(self, database: Database, now_us: Callable[[], int]) -> None:
        self._database = database
        self._now_us = now_us
        self._counted: Counter[Refusal] = Counter()

    def note(self, door: str, device: int, why: str) -> None:
        """Counts one more; a stranger's device is 0."""
        hour_us = self._now_us() // _HOUR_US * _HOUR_US
        self._counted[Refusal(from_us(hour_us), door, device, why)] += 1

    async def flush(self) -> None:
        """Stores what was counted since the last time; where that fails it is kept for the next.

        Raises StorageError.
        """
        if counted := self._counted.copy():
            async with self._database.write() as writer:
                await refusals.add(writer, counted)
            self._counted -= counted

    async def run(self, attempt: Callable[[Awaitable[None]], Awaitable[None]]) -> None:
        """Stores each minute, until it is cancelled; `attempt` does what may fail."""
        while True:
            await asyncio.sleep(_MINUTE_S)
            await attempt(self.flush())
