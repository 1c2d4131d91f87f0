"""What several commands are tried on."""

import asyncio
import datetime as dt

import pytest

from app.compliance.plan import Plan, Window
from app.storage import plans
from app.storage.engine import Database

THEN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PLAN = Plan("late", "Late turns", (Window("late", dt.time(15), dt.time(23)),), THEN.date())


@pytest.fixture
def url(sqlite_url: str) -> str:
    """A database with a plan, and no hot spot."""

    async def put() -> None:
        database = Database(sqlite_url)
        async with database.write() as writer:
            await plans.put(writer, PLAN, THEN)
        await database.close()

    asyncio.run(put())
    return sqlite_url
