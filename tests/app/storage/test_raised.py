import asyncio
import datetime as dt
from dataclasses import replace

from app.compliance.happenings import Key
from app.storage import raised
from app.storage.engine import Database
from app.storage.types import to_us

NOW = dt.datetime(2026, 1, 15, 16, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
PATROL = Key("left_early", 3, "", to_us(NOW - HOUR))
WAIT = Key("hotspot_overdue", 3, "late", to_us(NOW - 2 * HOUR))
RISK = Key("coverage_at_risk", 0, "late", to_us(NOW - 3 * HOUR))


async def add(database: Database, *keys: Key, now: dt.datetime = NOW) -> set[Key]:
    async with database.write() as writer:
        return await raised.add(writer, "p", keys, now)


async def since(database: Database, plan: str, start: dt.datetime) -> set[Key]:
    async with database.read() as reader:
        return set(await raised.since(reader, plan, start))


async def test_each_thing_is_kept_once_by_whoever_comes_first(database: Database) -> None:
    both = await asyncio.gather(add(database, PATROL, WAIT), add(database, WAIT, PATROL, RISK))
    assert sorted(len(mine) for mine in both) in ([0, 3], [1, 2])
    assert both[0] | both[1] == {PATROL, WAIT, RISK}
    assert await add(database, RISK) == set()
    assert await since(database, "p", NOW - 2 * HOUR) == {PATROL, WAIT}
    assert await since(database, "another", NOW - 2 * HOUR) == set()


async def test_what_is_old_is_forgotten(database: Database) -> None:
    await add(database, PATROL, WAIT, RISK)
    fresh = replace(PATROL, hotspot=4)
    assert await add(database, fresh, now=NOW + raised.KEPT - 2 * HOUR) == {fresh}
    assert await since(database, "p", NOW - 9 * HOUR) == {PATROL, WAIT, fresh}
