"""What nobody waits for: silent devices' visits close, days get partitions, edits take effect."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from app.announce import tell
from app.recompute import PAUSE_S, Recompute, Stumbled
from app.storage import partitions, quarantine, raised, silence
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.types import from_us

_LOG = logging.getLogger(__name__)
MINUTE_S = 60.0
HOUR = 60  # minutes
# Until the next look for visits to be worked out anew: after there were some, none, a failure.
_WAITS_S = {True: PAUSE_S, False: 2.0, None: MINUTE_S}

Answer = TypeVar("Answer")


async def run(database: Database, now_us: Callable[[], int], limits: quarantine.Limits) -> None:
    """Keeps house until it is cancelled; what fails is tried again the next time."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_each_minute(database, now_us, limits))
        group.create_task(_recompute(database, now_us))


async def _each_minute(
    database: Database, now_us: Callable[[], int], limits: quarantine.Limits
) -> None:
    for minute in count():
        if minute % HOUR == 0:
            await attempt(make_partitions(database, now_us()))
            await attempt(forget_told(database, now_us()))
        await attempt(close_silent(database, now_us()))
        await attempt(clear_quarantine(database, now_us(), limits))
        await asyncio.sleep(MINUTE_S)


async def _recompute(database: Database, now_us: Callable[[], int]) -> None:
    recompute = Recompute(database, now_us)
    while True:
        worked = await attempt(recompute.step())
        await asyncio.sleep(_WAITS_S[worked])


async def attempt(work: Awaitable[Answer]) -> Answer | None:
    """Does a piece of work that can wait; None, and a word in the log, if it has to."""
    try:
        return await work
    except Stumbled:
        pass  # it has been told of
    except DatabaseUnavailable as exc:
        _LOG.warning("housekeeping waits for the database: %s", exc)
    except Exception:  # noqa: BLE001 -- the next time is better than none
        _LOG.exception("housekeeping failed")
    return None


async def make_partitions(database: Database, now_us: int) -> list[str]:
    """Makes the partitions of today and the days ahead; names those it made."""
    return await partitions.make_ahead(database, from_us(now_us).date())


async def forget_told(database: Database, now_us: int) -> int:
    """Forgets what people were told of plans so long ago that nobody looks back; says how much."""
    async with database.write() as writer:
        return await raised.forget(writer, from_us(now_us))


async def close_silent(database: Database, now_us: int) -> int:
    """Closes the visits of devices that have fallen silent, and tells people; says how many."""
    async with database.write() as writer:
        closed = await silence.close(writer, from_us(now_us))
        await tell(writer, closed, from_us(now_us), why="fell silent")
    return len(closed)


async def clear_quarantine(database: Database, now_us: int, limits: quarantine.Limits) -> int:
    """Drops broken messages that are too old or too many, the oldest first; says how many."""
    async with database.write() as writer:
        dropped = await quarantine.expire(writer, from_us(now_us), limits)
    if dropped:
        _LOG.info("quarantine: dropped %d messages that were too old or too many", dropped)
    return dropped
