"""What only the passing of time brings about: silent devices' visits close, days get partitions."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import count

from app.storage import partitions, silence
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.types import from_us

_LOG = logging.getLogger(__name__)
MINUTE_S = 60.0
HOUR = 60  # minutes


async def run(database: Database, now_us: Callable[[], int]) -> None:
    """Keeps house each minute until it is cancelled; what fails is tried again the next time."""
    for minute in count():
        if minute % HOUR == 0:
            await attempt(make_partitions(database, now_us()))
        await attempt(close_silent(database, now_us()))
        await asyncio.sleep(MINUTE_S)


async def attempt(work: Awaitable[object]) -> None:
    """Does a piece of work that can wait, and says so in the log if it has to."""
    try:
        await work
    except DatabaseUnavailable as exc:
        _LOG.warning("housekeeping waits for the database: %s", exc)
    except Exception:  # noqa: BLE001 -- the next time is better than none
        _LOG.exception("housekeeping failed")


async def make_partitions(database: Database, now_us: int) -> list[str]:
    """Makes the partitions of today and the days ahead; names those it made."""
    return await partitions.make_ahead(database, from_us(now_us).date())


async def close_silent(database: Database, now_us: int) -> int:
    """Closes the visits of devices that have fallen silent; says how many."""
    async with database.write() as writer:
        return await silence.close(writer, from_us(now_us))
