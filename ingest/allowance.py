"""How many broken messages are kept: a few of each sender a minute, and some of all of them."""

import logging
from collections import OrderedDict
from typing import Final

_LOG: Final = logging.getLogger(__name__)

OF_ONE: Final = 30
"""A minute: as many as a person looks at to see what is wrong with a device."""

OF_ALL: Final = 600
"""A minute: topics of a broker are made up as easily as payloads."""

_MINUTE_US: Final = 60_000_000
# A flood's senders in some minutes; what is older is not asked for any more.
_MOST_REMEMBERED: Final = 10_000


class Allowance:
    """Counts what is kept of whom, in the minutes in which it was received."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str | None, int], int] = OrderedDict()

    def take(self, origin: str, received_us: int) -> bool:
        """Take the room of one more of this origin, if there is any; says so where none is left.

        Before it is kept: those that come meanwhile are to find it taken.
        """
        minute = received_us // _MINUTE_US
        places = ((origin, OF_ONE), (None, OF_ALL))
        if any(self._kept.get((whose, minute), 0) >= most for whose, most in places):
            return False
        for whose, most in places:
            kept = self._kept[whose, minute] = self._kept.get((whose, minute), 0) + 1
            if kept == most:
                # A stranger's topic may hold anything, such as the end of a line.
                who = "all senders" if whose is None else f"{whose!r:.200}"
                _LOG.warning("%d broken messages of %s a minute: any more are not kept", most, who)
        while len(self._kept) > _MOST_REMEMBERED:
            self._kept.popitem(last=False)
        return True

    def give_back(self, origin: str, received_us: int) -> None:
        """Give back the room of one that was not kept after all."""
        for key in ((origin, received_us // _MINUTE_US), (None, received_us // _MINUTE_US)):
            if key in self._kept:
                self._kept[key] -= 1
