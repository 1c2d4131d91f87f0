import asyncio
import datetime as dt

import asyncpg
import pytest

from app import housekeeping
from app.storage import partitions, quarantine, recomputes
from app.storage.engine import Database
from app.storage.types import to_us
from ingest.message import Broken

TODAY = dt.date(2026, 1, 15)
NOW = dt.datetime(2026, 1, 15, 23, 59, tzinfo=dt.UTC)
KEPT = quarantine.Limits(rows=10, days=30)
INSERT = """
INSERT INTO fixes (device_id, time, received, lon, lat, source)
VALUES (1, '{day} 12:00Z', now(), 0, 0, 'pings')
"""
WHERE = "SELECT tableoid::regclass::text FROM fixes ORDER BY time"


async def test_today_and_the_week_ahead_have_partitions(postgis_url: str) -> None:
    database = Database(postgis_url)
    made = await partitions.make_ahead(database, TODAY)
    assert made == [f"fixes_202601{day}" for day in range(15, 23)]
    assert await partitions.make_ahead(database, TODAY) == []
    assert await partitions.make_ahead(database, TODAY + dt.timedelta(days=1)) == ["fixes_20260123"]
    async with database.write() as writer:
        for day in ("2026-01-14", "2026-01-15", "2026-01-22", "2026-02-22"):
            await writer.exec_driver_sql(INSERT.format(day=day))
        where = list((await writer.exec_driver_sql(WHERE)).scalars())
    assert where == ["fixes_default", "fixes_20260115", "fixes_20260122", "fixes_default"]
    await database.close()


async def test_a_day_whose_fixes_are_in_the_default_partition_stays_there(postgis_url: str) -> None:
    database = Database(postgis_url)
    async with database.write() as writer:
        await writer.exec_driver_sql(INSERT.format(day="2026-01-17"))
    made = await partitions.make_ahead(database, TODAY)
    assert "fixes_20260117" not in made
    assert len(made) == partitions.DAYS_AHEAD
    await database.close()


async def test_a_backup_puts_partitions_off_and_stops_nobody(postgis_url: str) -> None:
    database = Database(postgis_url)
    reading = await asyncpg.connect(postgis_url)
    try:
        async with reading.transaction():
            await reading.execute("SELECT count(*) FROM fixes")
            await housekeeping.attempt(housekeeping.make_partitions(database, to_us(NOW)))
        assert await housekeeping.make_partitions(database, to_us(NOW))
    finally:
        await reading.close()
        await database.close()


async def test_an_edit_takes_effect_by_itself(database: Database) -> None:
    async with database.write() as writer:
        await recomputes.ask_after_edit(writer, NOW, NOW)
    house = asyncio.create_task(housekeeping.run(database, lambda: to_us(NOW), KEPT))
    async with asyncio.timeout(20):
        while await _unfinished(database):  # noqa: ASYNC110 -- only the database tells of it
            await asyncio.sleep(0.05)
    house.cancel()
    with pytest.raises(asyncio.CancelledError):
        await house


async def _unfinished(database: Database) -> int:
    async with database.read() as reader:
        return len(await recomputes.unfinished(reader))


async def test_the_quarantine_is_kept_small_by_itself(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with database.write() as writer:
        for number in range(KEPT.rows + 3):
            broken = Broken(b"hello", "pings", to_us(NOW), f"radio-{number}", "not JSON")
            await quarantine.keep(writer, broken)
    caplog.set_level("INFO")
    assert await housekeeping.clear_quarantine(database, to_us(NOW), KEPT) == 3
    assert "dropped 3" in caplog.text
    assert await housekeeping.clear_quarantine(database, to_us(NOW), KEPT) == 0
