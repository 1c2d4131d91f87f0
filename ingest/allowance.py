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
    """Counts what was kept of whom, in the minutes in which it was received."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str | None, int], int] = OrderedDict()

    def has_room(self, origin: str, received_us: int) -> bool:
        """Tell whether one more of this origin is to be kept; says so, once, where it is not."""
        minute = received_us // _MINUTE_US
        for whose, most in ((origin, OF_ONE), (None, OF_ALL)):
            kept = self._kept.get((whose, minute), 0)
            if kept >= most:
                if kept == most:
                    text = "too many broken messages of %s: counted, and not kept"
                    _LOG.warning(text, whose or "all together")
                    self._kept[whose, minute] = most + 1  # told of
                return False
        return True

    def spend(self, origin: str, received_us: int) -> None:
        """Count one of this origin that was kept."""
        for key in ((None, received_us // _MINUTE_US), (origin, received_us // _MINUTE_US)):
            self._kept[key] = self._kept.get(key, 0) + 1
        while len(self._kept) > _MOST_REMEMBERED:
            self._kept.popitem(last=False)
