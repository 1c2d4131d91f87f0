import logging

import pytest
import sqlalchemy as sa
from redrawing import ALWAYS, DAY, TODAY, ask, days, draw, end, is_one_run, visit_of, work
from wandering import NOW, SQUARES, enrol, feed, stored

from app.recompute import GROUP_S, LEAST_FIXES, MOST_FIXES, Recompute, Stumbled
from app.storage import devices as device_storage
from app.storage import profiles, recomputes, schema
from app.storage.devices import Device
from app.storage.engine import Database
from app.storage.profiles import DeviceProfile
from app.storage.recomputes import Job
from app.storage.types import to_us

RADIO = DeviceProfile("radio", 60.0, None, reports_when_still=False, assumed_accuracy_m=15.0)


def worker(database: Database, most_fixes: int = 20_000) -> Recompute:
    return Recompute(database, lambda: to_us(NOW), most_fixes=most_fixes)


async def unfinished(database: Database) -> list[Job]:
    async with database.read() as reader:
        return list(await recomputes.unfinished(reader))


async def set_tail(database: Database, device: int, tail: bytes | None) -> bytes | None:
    """Gives a device another memory; what it was."""
    states = schema.device_states
    mine = states.c.device_id == device
    async with database.write() as writer:
        before = await writer.scalar(sa.select(states.c.tail).where(mine))
        await writer.execute(sa.update(states).where(mine).values(tail=tail))
    return before


async def test_a_job_that_fails_lets_the_others_go_ahead_and_is_tried_again(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await enrol(database)
    fixes = days(3, 2, 60)
    await feed(database, [fixes])
    good = await set_tail(database, 1, b"broken")
    failing, other = await ask(database, ALWAYS), await ask(database, ALWAYS, device=2)
    recompute = worker(database)
    with caplog.at_level(logging.ERROR):
        while await recompute.step():
            assert [job.id for job in await unfinished(database)] in ([other, failing], [failing])
            if len(await unfinished(database)) == 1:
                break
        for _ in range(2):
            with pytest.raises(Stumbled):
                await recompute.step()
    [job] = await unfinished(database)
    assert job.id == failing
    assert job.attempts == 3
    assert job.error is not None
    assert [record.name for record in caplog.records] == ["app.recompute"]
    # An edit is not to wait with it.
    await draw(database, 1, SQUARES[3], ALWAYS)
    assert len(await unfinished(database)) == 2
    await set_tail(database, 1, good)
    assert await recompute.step(failing)
    [job] = [job for job in await unfinished(database) if job.id == failing]
    assert (job.attempts, job.error) == (0, None)
    await work(database)
    await is_one_run(database, fixes)


def test_groups_are_as_large_as_the_time_they_take_lets_them_be(sqlite_url: str) -> None:
    recompute = worker(Database(sqlite_url), MOST_FIXES)
    for _ in range(10):
        recompute._fit(0.01)
    assert recompute._group_fixes == MOST_FIXES
    recompute._fit(4 * GROUP_S)
    assert recompute._group_fixes == MOST_FIXES / 4
    recompute._fit(1000 * GROUP_S)
    assert recompute._group_fixes == LEAST_FIXES
    recompute._fit(GROUP_S)
    assert recompute._group_fixes == LEAST_FIXES
    recompute._fit(0.01)
    assert recompute._group_fixes == 2 * LEAST_FIXES


async def test_what_holds_from_a_future_day_on_is_no_work(database: Database) -> None:
    await enrol(database)
    await draw(database, 1, SQUARES[3], NOW + 2 * DAY)
    await end(database, 2, NOW + 2 * DAY)
    assert await unfinished(database) == []
    await end(database, 3, TODAY)
    assert [job.start for job in await unfinished(database)] == [TODAY]


async def test_a_profile_that_changes_meanwhile_holds_for_all_devices(
    database: Database,
) -> None:
    await enrol(database)
    await feed(database, [visit_of(1), visit_of(2)])
    job = await ask(database, ALWAYS)
    recompute = worker(database, 80)
    while (await unfinished(database))[0].last_device != 1:
        assert await recompute.step()
    async with database.write() as writer:
        await profiles.put(writer, RADIO, NOW)
        assert (await recomputes.unfinished(writer))[0].last_device is None
        await recomputes.move(writer, (await recomputes.unfinished(writer))[0], 1, None)
        # The same again is no change.
        await profiles.put(writer, RADIO, NOW)
        await device_storage.change(writer, Device("d1", "phone", "radio"))
        assert (await recomputes.unfinished(writer))[0].last_device is None
    assert await ask(database, ALWAYS) == job
    await work(database)
    by_hand = await stored(database)
    await ask(database, ALWAYS)
    await work(database)
    assert await stored(database) == by_hand
