import asyncio
import datetime as dt
from dataclasses import replace
from pathlib import Path

import asyncpg
import numpy as np
import pytest
import sqlalchemy as sa
from searching import files_with, tables_with
from wandering import NOW, START_US, columns, enrol, expected, feed, stored, wandering

from app.access.secrets import digest
from app.access.viewer import OPERATOR
from app.bootstrap import ensure_administrator
from app.pipeline import Pipeline
from app.retention import Periods, Retention
from app.storage import chores, erasures, guarding, partitions, schema, tokens
from app.storage.engine import Database
from app.storage.types import from_us, to_us
from ingest.columns import Columns

DAY = dt.timedelta(days=1)
DAY_US = 86_400_000_000
# Of what no SQL of its own decides one kind will do.
ONE_KIND = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def retention(database: Database, days_later: int, **periods: int) -> Retention:
    now_us = to_us(NOW) + days_later * DAY_US
    return Retention(database, lambda: now_us, Periods(**periods), rows=300, pauses_s=[0.1])


def across_midnight(seed: int) -> Columns:
    """Of the evening before `NOW` and the night after."""
    fixes = wandering(seed)
    later_us = fixes.time_us + 4 * 3_600_000_000 + 45 * 60_000_000
    return replace(fixes, time_us=later_us, received_us=fixes.received_us + DAY_US)


async def feed_later(database: Database, fixes: Columns) -> None:
    await Pipeline(database, lambda: to_us(NOW) + 3 * DAY_US).store(fixes)


async def told(database: Database) -> tuple[chores.Chore, list[erasures.Noted]]:
    async with database.read() as reader:
        [chore] = await chores.everything(reader, OPERATOR)
        return chore, await erasures.everything(reader, OPERATOR, 10)


async def rows(database: Database, table: sa.Table) -> int:
    async with database.read() as reader:
        return await reader.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def test_fixes_go_with_their_period_and_the_engine_forgets_them(database: Database) -> None:
    await enrol(database)
    await partitions.make_ahead(database, from_us(START_US).date())
    fixes = across_midnight(5)
    await feed_later(database, fixes)
    # The first of its days is a day older than the last.
    old = fixes.time_us < to_us(NOW)
    young = fixes.take(~old)
    assert old.any()
    assert young.n
    await retention(database, 30, fixes=30).keep()
    assert await rows(database, schema.fixes) == young.n
    assert await stored(database) == expected(fixes)
    chore, [erasure] = await told(database)
    assert chore.done == NOW + 30 * DAY
    assert chore.said == f"fixes before 2026-03-03: {old.sum()} gone"
    assert (erasure.kind, erasure.what, erasure.end) == ("period", "fixes", NOW)
    assert erasure.report == {"fixes": old.sum()}
    await retention(database, 40, fixes=30).keep()
    assert await rows(database, schema.fixes) == 0
    for place in [*fixes.lon[-2:].tolist(), *fixes.lat[:2].tolist()]:
        assert await tables_with(database, place) == set()
    if database.dialect == "sqlite":
        folder = Path(database.engine.url.database or "").parent
        assert files_with(folder, fixes.lon[-1].item()) == set()
    async with database.read() as reader:
        acts = (await reader.execute(sa.select(guarding.audit.c.act, guarding.audit.c.rows))).all()
    assert [tuple(act) for act in acts] == [("erasure", old.sum()), ("erasure", young.n + 3)]


@ONE_KIND
async def test_late_fixes_at_the_edge_of_the_period_take_no_visit_away(database: Database) -> None:
    await enrol(database)
    fixes = across_midnight(6)
    young = fixes.time_us >= to_us(NOW)
    late = np.flatnonzero(young)[::7]
    await feed_later(database, fixes.take(np.delete(np.arange(fixes.n), late)))
    # Row 4 is the exit. What came late can change what was an hour before it at the most.
    before = {row for row in await stored(database) if row[4] < to_us(NOW) - 3_600_000_000}
    after = {row for row in expected(fixes) if row[3] > to_us(NOW) + 3_600_000_000}
    await retention(database, 30, fixes=30).keep()
    await feed_later(database, fixes.take(late))
    assert before <= (told := await stored(database))
    assert after <= told
    assert before
    assert after


async def test_visits_go_with_their_period_and_open_ones_stay(database: Database) -> None:
    await enrol(database)
    fixes = wandering(7)
    await feed(database, [fixes])
    v = schema.visits.c
    async with database.write() as writer:
        some = sa.select(sa.func.max(v.id)).where(v.open.is_(False)).scalar_subquery()
        await writer.execute(sa.update(schema.visits).where(v.id == some).values(open=True))
        opened = await writer.scalar(sa.select(sa.func.count()).where(v.open))
    await retention(database, 40, fixes=20, visits=30).keep()
    assert await rows(database, schema.visits) == opened
    _, noted = await told(database)
    assert {one.what for one in noted} == {"fixes", "visits"}


