"""How often somebody may do something: in the long run, and at once before that."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

# More than senders of the largest force; of made-up addresses the older are forgotten.
MOST_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` a second for as long as one likes, after `at_once` that have been saved up."""

    per_s: float
    at_once: float


EACH_MINUTE = Rate(1 / 60, 1)
"""For lines of the log that a flood would otherwise bring one each."""


class Rates:
    """A bucket of tokens for each, kept as the moment at which it is full again (GCRA).

    `clock` gives seconds that only go forward.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        self._each_s = 1.0 / rate.per_s
        self._full_s = rate.at_once / rate.per_s
        self._clock = clock
        self._full_at: dict[Hashable, float] = {}

    def take(self, whose: Hashable, share: int = 1) -> float:
        """Take a token of somebody's bucket; give the seconds until there is one, 0 if there was.

        `share`: so many stand behind this one, who may each do as much as another does alone.
        """
        now_s, each_s = self._clock(), self._each_s / share
        full_at = max(self._full_at.get(whose, now_s), now_s) + each_s
        if (wait_s := full_at - now_s - self._full_s) > 0.0:
            return wait_s
        self._full_at[whose] = full_at
        if len(self._full_at) > MOST_REMEMBERED:
            self._forget(now_s)
        return 0.0

    def _forget(self, now_s: float) -> None:
        """Forget those who have all their tokens, or else whoever has been known the longest."""
        known = {whose: at for whose, at in self._full_at.items() if at > now_s}
        for whose in list(known)[: max(len(known) - MOST_REMEMBERED // 2, 0)]:
            del known[whose]
        self._full_at = known
