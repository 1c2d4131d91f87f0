"""Dates of receivers whose count of weeks ran over, moved to where they belong.

GPS counts weeks in ten bits. A receiver that takes the count for one of an earlier round dates all
that it sends 1024 weeks, or a multiple of them, too early.
"""

from collections.abc import Collection
from typing import Final, NamedTuple, TypeVar

import msgspec

from ingest.decoders.dating import DAY_US
from ingest.fix import Event, Fix
from ingest.message import Decoded

_WEEKS: Final = 1024
_ROUND_US: Final = _WEEKS * 7 * DAY_US
_NEAR_US: Final = DAY_US // 2
_CORRECTED: Final = "clock_corrected"

_S = TypeVar("_S", Fix, Event)


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
        return (Event(self.time_us // DAY_US * DAY_US, _CORRECTED, device, detail),)


def unrolled(time_us: int, received_us: int) -> Dated:
    """Move a date that is whole times 1024 weeks behind to where it belongs.

    Only one that comes out within half a day of receipt is moved: others may be truly old.
    """
    rounds = round((received_us - time_us) / _ROUND_US)
    moved_us = time_us + rounds * _ROUND_US
    if rounds >= 1 and abs(moved_us - received_us) <= _NEAR_US:
        return Dated(moved_us, rounds * _WEEKS)
    return Dated(time_us)


def alike(decoded: Decoded, received_us: int) -> Decoded:
    """Move what a device kept back for days as well, if `unrolled` has moved any of its dates.

    By as many rounds as do not bring it past receipt: nothing is kept back for a whole one.
    """
    late = {event.device for event in decoded.events if event.kind == _CORRECTED}
    if not late:
        return decoded
    fixes: list[Fix] = []
    events: dict[Event, int] = {}
    for event, index in zip(decoded.events, decoded.event_indexes, strict=True):
        events.setdefault(_moved(event, late, received_us)[0], index)
    for fix, index in zip(decoded.fixes, decoded.indexes, strict=True):
        moved, dated = _moved(fix, late, received_us)
        fixes.append(moved)
        for event in dated.events(fix.device):
            events.setdefault(event, index)
    told = {"events": tuple(events), "event_indexes": tuple(events.values())}
    return msgspec.structs.replace(decoded, fixes=fixes, **told)


def _moved(said: _S, late: Collection[str | None], received_us: int) -> tuple[_S, Dated]:
    rounds = (received_us - said.time_us) // _ROUND_US if said.device in late else 0
    if rounds < 1:
        return said, Dated(said.time_us)
    dated = Dated(said.time_us + rounds * _ROUND_US, rounds * _WEEKS)
    return msgspec.structs.replace(said, time_us=dated.time_us), dated
