import asyncio
import datetime as dt

import pytest
import shapely
import sqlalchemy as sa

from app.access.viewer import Role, Viewer
from app.storage import hotspots
from app.storage.engine import Database
from app.storage.errors import Conflict
from app.storage.hotspots import HotspotVersion
from app.storage.pages import Slice
from app.storage.schema import hotspot_versions

VIEWER = Viewer("x", Role.ANALYST)
JANUARY = dt.datetime(2026, 1, 1, 6, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def day(number: int) -> dt.datetime:
    return JANUARY + dt.timedelta(days=number - 1)


def version(side: float, start: int, name: str = "Market") -> HotspotVersion:
    box = shapely.box(-3, 53, -3 + side, 53 + side)
    return HotspotVersion("HS1", name, box, 0.0, day(start))


async def put(database: Database, given: HotspotVersion, hour: int) -> int:
    async with database.write() as writer:
        return await hotspots.put(writer, [given], JANUARY + hour * HOUR)


async def sides(database: Database, hour: int) -> list[tuple[int, int | None, float]]:
    """First day, day after the last, side of each version as known at an hour."""
    as_at = JANUARY + hour * HOUR
    found = []
    async with database.read() as reader:
        for number in range(1, 31):
            page = await hotspots.page(reader, VIEWER, Slice(10), day(number), as_at)
            found += page.items
    return sorted(
        {
            (
                one.valid_from.day,
                one.valid_to and one.valid_to.day,
                round(one.geometry.bounds[2] + 3, 6),
            )
            for one in found
        },
        key=str,
    )


async def test_a_change_ends_the_version_before_it(database: Database) -> None:
    assert await put(database, version(0.001, 5), 0) == 1
    assert await put(database, version(0.002, 10), 1) == 1
    assert await sides(database, 0) == [(5, None, 0.001)]
    assert await sides(database, 1) == sorted([(5, 10, 0.001), (10, None, 0.002)], key=str)


async def test_a_change_between_two_versions_lasts_until_the_later_one(database: Database) -> None:
    await put(database, version(0.001, 5), 0)
    await put(database, version(0.002, 20), 1)
    await put(database, version(0.003, 10), 2)
    assert await sides(database, 2) == sorted(
        [(5, 10, 0.001), (10, 20, 0.003), (20, None, 0.002)], key=str
    )


async def test_a_version_before_all_others_lasts_until_the_first(database: Database) -> None:
    await put(database, version(0.001, 5), 0)
    await put(database, version(0.001, 2), 1)
    assert await sides(database, 1) == [(2, 5, 0.001), (5, None, 0.001)]


async def test_a_correction_from_the_same_day_replaces_the_version(database: Database) -> None:
    await put(database, version(0.001, 5), 0)
    await put(database, version(0.002, 5), 1)
    assert await sides(database, 0) == [(5, None, 0.001)]
    assert await sides(database, 1) == [(5, None, 0.002)]


@pytest.mark.parametrize("same", [version(0.001, 5), version(0.001, 9)])
async def test_the_same_place_again_is_no_change(database: Database, same: HotspotVersion) -> None:
    await put(database, version(0.001, 5), 0)
    reversed_ = HotspotVersion(
        same.key, same.name, shapely.reverse(same.geometry), same.buffer_m, same.valid_from
    )
    assert await put(database, same, 1) == 0
    assert await put(database, reversed_, 2) == 0
    assert await put(database, version(0.001, 9, name="Market Place"), 3) == 1


async def test_nothing_that_was_believed_is_lost(database: Database) -> None:
    for hour, (side, start) in enumerate([(0.001, 5), (0.002, 10), (0.003, 7), (0.004, 1)]):
        await put(database, version(side, start), hour)
    async with database.read() as reader:
        rows = (await reader.execute(sa.select(hotspot_versions))).all()
        known = await hotspots.columns(reader, VIEWER, JANUARY + 9 * HOUR)
    assert len(rows) == len(known.hotspot)
    # Those now held true follow each other without gap or overlap.
    current = sorted((row.valid_from, row.valid_to) for row in rows if row.known_to is None)
    assert [end for _, end in current[:-1]] == [start for start, _ in current[1:]]
    assert current[-1][1] is None


async def test_imports_at_the_same_time_come_in_turn_or_are_told_so(database: Database) -> None:
    answers = await asyncio.gather(
        *(put(database, version(0.001 * n, 5), n) for n in range(1, 6)), return_exceptions=True
    )
    assert all(isinstance(answer, int | Conflict) for answer in answers)
    assert any(isinstance(answer, int) for answer in answers)
    async with database.read() as reader:
        current = hotspot_versions.c.known_to.is_(None)
        count = sa.select(sa.func.count()).select_from(hotspot_versions).where(current)
        assert await reader.scalar(count) == 1


async def test_a_shape_comes_back_to_the_last_digit(database: Database) -> None:
    shape = shapely.Polygon([(-2.9812345678901234, 53.1), (1 / 3, 53.2), (0.1 + 0.2, 53.3)])
    given = HotspotVersion("HS1", "x", shape, 12.5, day(1))
    await put(database, given, 0)
    async with database.read() as reader:
        found = await hotspots.one(reader, VIEWER, "HS1", day(2), day(2))
    assert found == given
