import datetime as dt

from app.access.viewer import Role, Viewer
from app.storage import quarantine
from app.storage.engine import Database
from app.storage.pages import Slice
from app.storage.types import to_us
from ingest.message import Broken

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
ADMIN = Viewer("ada", Role.ADMINISTRATOR)


async def keep(database: Database, *days_ago: float, payload: bytes = b"hello") -> None:
    async with database.write() as writer:
        for days in days_ago:
            received_us = to_us(NOW - dt.timedelta(days=days))
            broken = Broken(payload, "pings", received_us, f"radio-{days:g}", "not JSON")
            await quarantine.keep(writer, broken)


async def left(database: Database) -> list[quarantine.Quarantined]:
    async with database.read() as reader:
        page = await quarantine.page(reader, ADMIN, Slice(100), format_=None, sender=None)
    return list(page.items)


async def expire(database: Database, rows: int, days: int) -> int:
    async with database.write() as writer:
        return await quarantine.expire(writer, NOW, quarantine.Limits(rows, days))


async def test_what_is_too_old_goes_and_then_the_oldest_of_what_is_too_much(
    database: Database,
) -> None:
    await keep(database, 40, 31, 29, 3, 2, 1)
    assert await expire(database, rows=100, days=30) == 2
    assert [message.sender for message in await left(database)] == [
        f"radio-{days}" for days in (1, 2, 3, 29)
    ]
    assert await expire(database, rows=4, days=30) == 0
    assert await expire(database, rows=3, days=30) == 1
    assert [message.sender for message in await left(database)][-1] == "radio-3"
    assert await expire(database, rows=0, days=30) == 3
    assert await expire(database, rows=0, days=30) == 0


async def test_of_a_long_message_the_beginning_is_kept_and_its_length_told(
    database: Database,
) -> None:
    await keep(database, 1, payload=b"x" * (quarantine.LONGEST_KEPT + 1))
    (message,) = await left(database)
    assert message.size == quarantine.LONGEST_KEPT
    assert f"of its {quarantine.LONGEST_KEPT + 1} bytes" in message.reason
