import asyncio
import datetime as dt

import pytest
import sqlalchemy as sa

from app.access.viewer import OPERATOR, Forbidden, Role, Viewer
from app.refusals import Refusals
from app.storage import refusals
from app.storage.directory import Why
from app.storage.engine import Database
from app.storage.errors import DatabaseUnavailable
from app.storage.guarding import refusals as table
from app.storage.pages import Slice
from app.storage.types import to_us

NOW = dt.datetime(2026, 1, 15, 12, 59, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


async def test_what_is_counted_is_added_up_by_hour_door_and_reason(database: Database) -> None:
    now = NOW
    one, other = (Refusals(database, lambda: to_us(now)) for _ in range(2))
    for _ in range(3):
        one.note("http", 0, "stranger")
    one.note("mqtt", 0, "stranger")
    await one.flush()
    await one.flush()
    other.note("http", 0, "stranger")
    await other.flush()
    now += HOUR
    one.note("http", 0, "stranger")
    await one.flush()
    async with database.read() as reader:
        first = await refusals.page(reader, OPERATOR, Slice(2))
        rest = await refusals.page(reader, OPERATOR, Slice(2, first.next))
        lately = await refusals.since(reader, NOW)
    seen = [(row.hour, row.door, row.device, row.times) for row in (*first.items, *rest.items)]
    begun = NOW.replace(minute=0)
    assert seen == [
        (begun + HOUR, "http", None, 1),
        (begun, "http", None, 4),
        (begun, "mqtt", None, 1),
    ]
    assert rest.next is None
    assert [(row.device, row.reason, row.times) for row in lately] == [(None, "stranger", 6)]


async def test_pages_go_on_where_they_ended_while_the_list_grows_at_its_head(
    database: Database,
) -> None:
    now = NOW
    counted = Refusals(database, lambda: to_us(now))
    for door in ("http", "mqtt", "gateway"):
        for why in Why:
            counted.note(door, 0, why)
    await counted.flush()
    seen, after = [], None
    async with asyncio.timeout(20):
        while True:
            async with database.read() as reader:
                page = await refusals.page(reader, OPERATOR, Slice(5, after))
            seen += [(one.hour, one.door, one.reason) for one in page.items]
            if (after := page.next) is None:
                break
            now += HOUR
            counted.note("http", 0, Why.STRANGER)
            await counted.flush()
    assert len(set(seen)) == len(seen) == 3 * len(Why)


async def test_a_cursor_that_somebody_made_up_is_no_error(database: Database) -> None:
    async with database.read() as reader:
        page = await refusals.page(reader, OPERATOR, Slice(5, (2**53, 9, 9, 9)))
    assert page.items == []


async def test_what_cannot_be_stored_is_kept_for_the_next_time(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(sqlite_url)
    counted = Refusals(database, lambda: to_us(NOW))
    counted.note("http", 0, "stranger")
    monkeypatch.setattr(counted, "_database", Database("/nowhere/at/all/beatkeeper.db"))
    with pytest.raises(DatabaseUnavailable):
        await counted.flush()
    counted.note("http", 0, "stranger")
    monkeypatch.setattr(counted, "_database", database)
    await counted.flush()
    async with database.read() as reader:
        assert await reader.scalar(sa.select(table.c.times)) == 2
    await database.close()


async def test_what_was_being_stored_when_it_was_cancelled_is_kept_too(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    counted = Refusals(database, lambda: to_us(NOW))
    counted.note("http", 0, "stranger")
    async with database.write():  # SQLite has one writer: the other waits
        storing = asyncio.create_task(counted.flush())
        await asyncio.sleep(0.05)
        storing.cancel()
        await asyncio.gather(storing, return_exceptions=True)
    counted.note("http", 0, "stranger")
    await counted.flush()
    await counted.flush()
    async with database.read() as reader:
        assert await reader.scalar(sa.select(table.c.times)) == 2
    await database.close()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
async def test_only_who_manages_devices_sees_who_was_turned_away(
    database: Database, role: Role
) -> None:
    async with database.read() as reader:
        with pytest.raises(Forbidden):
            await refusals.page(reader, Viewer("somebody", role), Slice(10))
