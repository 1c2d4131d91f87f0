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
    days,
    draw,
    end,
    is_one_run,
    visit_of,
    work,
)
from wandering import (
    NOW,
    SQUARES,
    degrees,
    enrol,
    feed,
    split,
    stored,
)

from app.recompute import Recompute
from app.storage import hotspots, recomputes, schema, silence
from app.storage.engine import Database
from app.storage.hotspots import HotspotVersion
from app.storage.types import to_us


@pytest.mark.parametrize("most_fixes", [20_000, 200, 30])
async def test_a_boundary_edited_from_two_days_ago_changes_the_visits_since(
    database: Database, most_fixes: int
) -> None:
    await enrol(database)
    fixes = days(0, 4)
    await feed(database, split(fixes, np.arange(fixes.n), 500))
    async with database.write() as writer:
        await silence.close(writer, NOW + HOUR)
    before = await stored(database)
    await draw(database, 1, SHIFTED, TODAY - 2 * DAY, NOW + 2 * HOUR)
    steps = await work(database, most_fixes, NOW + 3 * HOUR)
    await is_one_run(database, fixes)
    after = await stored(database)
    edge_us = to_us(TODAY - 2 * DAY)
    assert {row for row in before if row[2] < edge_us} == {row for row in after if row[2] < edge_us}
    assert {row for row in before if row[1] != 1} == {row for row in after if row[1] != 1}
    assert before - after
    # What was told before the edit can still be read.
    assert await stored(database, NOW + 2 * HOUR) == before
    assert steps > (20 if most_fixes == 30 else 1)


@pytest.mark.parametrize("half", [20, 40, 59])
async def test_a_correction_from_the_same_day_in_the_middle_of_a_stay(
    database: Database, half: int
) -> None:
    await enrol(database)
    stay = visit_of(1)
    await feed(database, [stay.take(np.arange(half))])
    await draw(database, 1, SHIFTED, ALWAYS)
    await work(database)
    await is_one_run(database, stay.take(np.arange(half)))
    await feed(database, [stay.take(np.arange(half, stay.n))])
    await is_one_run(database, stay)


async def test_fixes_that_come_before_the_work_is_done_do_no_harm(database: Database) -> None:
    await enrol(database)
    stay = visit_of(1)
    await feed(database, [stay.take(np.arange(40))])
    await draw(database, 1, SHIFTED, ALWAYS)
    await feed(database, [stay.take(np.arange(40, stay.n))])
    await work(database)
    await is_one_run(database, stay)


async def test_a_hot_spot_ended_from_a_past_day_on_has_visits_only_before(
    database: Database,
) -> None:
    await enrol(database)
    fixes = days(3, 3)
    await feed(database, [fixes])
    await end(database, 3, TODAY - DAY)
    await work(database, 100)
    await is_one_run(database, fixes)
    mine = [row for row in await stored(database) if row[1] == 3]
    assert mine
    assert all(row[2] < to_us(TODAY - DAY) for row in mine)


async def test_a_hot_spot_drawn_for_the_past_gets_its_visits(database: Database) -> None:
    await enrol(database)
    fixes = days(5, 2)
    await feed(database, [fixes])
    await draw(database, 9, shapely.box(-250, -80, -150, 80), TODAY - 5 * DAY)
    await work(database)
    await is_one_run(database, fixes)
    assert any(row[1] not in SQUARES for row in await stored(database))


async def test_visits_that_an_edit_does_not_touch_are_left_as_they_are(database: Database) -> None:
    await enrol(database)
    fixes = days(1, 2)
    await feed(database, [fixes])
    later = NOW + HOUR
    async with database.write() as writer:
        await silence.close(writer, later)
    rows = sa.select(schema.visits).order_by(schema.visits.c.id)
    async with database.read() as reader:
        before = (await reader.execute(rows)).all()
    # Far from everybody; and the silent stay closed.
    await draw(database, 9, shapely.box(9000, 9000, 9100, 9100), ALWAYS)
    await work(database, 100, later)
    async with database.read() as reader:
        assert (await reader.execute(rows)).all() == before


async def test_a_new_name_is_no_work(database: Database) -> None:
    await enrol(database)
    square = HotspotVersion("h1", "Market", degrees(SQUARES[1]), 0.0, ALWAYS)
    async with database.write() as writer:
        await hotspots.put(writer, [square], NOW)
        assert await recomputes.unfinished(writer) == []


async def test_edits_before_the_work_has_begun_are_one_piece_of_work(database: Database) -> None:
    await enrol(database)
    fixes = days(2, 3, 60)
    await feed(database, [fixes])
    for id_, back in ((1, 1), (2, 2), (3, 1)):
        await draw(database, id_, SHIFTED, TODAY - back * DAY)
    async with database.read() as reader:
        [job] = await recomputes.unfinished(reader)
    assert job.start == TODAY - 2 * DAY
    recompute = Recompute(database, lambda: to_us(NOW), most_fixes=100)
    assert await recompute.step()
    # It has begun without this one.
    await draw(database, 1, SQUARES[3], TODAY - 2 * DAY)
    async with database.read() as reader:
        assert len(await recomputes.unfinished(reader)) == 2
    await work(database)
    await is_one_run(database, fixes)


async def test_only_the_span_that_was_asked_for_is_looked_at(database: Database) -> None:
    await enrol(database)
    fixes = days(4, 4)
    await feed(database, [fixes])
    good = await stored(database)
    await spoil(database)
    until = TODAY - DAY
    await ask(database, TODAY - 2 * DAY, until)
    await work(database, 150)
    mended = {row for row in await stored(database) if row in good}
    start_us, until_us, day_us = to_us(TODAY - 2 * DAY), to_us(until), 86_400_000_000
    assert mended >= {row for row in good if start_us <= row[2] < until_us}
    # A little more: up to where nothing reaches across.
    assert mended <= {row for row in good if start_us - day_us < row[2] < until_us + day_us}
    await ask(database, TODAY - 9 * DAY, device=2)
    await work(database)
    other = {row for row in await stored(database) if row in good} - mended
    assert other == {row for row in good if row[0] == 2} - mended
    await ask(database, TODAY - 9 * DAY)
    await work(database)
    assert await stored(database) == good


async def spoil(database: Database) -> None:
    """Makes every visit say what is not true."""
    async with database.write() as writer:
        await writer.execute(sa.update(schema.visits).values(fixes=-1))
