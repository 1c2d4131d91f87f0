import asyncio
import datetime as dt

from app import housekeeping
from app.compliance.happenings import Key
from app.storage import raised
from app.storage.engine import Database
from app.storage.raised import OfPlan
from app.storage.types import to_us

NOW = dt.datetime(2026, 1, 15, 16, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
PATROL = Key("left_early", 3, "", to_us(NOW - HOUR))
WAIT = Key("hotspot_overdue", 3, "late", to_us(NOW - 2 * HOUR))
RISK = Key("coverage_at_risk", 0, "late", to_us(NOW - 3 * HOUR))


async def add(database: Database, *keys: Key) -> set[Key]:
    async with database.write() as writer:
        told = await raised.add(writer, [OfPlan("p", key) for key in keys])
    assert {one.plan for one in told} <= {"p"}
    return {one.key for one in told}


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
    now_us = to_us(NOW + raised.KEPT - 2 * HOUR)
    assert [await housekeeping.forget_told(database, now_us) for _ in range(2)] == [1, 0]
    assert await since(database, "p", NOW - 9 * HOUR) == {PATROL, WAIT}


async def test_the_same_of_another_plan_is_something_else(database: Database) -> None:
    both = [OfPlan(plan, PATROL) for plan in "pq"]
    async with database.write() as writer:
        assert await raised.add(writer, both[:1]) == set(both[:1])
        assert await raised.add(writer, both) == set(both[1:])
        assert await raised.add(writer, []) == set()
