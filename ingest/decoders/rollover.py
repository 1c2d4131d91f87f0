"""Dates of receivers whose count of weeks ran over, moved to where they belong.

GPS counts weeks in ten bits. A receiver that takes the count for one of an earlier round dates all
that it sends 1024 weeks, or a multiple of them, too early.
"""

from typing import Final, NamedTuple

from ingest.decoders.dating import DAY_US
from ingest.fix import Event

_WEEKS: Final = 1024
_ROUND_US: Final = _WEEKS * 7 * DAY_US
_NEAR_US: Final = DAY_US // 2


class Dated(NamedTuple):
    """A moment, and how many weeks it was moved: 0 in nearly all cases."""

    time_us: int
    weeks: int = 0

    def events(self, device: str | None) -> tuple[Event, ...]:
        """Give what is kept of a date that was moved: that the device's clock was corrected.

        It is dated at the beginning of the day (UTC): a receiver that is wrong in every message is
        so all day long, and that is to be kept once.
        """
        if not self.weeks:
            return ()
        detail = f"its dates are {self.weeks} weeks too early"
        return (Event(self.time_us // DAY_US * DAY_US, "clock_corrected", device, detail),)


def unrolled(time_us: int, received_us: int) -> Dated:
    """Move a date that is whole times 1024 weeks behind to where it belongs.

    Only one that comes out within half a day of receipt is moved: others may be truly old.
    """
    rounds = round((received_us - time_us) / _ROUND_US)
    moved_us = time_us + rounds * _ROUND_US
    if rounds >= 1 and abs(moved_us - received_us) <= _NEAR_US:
        return Dated(moved_us, rounds * _WEEKS)
    return Dated(time_us)
