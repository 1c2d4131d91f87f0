import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from redrawing import (
    ALWAYS,
    DAY,
    HOUR,
    SHIFTED,
    TODAY,
    ask,
    believed,
    days,
    draw,
    is_one_run,
    visit_of,
    work,
)
from wandering import DEVICES, NOW, SQUARES, degrees, enrol, feed, split, stored

from app.pipeline import Pipeline
from app.recompute import Recompute
from app.storage import hotspots, recomputes, schema, silence, states
from app.storage.engine import Database
from app.storage.hotspots import HotspotVersion
from app.storage.types import from_us, to_us
from ingest.columns import Columns
from ingest.errors import StorageUnavailable


@pytest.fixture
async def postgis(postgis_url: str) -> AsyncIterator[Database]:
    opened = Database(postgis_url)
    yield opened
    await opened.close()


async def test_several_workers_at_once_do_the_same(database: Database) -> None:
    await enrol(database)
    fixes = days(8, 3)
    await feed(database, [fixes])
    await draw(database, 1, SHIFTED, TODAY - 2 * DAY)
    await ask(database, TODAY - 9 * DAY)
    await asyncio.gather(*(work(database, 100) for _ in range(3)))
    async with database.read() as reader:
        assert await recomputes.unfinished(reader) == []
    await is_one_run(database, fixes)


async def test_a_batch_that_went_by_the_old_boundary_is_looked_at_after_it(
    postgis: Database,
) -> None:
    await enrol(postgis)
    stay = visit_of(2)
    async with asyncio.timeout(30):
        async with postgis.write() as writer:
            await Pipeline(postgis, lambda: to_us(NOW))._store(writer, stay)
            await draw(postgis, 1, SHIFTED, TODAY - DAY)
            working = asyncio.create_task(work(postgis))
            await asyncio.sleep(0.3)
            assert not working.done()
        await working
    await is_one_run(postgis, stay)


async def test_ingest_of_other_devices_goes_on_while_the_work_waits(postgis: Database) -> None:
    await enrol(postgis)
    await feed(postgis, [visit_of(device) for device in DEVICES])
    await draw(postgis, 1, SHIFTED, TODAY - DAY)
    pipeline = Pipeline(postgis, lambda: to_us(NOW))
    more = {device: visit_of(device) for device in DEVICES}
    for fixes in more.values():
        fixes.time_us[:] += 7_200_000_000
    async with asyncio.timeout(30):
        async with postgis.write() as writer:
            await pipeline._store(writer, more[2])
            # It holds the first device, and waits for the second.
            working = asyncio.create_task(work(postgis))
            await asyncio.sleep(0.3)
            await pipeline.store(more[3])
            assert not working.done()
        await working
        await pipeline.store(more[1])
    both = [visit_of(device) for device in DEVICES] + list(more.values())
    await is_one_run(postgis, Columns.concatenate(both))


SHAPES = [*SQUARES.values(), SHIFTED, shapely.box(-300, -200, 300, 200)]


async def test_what_the_work_replaces_was_known_before(postgis: Database) -> None:
    await enrol(postgis)
    stay = visit_of(1)
    clock = Clock()
    pipeline = Pipeline(postgis, clock)
    await pipeline.store(stay.take(np.arange(40)))
    await draw(postgis, 1, SHIFTED, ALWAYS)
    async with asyncio.timeout(30):
        async with postgis.write() as writer:
            await states.lock(writer, [1])
            working = asyncio.create_task(Recompute(postgis, clock).step())
            await asyncio.sleep(0.3)
            # The stay ends while the work waits for its device.
            clock.passes(10_000_000)
            await pipeline._store(writer, stay.take(np.arange(40, stay.n)))
        await working
    await work(postgis)
    assert await known_in_turn(postgis) > 1


