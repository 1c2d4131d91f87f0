import datetime as dt

import numpy as np
import pytest
from crimesmade import crimes

from app.access.viewer import Role, Viewer
from app.places.crimes import Crimes
from app.storage import crimes as storage
from app.storage.crimes import Asked
from app.storage.engine import Database

VIEWER = Viewer("x", Role.ANALYST)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
GIVEN = crimes(
    [(-2.98, 53.4), (np.nan, np.nan), (-2.97, 53.41)],
    days=[3, 10.5, 40],
    categories=["Theft", "Zeal", "arson"],
    place=["High Street", "", "Police Station"],
    snapped=True,
    hours=2,
)


async def put(database: Database, given: Crimes, refs: list[str]) -> int:
    async with database.write() as writer:
        return await storage.put(writer, given, refs)


async def read(database: Database, asked: Asked = Asked()) -> Crimes:  # noqa: B008 -- it is frozen
    async with database.read() as reader:
        return await storage.read(reader, VIEWER, asked)


async def test_crimes_come_out_as_they_went_in(database: Database) -> None:
    assert await put(database, GIVEN, ["1", "2", "3"]) == 3
    found = await read(database)
    for name in ("start_us", "end_us", "snapped"):
        assert getattr(found, name).tolist() == getattr(GIVEN, name).tolist(), name
    for name in ("lon", "lat"):
        np.testing.assert_array_equal(getattr(found, name), getattr(GIVEN, name))
    for name in ("category", "place", "source"):
        assert getattr(found, name).texts() == getattr(GIVEN, name).texts(), name


async def test_the_same_again_doubles_nothing(database: Database) -> None:
    await put(database, GIVEN, ["1", "2", "3"])
    assert await put(database, GIVEN, ["2", "3", "4"]) == 1
    assert len(await read(database)) == 4


async def test_crimes_are_asked_for_by_when_they_began_and_who_recorded_them(
    database: Database,
) -> None:
    await put(database, GIVEN, ["1", "2", "3"])
    tenth, fortieth = (EPOCH + dt.timedelta(days=days) for days in (10, 40))
    found = await read(database, Asked(start=tenth, end=fortieth, sources=["Anyshire"]))
    assert (found.category.texts(), found.category.values) == (["Zeal"], ("Zeal",))
    nobody = await read(database, Asked(sources=["Elsewhere"]))
    assert (len(nobody), nobody.category.values) == (0, ())
    async with database.read() as reader:
        assert await storage.sources(reader, VIEWER) == ("Anyshire",)


async def test_police_stations_are_known_by_the_places_of_crimes(database: Database) -> None:
    await put(database, GIVEN.take(np.array([0, 1, 2, 2])), ["1", "2", "3", "4"])
    async with database.read() as reader:
        found = await storage.stations(reader, VIEWER)
    assert (found.lon.tolist(), found.lat.tolist()) == ([-2.97], [53.41])
    assert list(found.called) == ["a police station, by the place of 2 crimes"]


@pytest.mark.parametrize("count", [0, 25_001])
async def test_however_many_there_are_all_are_stored(database: Database, count: int) -> None:
    given = GIVEN.take(np.zeros(count, np.int64))
    assert await put(database, given, [str(n) for n in range(count)]) == count
    found = await read(database)
    assert (len(found), found.placed.all()) == (count, True)


async def test_how_many_there_are_when_and_where_the_last_is(database: Database) -> None:
    async with database.read() as reader:
        assert await storage.extent(reader, VIEWER) == (0, None, None)
        assert await storage.last_place(reader, VIEWER) is None
    await put(database, GIVEN.take(np.array([0, 2, 1])), ["1", "2", "3"])
    async with database.read() as reader:
        extent = await storage.extent(reader, VIEWER)
        assert await storage.last_place(reader, VIEWER) == (-2.97, 53.41)
    assert extent.crimes == 3
    assert (extent.first, extent.last) == tuple(EPOCH + dt.timedelta(days) for days in (3, 40))