@ONE_KIND
async def test_nothing_goes_where_no_period_is_set(database: Database) -> None:
    await enrol(database)
    fixes = wandering(8)
    await feed(database, [fixes])
    await retention(database, 4000).keep()
    assert await rows(database, schema.fixes) == fixes.n
    chore, noted = await told(database)
    assert chore.said == "no period is set: everything is kept"
    assert noted == []


async def test_whole_days_are_dropped_and_a_long_read_puts_that_off(postgis_url: str) -> None:
    database = Database(postgis_url)
    reading = await asyncpg.connect(postgis_url)
    try:
        await enrol(database)
        await partitions.make_ahead(database, NOW.date())
        time_us = to_us(NOW) + np.arange(-1, 3) * DAY_US
        fixes = columns(np.full(4, 1), time_us, time_us * 0, time_us * 0, np.full(4, 5.0))
        fixes.received_us[:] = time_us.max()
        await feed_later(database, fixes)
        day = partitions.name(NOW.date())
        async with reading.transaction():
            await reading.execute("SELECT count(*) FROM fixes")
            await retention(database, 31, fixes=30).keep()
            chore, _ = await told(database)
            assert chore.done is None
            assert "fixes before 2026-03-04 could not all go" in chore.said
        await retention(database, 31, fixes=30).keep()
        async with database.read() as reader:
            assert day not in await partitions.existing(reader)
        assert await rows(database, schema.fixes) == 2
        _, [erasure] = await told(database)
        # One day's in its partition, the day's before in the default one.
        assert erasure.report == {"fixes": 2}
    finally:
        await reading.close()
        await database.close()


async def test_a_run_that_is_stopped_is_gone_on_with(database: Database) -> None:
    await enrol(database)
    fixes = wandering(9)
    await feed(database, [fixes])
    running = asyncio.create_task(retention(database, 40, fixes=30).keep())
    while await rows(database, schema.fixes) == fixes.n:  # noqa: ASYNC110 -- no event says so
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    left = await rows(database, schema.fixes)
    assert 0 < left < fixes.n
    chore, [erasure] = await told(database)
    assert chore.done is None
    assert erasure.report["fixes"] == fixes.n - left
    await retention(database, 40, fixes=30).keep()
    _, [erasure] = await told(database)
    assert erasure.report["fixes"] == fixes.n


async def test_logs_and_what_people_were_told_have_periods_of_their_own(
    database: Database,
) -> None:
    await enrol(database)
    await feed(database, [wandering(10)])
    ended = {"name": "x", "role": "analyst", "created": NOW, "revoked": NOW}
    good = {"name": "y", "role": "analyst", "created": NOW, "revoked": None}
    refused = {"hour": NOW, "door": "http", "device_id": 0, "reason": "unknown", "times": 3}
    async with database.write() as writer:
        secrets = [ended | {"secret_hash": b"1"}, good | {"secret_hash": b"2"}]
        await writer.execute(sa.insert(schema.tokens), secrets)
        await writer.execute(sa.insert(guarding.refusals), refused)
    assert await rows(database, schema.events)
    await retention(database, 40, events=30, audit=30).keep()
    assert await rows(database, schema.events) == await rows(database, guarding.refusals) == 0
    async with database.read() as reader:
        t = schema.tokens.c
        kept = await reader.execute(sa.select(t.id, t.name).order_by(t.id))
        assert [tuple(token) for token in kept] == [(1, "gone"), (2, "y")]
    assert await rows(database, schema.visits)
    await retention(database, 40, events=30, audit=30).keep()
    _, noted = await told(database)
    assert {one.what: one.report.get("tokens") for one in noted} == {"events": None, "audit": 1}


async def test_a_token_that_was_revoked_is_not_made_again_once_it_has_come_of_age(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    secret = "bkt_" + "a" * 40
    await ensure_administrator(database, secret, NOW)
    async with database.write() as writer:
        await tokens.revoke(writer, 1, NOW)
    await retention(database, 40, audit=30).keep()
    assert await ensure_administrator(database, secret, NOW + 40 * DAY) is None
    async with database.read() as reader:
        assert await tokens.viewer_of(reader, digest(secret), NOW) is None
    assert await rows(database, schema.tokens) == 1
    await database.close()
