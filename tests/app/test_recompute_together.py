import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
import shapely
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
from wandering import DEVICES, NOW, SQUARES, degrees, enrol, feed, split

from app.pipeline import Pipeline
from app.recompute import Recompute
from app.storage import hotspots, recomputes
from app.storage.engine import Database
from app.storage.hotspots import HotspotVersion
from app.storage.types import to_us
from ingest.columns import Columns


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


@pytest.mark.parametrize("seed", range(8))
async def test_edits_fixes_and_work_in_any_order_come_to_one_run(
    database: Database, seed: int
) -> None:
    await enrol(database)
    random = np.random.default_rng(seed)
    fixes = days(seed, 2, 80)
    delay_us = np.where(random.random(fixes.n) < 0.1, 9e10, random.exponential(6e7, fixes.n))
    batches = split(fixes, np.argsort(fixes.time_us + delay_us), 40)
    recompute = Recompute(
        database, lambda: to_us(NOW), most_fixes=int(random.choice([15, 60, 400]))
    )
    pipeline = Pipeline(database, lambda: to_us(NOW))
    for batch in batches:
        await pipeline.store(batch)
        what = random.random()
        if what < 0.3:
            await edit(database, random)
        if what < 0.6:
            await recompute.step()
    await work(database, 60)
    await is_one_run(database, fixes)


async def edit(database: Database, random: np.random.Generator) -> None:
    id_ = int(random.integers(1, 5))
    moment = [ALWAYS, TODAY - DAY, TODAY, TODAY + 13 * HOUR][random.integers(4)]
    shape = SHAPES[random.integers(len(SHAPES))]
    version = HotspotVersion(f"h{id_}", f"h{id_}", degrees(shape), 0.0, moment)
    async with database.write() as writer:
        if random.random() < 0.2 and id_ < 4:
            held = {hotspot.id: hotspot for hotspot in await believed(database)}
            if id_ in held and held[id_].valid_to_us is None:
                await hotspots.end(writer, f"h{id_}", moment, NOW)
        else:
            await hotspots.put(writer, [version], NOW)
