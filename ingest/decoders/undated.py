"""Positions without a time of their own: only the last of a message can be dated by its receipt.

A gateway that keeps a radio's reports back and sends several in one message does not say when each
was made. Of all but the last it is known only that they are older than the next.
"""

from collections import Counter

import msgspec

from ingest.decoders.staleness import stale
from ingest.fix import Fix
from ingest.message import Decoded


def in_order(decoded: Decoded, received_us: int) -> Decoded:
    """Make each device's fixes that are dated by receipt stale, all but the last.

    They are dated a microsecond apart: so all are kept in their order, and none takes the place of
    another at the same time. One that is equal to the last is that one sent again, and stays.
    """
    fixes = list(decoded.fixes)
    last: dict[str | None, Fix] = {}
    older: Counter[str | None] = Counter()
    for place in reversed(range(len(fixes))):
        fix = fixes[place]
        if fix.time_us == received_us and fix != last.setdefault(fix.device, fix):
            older[fix.device] += 1
            fixes[place] = msgspec.structs.replace(
                fix, time_us=received_us - older[fix.device], accuracy_m=stale(fix.accuracy_m)
            )
    return msgspec.structs.replace(decoded, fixes=fixes)
