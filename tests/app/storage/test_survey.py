import datetime as dt

import pytest

from app.access.viewer import Forbidden, Role, Viewer
from app.compliance.observed import Hours, Nearby
from app.storage import survey
from app.storage.engine import Database
from app.storage.survey import HourRow, NearbyRow, Survey
from app.storage.types import to_us

EIGHT = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
KNOWN = EIGHT + 12 * HOUR
EVERYBODY = Viewer("test", Role.OFFICER)
ALL_DAY = EIGHT, EIGHT + 12 * HOUR
EVERY_MINUTE = 2**60 - 1
NOTHING = Survey(frozenset(), frozenset())


def at(hours: int, minutes: int = 0) -> int:
    return to_us(EIGHT + hours * HOUR + minutes * MINUTE)


MORNING = Survey(
    frozenset({HourRow(1, at(0), 240, EVERY_MINUTE), HourRow(2, at(1), 9, 0b101)}),
    frozenset({NearbyRow(1, 7, at(0, 50), at(1)), NearbyRow(1, 7, at(1), at(1, 5))}),
)


async def write(database: Database, gone: Survey, new: Survey, now: dt.datetime) -> None:
    async with database.write() as writer:
        await survey.replace(writer, gone, new, now)


def hour_rows(found: Hours) -> list[tuple[int, ...]]:
    columns = found.device.tolist(), found.hour_us.tolist(), found.observed.tolist()
    return sorted(zip(*columns, strict=True))


def nearby_rows(found: Nearby) -> list[tuple[int, ...]]:
    columns = found.device, found.hotspot, found.start_us, found.end_us
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


async def test_what_was_written_is_read_as_columns_and_bits_to_the_last(database: Database) -> None:
    await write(database, NOTHING, MORNING, KNOWN)
    async with database.read() as reader:
        assert hour_rows(await survey.hours(reader, EVERYBODY, *ALL_DAY, KNOWN)) == [
            (1, at(0), EVERY_MINUTE),
            (2, at(1), 0b101),
        ]
        assert nearby_rows(await survey.nearby(reader, EVERYBODY, *ALL_DAY, KNOWN)) == [
            (1, 7, at(0, 50), at(1)),
            (1, 7, at(1), at(1, 5)),
        ]


async def test_all_that_touches_a_stretch_of_time_is_read(database: Database) -> None:
    await write(database, NOTHING, MORNING, KNOWN)
    stretch = EIGHT + 57 * MINUTE, EIGHT + HOUR
    async with database.read() as reader:
        hours = await survey.hours(reader, EVERYBODY, *stretch, KNOWN)
        nearby = await survey.nearby(reader, EVERYBODY, *stretch, KNOWN)
        none = await survey.hours(reader, EVERYBODY, EIGHT - HOUR, EIGHT, KNOWN)
    assert hour_rows(hours) == [(1, at(0), EVERY_MINUTE)]
    assert nearby_rows(nearby) == [(1, 7, at(0, 50), at(1))]
    assert hour_rows(none) == []


async def test_what_is_gone_can_be_read_as_it_was(database: Database) -> None:
    await write(database, NOTHING, MORNING, KNOWN)
    gone = Survey(
        frozenset({HourRow(2, at(1), 9, 0b101)}), frozenset({NearbyRow(1, 7, at(1), at(1, 5))})
    )
    new = Survey(frozenset({HourRow(2, at(1), 10, 0b111)}), frozenset())
    later = KNOWN + HOUR
    await write(database, gone, new, later)
    async with database.read() as reader:
        for as_at, bits, stretches in ((KNOWN, 0b101, 2), (later, 0b111, 1)):
            hours = await survey.hours(reader, EVERYBODY, *ALL_DAY, as_at)
            assert hour_rows(hours)[1] == (2, at(1), bits)
            nearby = await survey.nearby(reader, EVERYBODY, *ALL_DAY, as_at)
            assert len(nearby_rows(nearby)) == stretches
        held, newest = await survey.held(reader, [1, 2], *ALL_DAY)
    kept = Survey(MORNING.hours - gone.hours | new.hours, MORNING.nearby - gone.nearby)
    assert (held, newest) == (kept, later)


async def test_only_who_may_see_figures_of_places_reads_it(database: Database) -> None:
    auditor = Viewer("test", Role.AUDITOR)
    async with database.read() as reader:
        with pytest.raises(Forbidden):
            await survey.hours(reader, auditor, *ALL_DAY, KNOWN)
        with pytest.raises(Forbidden):
            await survey.nearby(reader, auditor, *ALL_DAY, KNOWN)
