import datetime as dt

from stored_visits import StoredVisit, store
from wandering import enrol

from app.storage import visits
from app.storage.engine import Database
from app.storage.types import to_us

DAY = StoredVisit("d1", "h1", 0, 0).day


def minute(minutes: float) -> dt.datetime:
    return DAY + dt.timedelta(minutes=minutes)


async def test_visits_that_reach_across_a_moment_are_found_per_device(database: Database) -> None:
    await enrol(database)
    month = 30 * 24 * 60.0
    await store(
        database,
        StoredVisit("d1", "h1", -month, -month + 5),
        StoredVisit("d1", "h2", -month, 20),  # begun a month ago
        StoredVisit("d1", "h3", 0, 30),
        StoredVisit("d1", "h1", 2, 12),
        StoredVisit("d1", "h1", 15, 40),  # not yet begun
        StoredVisit("d2", "h1", 0, 10),  # over, but for half a minute of doubt
        StoredVisit("d3", "h1", 0, 100),  # nobody asks
    )
    moments = {1: to_us(minute(10)), 2: to_us(minute(10)), 9: to_us(minute(10))}
    async with database.read() as reader:
        assert await visits.across(reader, moments) == {
            1: (to_us(minute(-month)), minute(30.5)),
            2: (to_us(minute(0)), minute(10.5)),
        }
        edge = {1: to_us(minute(30.5)), 2: to_us(minute(10.5)) - 1, 3: to_us(minute(0)) - 1}
        assert (await visits.across(reader, edge)).keys() == {1, 2}
        begun = {1: to_us(minute(41)), 3: to_us(minute(0))}
        assert (await visits.across(reader, begun)).keys() == {3}


async def test_a_visit_held_true_no_longer_reaches_across_nothing(database: Database) -> None:
    await enrol(database)
    await store(database, StoredVisit("d1", "h1", 0, 30, known_to=50))
    async with database.read() as reader:
        assert await visits.across(reader, {1: to_us(minute(10))}) == {}
