"""How long storage has been at what it does: tells one that hangs from one that is busy."""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

Given = TypeVar("Given")
Answer = TypeVar("Answer")


class Watch:
    """Knows since when each call to storage is under way.

    A queue may be long while every call is short: then storage is busy, and its senders wait.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that only go forward."""
        self._clock = clock
        self._numbers = count()
        self._began_s: dict[int, float] = {}

    def over(
        self, call: Callable[[Given], Awaitable[Answer]]
    ) -> Callable[[Given], Awaitable[Answer]]:
        """Give the same call, watched."""

        async def watched(given: Given) -> Answer:
            number = next(self._numbers)
            self._began_s[number] = self._clock()
            try:
                return await call(given)
            finally:
                del self._began_s[number]

        return watched

    def longest_s(self) -> float:
        """Give for how long the oldest call has been under way; 0 where there is none."""
        oldest = next(iter(self._began_s.values()), None)
        return 0.0 if oldest is None else self._clock() - oldest
