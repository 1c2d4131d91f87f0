import asyncio
import datetime as dt

from app.access.viewer import OPERATOR
from app.compliance.cells import NEVER_US
from app.storage import assignments, devices, people
from app.storage.assignments import Assignment
from app.storage.engine import Database
from app.storage.errors import Conflict
from app.storage.pages import Slice
from app.storage.types import to_us

NOW = dt.datetime(2026, 1, 15, 6, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


async def given(database: Database) -> None:
    async with database.write() as writer:
        await people.create_officer(writer, people.Officer("1", "One"), NOW)
        await devices.create(writer, devices.Device("radio", "radio", "radio"), b"key", NOW)


async def assign(database: Database, start: int, end: int | None) -> None:
    times = NOW + start * HOUR, None if end is None else NOW + end * HOUR
    async with database.write() as writer:
        await assignments.create(writer, Assignment("radio", "1", *times), NOW)


async def test_of_overlapping_assignments_at_the_same_time_one_is_stored(
    database: Database,
) -> None:
    await given(database)
    answers = await asyncio.gather(
        *(assign(database, start, start + 3) for start in range(3)), return_exceptions=True
    )
    assert sum(isinstance(answer, Conflict) for answer in answers) == 2
    async with database.read() as reader:
        page = await assignments.page(reader, OPERATOR, Slice(10), None, None)
    assert len(page.items) == 1


async def test_columns_are_of_the_time_that_is_asked_for(database: Database) -> None:
    await given(database)
    for start, end in ((0, 2), (2, 4), (4, None)):
        await assign(database, start, end)
    async with database.read() as reader:
        found = await assignments.columns(reader, OPERATOR, NOW + 2 * HOUR, NOW + 5 * HOUR, NOW)
        unknown = await assignments.columns(reader, OPERATOR, NOW, NOW + 5 * HOUR, NOW - HOUR)
    assert found.start_us.tolist() == [to_us(NOW + 2 * HOUR), to_us(NOW + 4 * HOUR)]
    assert found.end_us.tolist() == [to_us(NOW + 4 * HOUR), NEVER_US]
    assert len(unknown.device) == 0
