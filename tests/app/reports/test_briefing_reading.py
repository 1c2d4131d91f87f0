"""What a briefing reads of its own: hot spots and tasks as they were, on each kind of database."""

import datetime as dt

from shapely import box

from app.access.viewer import SERVICE
from app.storage import briefings, hotspots
from app.storage.briefings import Words
from app.storage.engine import Database
from app.storage.hotspots import HotspotVersion

FIRST = dt.datetime(2026, 1, 12, 12, tzinfo=dt.UTC)
THEN = FIRST + dt.timedelta(days=3)
HOUR = dt.timedelta(hours=1)


async def test_hot_spots_and_tasks_are_read_as_they_were_known(database: Database) -> None:
    first = HotspotVersion("HS1", "Old", box(-3, 53, -2.999, 53.001), 0.0, FIRST)
    second = HotspotVersion("HS1", "New", box(-3, 53, -2.998, 53.001), 5.0, THEN)
    async with database.write() as writer:
        await hotspots.put(writer, [first], FIRST)
        id_ = await hotspots.id_of(writer, SERVICE, "HS1")
        await briefings.put(writer, {id_: Words("Walk", "")}, FIRST)
        await hotspots.put(writer, [second], THEN)
        await briefings.withdraw(writer, id_, THEN)
    async with database.read() as reader:
        assert await hotspots.valid(reader, SERVICE, FIRST, FIRST - HOUR) == {}
        assert (await hotspots.valid(reader, SERVICE, FIRST, THEN))[id_].name == "Old"
        found = await hotspots.valid(reader, SERVICE, THEN + HOUR, THEN)
        assert {key: (one.name, one.buffer_m) for key, one in found.items()} == {id_: ("New", 5.0)}
        assert await briefings.known(reader, SERVICE, FIRST) == {id_: Words("Walk", "")}
        assert await briefings.known(reader, SERVICE, THEN) == {}