async def test_versions_follow_each_other_where_clocks_differ(database: Database) -> None:
    await enrol(database)
    stay = visit_of(1)
    ahead = Pipeline(database, lambda: to_us(NOW + HOUR))
    await ahead.store(stay.take(np.arange(40)))
    await draw(database, 1, SHIFTED, ALWAYS)
    await work(database)
    async with database.write() as writer:
        # Silent by the clock of all, which is behind that of who heard it.
        await writer.execute(sa.update(schema.device_states).values(heard=NOW - DAY))
        assert len(await silence.close(writer, NOW)) > 0
    await ahead.store(stay.take(np.arange(40, stay.n)))
    await draw(database, 1, SQUARES[1], ALWAYS)
    await work(database, now=NOW)
    # One visit is another one now, and the other's versions have all been told an hour ahead.
    await draw(database, 1, shapely.box(-55, -50, 50, 50), ALWAYS)
    await work(database, now=NOW + DAY)
    assert await known_in_turn(database) > 1


class Clock:
    """A clock for all, that goes on a little each time that somebody looks at it."""

    def __init__(self) -> None:
        self.now_us = to_us(NOW)

    def __call__(self) -> int:
        self.now_us += 1000
        return self.now_us

    def passes(self, microseconds: int) -> None:
        self.now_us += microseconds


async def known_in_turn(database: Database) -> int:
    """How many versions of visits there are, of which of each visit one was known at a time."""
    v = schema.visits.c
    key = v.device_id, v.hotspot_id, v.first_us
    query = sa.select(*key, v.known_from, v.known_to).order_by(*key, v.known_from, v.id)
    async with database.read() as reader:
        rows = (await reader.execute(query)).all()
    assert all(row.known_to is None or row.known_from <= row.known_to for row in rows)
    for one, other in pairwise(rows):
        assert one[:3] != other[:3] or (one.known_to and one.known_to <= other.known_from)
    return len(rows)


@pytest.mark.parametrize("seed", range(4))
async def test_edits_fixes_and_work_at_once_come_to_one_run(database: Database, seed: int) -> None:
    await enrol(database)
    random = np.random.default_rng(seed)
    fixes = days(seed, 2, 80)
    delay_us = np.where(random.random(fixes.n) < 0.1, 9e10, random.exponential(6e7, fixes.n))
    batches = split(fixes, np.argsort(fixes.time_us + delay_us), 40)
    clock, over = Clock(), asyncio.Event()
    async with asyncio.timeout(20):
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                most_fixes = int(random.choice([15, 60, 400]))
                recompute = Recompute(database, clock, most_fixes=most_fixes)
                group.create_task(keep_on(recompute, over))
            async with asyncio.TaskGroup() as coming:
                coming.create_task(edits(database, clock, random))
                for mine in (batches[::2], batches[1::2]):
                    coming.create_task(send(Pipeline(database, clock), mine))
            over.set()
        clock.passes(1_000_000)
        while await Recompute(database, clock).step():
            pass
    await is_one_run(database, fixes)
    assert await known_in_turn(database) >= len(await stored(database)) > 0


async def keep_on(recompute: Recompute, over: asyncio.Event) -> None:
    while not over.is_set():
        if not await recompute.step():
            await asyncio.sleep(0.005)


async def send(pipeline: Pipeline, batches: Sequence[Columns]) -> None:
    for batch in batches:
        while True:
            with suppress(StorageUnavailable):
                await pipeline.store(batch)
                break


async def edits(database: Database, clock: Clock, random: np.random.Generator) -> None:
    for _ in range(12):
        await edit(database, random, from_us(clock()))
        await asyncio.sleep(0.05 * random.random())


async def edit(database: Database, random: np.random.Generator, now: dt.datetime) -> None:
    id_ = int(random.integers(1, 5))
    moment = [ALWAYS, TODAY - DAY, TODAY, TODAY + 13 * HOUR][random.integers(4)]
    shape = SHAPES[random.integers(len(SHAPES))]
    version = HotspotVersion(f"h{id_}", f"h{id_}", degrees(shape), 0.0, moment)
    async with database.write() as writer:
        if random.random() < 0.2 and id_ < 4:
            held = {hotspot.id: hotspot for hotspot in await believed(database)}
            if id_ in held and held[id_].valid_to_us is None:
                await hotspots.end(writer, f"h{id_}", moment, now)
        else:
            await hotspots.put(writer, [version], now)
