"""What only the passing of time brings about: silent devices' visits close, days get partitions."""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

from app.storage import partitions, visits
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.types import from_us
from geofence.model import Profile

_LOG = logging.getLogger(__name__)
EVERY_S = 60.0


async def run(database: Database, now_us: Callable[[], int]) -> None:
    """Keeps house each minute until it is cancelled; what fails is tried again the next."""
    while True:
        try:
            await once(database, from_us(now_us()))
        except DatabaseUnavailable as exc:
            _LOG.warning("housekeeping waits for the database: %s", exc)
        except Exception:  # noqa: BLE001 -- the next minute is better than none
            _LOG.exception("housekeeping failed")
        await asyncio.sleep(EVERY_S)


async def once(database: Database, now: dt.datetime) -> None:
    """Makes the days ahead, and closes the visits of devices that have fallen silent."""
    await partitions.make_ahead(database, now.date())
    silence = dt.timedelta(microseconds=Profile().silence_us)
    async with database.write() as writer:
        await visits.close_silent(writer, now - silence, now)
