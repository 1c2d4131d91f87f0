import datetime as dt

import sqlalchemy as sa
from wandering import DEVICES, NOW, START_US, enrol, feed, wandering

from app.storage import fixes, recomputes, schema
from app.storage.engine import Database
from app.storage.recomputes import BY_HAND, EDITED
from app.storage.types import from_us
from geofence.model import NEVER

DAY = dt.timedelta(days=1)


async def test_edits_are_one_job_until_it_has_begun(database: Database) -> None:
    for back in (1, 3, 2):
        async with database.write() as writer:
            await recomputes.ask_after_edit(writer, NOW - back * DAY, NOW)
    async with database.write() as writer:
        [job] = await recomputes.unfinished(writer)
        assert await recomputes.claim(writer, job.id) == job
        assert (job.start, job.why) == (NOW - 3 * DAY, EDITED)
        await recomputes.move(writer, job, 1, None)
    async with database.write() as writer:
        await recomputes.ask_after_edit(writer, NOW, NOW)
        assert [one.start for one in await recomputes.unfinished(writer)] == [job.start, NOW]
        await recomputes.finish(writer, job, NOW)
        assert [one.start for one in await recomputes.unfinished(writer)] == [NOW]


async def test_the_same_asked_for_by_hand_goes_on_until_it_is_done(database: Database) -> None:
    async with database.write() as writer:
        first = await recomputes.ask(writer, NOW - DAY, None, None, NOW)
        await recomputes.move(writer, first, 2, from_us(START_US))
        again = await recomputes.ask(writer, NOW - DAY, None, None, NOW + DAY)
        other = await recomputes.ask(writer, NOW - DAY, NOW, None, NOW)
        await recomputes.finish(writer, again, NOW)
        anew = await recomputes.ask(writer, NOW - DAY, None, None, NOW + DAY)
    assert (again.id, again.asked, again.last_device) == (first.id, NOW, 2)
    assert (again.reached, again.why) == (from_us(START_US), BY_HAND)
    assert len({first.id, other.id, anew.id}) == 3
    assert anew.last_device is None


async def test_nobody_gets_what_somebody_else_is_at(postgis_url: str) -> None:
    database = Database(postgis_url)
    async with database.write() as writer:
        ids = [(await recomputes.ask(writer, NOW - n * DAY, None, None, NOW)).id for n in (1, 2)]
    async with database.write() as one, database.write() as other:
        for writer, id_ in zip((one, other), ids, strict=True):
            job = await recomputes.claim(writer, id_)
            assert job is not None
            assert job.id == id_
        async with database.write() as third:
            assert await recomputes.claim(third, ids[0]) is None
            assert await recomputes.claim(third, ids[1]) is None
    await database.close()


async def test_a_group_is_no_more_fixes_than_wanted_but_for_one_device(database: Database) -> None:
    await enrol(database)
    track = wandering(1, 50)
    await feed(database, [track])
    async with database.write() as writer:
        job = await recomputes.ask(writer, NOW - DAY, None, None, NOW)

    async def group(most_fixes: int) -> list[tuple[int, int]]:
        async with database.read() as reader:
            found = await recomputes.upcoming(
                reader, job, from_us(START_US), most_fixes=most_fixes, most_devices=10
            )
        return [(extent.device, extent.fixes) for extent in found]

    assert await group(150) == [(device, 50) for device in DEVICES]
    assert await group(149) == [(1, 50), (2, 50)]
    # More than wanted, and no need to count them all.
    assert await group(20) == [(1, 21)]


async def test_how_far_a_job_is_counts_the_devices_that_were_ever_heard(database: Database) -> None:
    await enrol(database)
    track = wandering(1, 20)
    await feed(database, [track.take((track.device != 2).nonzero()[0])])
    async with database.write() as writer:
        job = await recomputes.ask(writer, NOW - DAY, None, None, NOW)
        await recomputes.move(writer, job, 2, None)
        assert (await recomputes.progress(writer, job.id))[1:] == (1, 2)
        await recomputes.finish(writer, job, NOW)
        assert (await recomputes.progress(writer, job.id))[1:] == (2, 2)


async def test_the_first_fix_of_all_and_the_one_so_many_later(database: Database) -> None:
    await enrol(database)
    async with database.read() as reader:
        assert await fixes.earliest(reader) is None
    track = wandering(1, 20)
    await feed(database, [track])
    mine = sorted(track.time_us[track.device == 2].tolist())
    async with database.read() as reader:
        assert await fixes.earliest(reader) == from_us(int(track.time_us.min()))
        assert await fixes.later(reader, 2, mine[3], 0) == mine[3]
        assert await fixes.later(reader, 2, mine[3] + 1, 5) == mine[9]
        assert await fixes.later(reader, 2, mine[3], 17) is None


async def test_the_first_fixes_from_moments_on_of_those_devices_that_have_one(
    database: Database,
) -> None:
    await enrol(database)
    track = wandering(1, 20)
    await feed(database, [track])
    mine = {device: sorted(track.time_us[track.device == device].tolist()) for device in DEVICES}
    async with database.read() as reader:
        await recomputes.unfinished(reader)
        moments = {1: mine[1][4], 2: mine[2][5] + 1, 3: mine[3][-1] + 1}
        assert await fixes.following(reader, moments) == {1: mine[1][4], 2: mine[2][6]}
        assert await fixes.following(reader, {3: NEVER}) == {3: mine[3][0]}


async def test_a_group_may_have_more_devices_than_are_counted_at_once(database: Database) -> None:
    async with database.write() as writer:
        for id_ in range(1, 26):
            device = {"id": id_, "name": f"d{id_}", "kind": "phone", "profile": "phone"}
            await writer.execute(sa.insert(schema.devices), device)
            await writer.execute(sa.insert(schema.device_states), {"device_id": id_})
        job = await recomputes.ask(writer, NOW - DAY, None, None, NOW)
        for most, devices in ((100, 25), (25, 25), (24, 24), (1, 1)):
            found = await recomputes.upcoming(writer, job, NOW, most_fixes=0, most_devices=most)
            assert [extent.device for extent in found] == list(range(1, devices + 1))
