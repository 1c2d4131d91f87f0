"""A database that fails for a while: what is acknowledged is stored once, the rest when it is back.

From the broker to the tables, all real: consumer, directory, batcher, pipeline, each database.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import count

import asyncpg
import numpy as np
import numpy.typing as npt
import pytest
import sqlalchemy as sa
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from services import Mosquitto
from sqlalchemy.engine.interfaces import DBAPIConnection

from app.directory import Directory
from app.pipeline import Pipeline
from app.setting_aside import keep_in, quarantine_in
from app.storage import schema
from app.storage.engine import Database
from ingest.batch import Batcher, Sink
from ingest.broker import Broker
from ingest.columns import Columns, Delivery
from ingest.consumer import Consumer
from ingest.errors import StorageUnavailable
from ingest.fix import Fix
from ingest.intake import Intake
from ingest.screen import Verdict

NOW_US = 1_772_399_045_000_000  # 2026-03-01T21:04:05Z
DEVICES = [1, 2]
IN_FLIGHT = 5
_SESSIONS = count()


@pytest.fixture(autouse=True)
async def enrolled(database: Database) -> None:
    async with database.write() as writer:
        rows = [{"id": d, "name": f"d{d}", "kind": "phone", "profile": "phone"} for d in DEVICES]
        await writer.execute(sa.insert(schema.devices), rows)
        await writer.execute(sa.insert(schema.device_states), [{"device_id": d} for d in DEVICES])


async def stored(database: Database) -> tuple[int, int]:
    """How many fixes and how many broken messages are in the tables."""
    async with database.read() as reader:
        fixes = await reader.scalar(sa.select(sa.func.count()).select_from(schema.fixes))
        broken = await reader.scalar(sa.select(sa.func.count()).select_from(schema.quarantine))
    return int(fixes or 0), int(broken or 0)


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.02)


# ---- Outages: each is an `async with` in which the database cannot store. ----

Outage = Callable[[Database], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def someone_else(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(address(database))
    yield connection
    await connection.close()


def address(database: Database) -> str:
    url = database.engine.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


@asynccontextmanager
async def read_only(database: Database) -> AsyncIterator[None]:
    """As after a failover to a server that only reads yet: PostgreSQL's 25006, SQLite's 8."""
    if database.dialect == "postgresql":
        await fail_over(database, read_only=True)
        yield
        await fail_over(database, read_only=False)
        return
    forbidden = True

    def forbid(connection: DBAPIConnection, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA query_only = {forbidden:d}")
        cursor.close()

    sa.event.listen(database.engine.sync_engine, "checkout", forbid)
    yield
    forbidden = False


async def fail_over(database: Database, *, read_only: bool) -> None:
    name, switch = database.engine.url.database, "on" if read_only else "off"
    connection = await asyncpg.connect(
        address(database), server_settings={"default_transaction_read_only": "off"}
    )
    await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {switch}")
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = $1 AND pid <> pg_backend_pid()",
        name,
    )
    await connection.close()


@asynccontextmanager
async def failing_commits(database: Database) -> AsyncIterator[None]:
    """Every write goes well until its commit, which finds the disk full."""
    if database.dialect == "postgresql":
        async with someone_else(database) as owner:
            for table in ("device_states", "quarantine"):
                await owner.execute(_FULL.format(table=table))
            yield
            for table in ("device_states", "quarantine"):
                await owner.execute(f"DROP TRIGGER full_disk ON {table}")
        return
    full = True

    def fail(connection: sa.Connection) -> None:
        if full and connection.get_execution_options().get("writes"):
            msg = "database or disk is full"
            raise sqlite3.OperationalError(msg)

    sa.event.listen(database.engine.sync_engine, "commit", fail)
    yield
    full = False


_FULL = """
CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$;
CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT OR UPDATE ON {table}
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION full_disk();
"""


@asynccontextmanager
async def no_table(database: Database) -> AsyncIterator[None]:
    """As while somebody restores a table."""
    tables = ("fixes", "quarantine")
    async with database.write() as writer:
        for name in tables:
            await writer.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {name}_away")
    yield
    async with database.write() as writer:
        for name in tables:
            await writer.exec_driver_sql(f"ALTER TABLE {name}_away RENAME TO {name}")


# ---- From the broker to the tables ----


@dataclass
class Rig:
    """A service's way in by MQTT, and a device that publishes."""

    database: Database
    mosquitto: Mosquitto
    radio: paho.Client
    client_id: str
    numbers: Iterator[int]

    def publish(self, messages: int) -> None:
        for _ in range(messages):
            fix = {"time": NOW_US // 1_000_000 - 5000 + next(self.numbers), "lat": 51.5, "lon": 0.1}
            self.radio.publish("beatkeeper/up/d1/pings", json.dumps(fix), 1).wait_for_publish(10)

    def publish_broken(self) -> None:
        self.radio.publish("beatkeeper/up/d1/pings", "broken", 1).wait_for_publish(10)

    @asynccontextmanager
    async def serving(self, sink: Sink | None = None) -> AsyncIterator[tuple[Consumer, Intake]]:
        store = sink or Pipeline(self.database, lambda: NOW_US).store
        async with Batcher(store) as batcher:
            intake = Intake(
                batcher.submit, quarantine_in(self.database), keep_in(self.database, lambda: NOW_US)
            )
            consumer = Consumer(
                Broker.from_url(self.mosquitto.url),
                intake=intake,
                identify=Directory(self.database, lambda: 0.0).identify,
                now_us=lambda: NOW_US,
                client_id=self.client_id,
                max_in_flight=IN_FLIGHT,
                retry_s=(0.05, 0.2),
            )
            async with consumer:
                yield consumer, intake

    async def left_at_the_broker(self) -> int:
        """How many messages come again: those that nobody acknowledged."""
        await asyncio.sleep(0.3)  # or a new connection takes over before the old one is read out
        async with self.serving() as (consumer, intake):
            await until(lambda: consumer.connected)
            await asyncio.sleep(0.5)
            return intake.counts.messages + consumer.in_flight


@pytest.fixture
def rig(database: Database, mosquitto: Mosquitto) -> Iterator[Rig]:
    radio = paho.Client(CallbackAPIVersion.VERSION2)
    radio.connect("127.0.0.1", mosquitto.port)
    radio.loop_start()
    yield Rig(database, mosquitto, radio, f"outages-{next(_SESSIONS)}", count())
    radio.disconnect()
    radio.loop_stop()


@pytest.mark.parametrize("outage", [read_only, failing_commits, no_table])
async def test_all_that_comes_during_an_outage_is_stored_once_after_it(
    rig: Rig, outage: Outage
) -> None:
    async with rig.serving() as (consumer, intake):
        await until(lambda: consumer.connected)
        rig.publish(3)
        await until(lambda: intake.counts.accepted == 3 and not consumer.in_flight)
        async with outage(rig.database):
            rig.publish_broken()
            rig.publish(2 * IN_FLIGHT)
            await until(lambda: consumer.in_flight == IN_FLIGHT)
            await asyncio.sleep(0.5)  # time for several attempts
            assert consumer.in_flight == IN_FLIGHT
            assert intake.counts.messages == 3
        rig.publish(2)
        await until(lambda: intake.counts.messages == 16 and not consumer.in_flight)
    assert await stored(rig.database) == (15, 1)
    assert await rig.left_at_the_broker() == 0


async def test_a_commit_whose_answer_was_lost_is_stored_once(rig: Rig) -> None:
    pipeline = Pipeline(rig.database, lambda: NOW_US)
    lost = iter([True, True])

    async def cut_off(columns: Columns) -> npt.NDArray[np.uint8]:
        verdicts = await pipeline.store(columns)
        if next(lost, False):
            msg = "the connection was lost"
            raise StorageUnavailable(msg)
        return verdicts

    async with rig.serving(cut_off) as (consumer, intake):
        await until(lambda: consumer.connected)
        rig.publish(4)
        await until(lambda: intake.counts.messages == 4 and not consumer.in_flight)
        assert intake.counts.duplicates > 0
    assert await stored(rig.database) == (4, 0)
    assert await rig.left_at_the_broker() == 0


# ---- Batches that meet other transactions ----


def delivery(*devices: int) -> Delivery:
    fixes = [Fix(NOW_US - 10_000_000 + n, 51.5, 0.1) for n in range(len(devices))]
    return Delivery(fixes, list(devices), NOW_US, 0)


@pytest.mark.parametrize("outage", [read_only, failing_commits, no_table])
async def test_a_batch_in_an_outage_is_refused_and_welcome_after_it(
    database: Database, outage: Outage
) -> None:
    async with Batcher(Pipeline(database, lambda: NOW_US).store) as batcher:
        async with outage(database):
            tries = (batcher.submit(delivery(device)) for device in DEVICES)
            for outcome in await asyncio.gather(*tries, return_exceptions=True):
                assert isinstance(outcome, StorageUnavailable)
        # Connections that a failover cut are found out when they are used, each once.
        verdicts = [await persistently(batcher, delivery(device)) for device in DEVICES]
    assert verdicts == [[Verdict.STORED]] * 2
    assert await stored(database) == (2, 0)


async def persistently(batcher: Batcher, what: Delivery) -> list[int]:
    while True:
        try:
            return await batcher.submit(what)
        except StorageUnavailable:
            await asyncio.sleep(0.05)


_LOCK = "SELECT 1 FROM device_states WHERE device_id = $1 FOR UPDATE"


@pytest.fixture
def postgis_only(database: Database) -> Database:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has one writer, who meets nobody")
    return database


async def test_a_batch_that_a_deadlock_undoes_is_stored_once(postgis_only: Database) -> None:
    database = postgis_only
    async with (
        Batcher(Pipeline(database, lambda: NOW_US).store) as batcher,
        someone_else(database) as other,
    ):
        await other.execute("SET deadlock_timeout = '1min'")  # so that the batch is the one undone
        async with other.transaction():
            await other.execute(_LOCK, 2)
            batch = asyncio.create_task(batcher.submit(delivery(1, 2)))
            await asyncio.sleep(0.3)  # it holds device 1 and waits for 2
            await asyncio.wait_for(other.execute(_LOCK, 1), 10)
            assert not batch.done()
        assert await batch == [Verdict.STORED] * 2
    assert await stored(database) == (2, 0)


@pytest.mark.parametrize(("held_s", "passes"), [(0.4, True), (5.0, False)])
async def test_a_batch_waits_a_moment_for_a_lock_and_not_for_ever(
    postgis_only: Database, *, held_s: float, passes: bool
) -> None:
    database = postgis_only
    async with (
        Batcher(Pipeline(database, lambda: NOW_US).store) as batcher,
        someone_else(database) as other,
    ):
        name = database.engine.url.database
        await other.execute(f"ALTER DATABASE {name} SET lock_timeout = '100ms'")
        await database.engine.dispose()
        async with other.transaction():
            await other.execute(_LOCK, 1)
            batch = asyncio.create_task(batcher.submit(delivery(1)))
            await asyncio.wait([batch], timeout=held_s)
            assert batch.done() != passes
        [outcome] = await asyncio.gather(batch, return_exceptions=True)
        assert outcome == [Verdict.STORED] if passes else isinstance(outcome, StorageUnavailable)
        assert await persistently(batcher, delivery(1)) == [Verdict(passes)]
    assert await stored(database) == (1, 0)


async def test_a_file_that_another_process_writes_is_waited_for(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.engine.BUSY_TIMEOUT_MS", 200)
    database = Database(sqlite_url)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    async with Batcher(Pipeline(database, lambda: NOW_US).store) as batcher:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="locked"):
            await batcher.submit(delivery(1))
        other.execute("ROLLBACK")
        assert await batcher.submit(delivery(1)) == [Verdict.STORED]
    other.close()
    await database.close()
