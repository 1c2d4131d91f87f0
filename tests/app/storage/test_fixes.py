from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
import sqlalchemy as sa

from app.storage import fixes, states
from app.storage.engine import Database
from ingest.columns import Columns

NAN = float("nan")
T0 = 1_700_000_000_123_457


def columns(rows: Sequence[tuple[int, int, float, float, float]]) -> Columns:
    """Rows of device, microseconds after T0, lon, lat, accuracy."""
    n = len(rows)
    device, after, lon, lat, accuracy = (np.array(part) for part in zip(*rows, strict=True))
    unknown = np.full(n, NAN)
    return Columns(
        device=device.astype(np.int64),
        time_us=(after + T0).astype(np.int64),
        received_us=np.full(n, T0 + 5_000_000),
        lat=lat.astype(float),
        lon=lon.astype(float),
        accuracy_m=accuracy.astype(float),
        speed_mps=np.where(np.arange(n) % 2 == 0, 1.5, NAN),
        heading_deg=unknown,
        altitude_m=unknown,
        battery_pct=np.full(n, 80.0),
        source=(np.arange(n) % 2).astype(np.uint8),
    )


async def store(
    database: Database, rows: Sequence[tuple[int, int, float, float, float]]
) -> list[bool]:
    async with database.write() as writer:
        await states.lock(writer, [7, 8, 9])
        return (await fixes.store(writer, columns(rows))).tolist()


async def stored(
    database: Database, since: dict[int, int]
) -> list[tuple[int, int, float, float, float]]:
    async with database.read() as reader:
        found = await fixes.since(reader, since)
    assert np.array_equal(np.lexsort((found.time_us, found.device)), np.arange(len(found)))
    return [
        (d, t - T0, lon, lat, a)
        for d, t, lon, lat, a in zip(
            found.device.tolist(),
            found.time_us.tolist(),
            found.lon.tolist(),
            found.lat.tolist(),
            found.accuracy_m.tolist(),
            strict=True,
        )
    ]


async def test_a_fix_comes_back_as_it_was_to_the_microsecond_and_the_last_bit(
    database: Database,
) -> None:
    rows = [(7, 1, -2.9251730000000001, 53.44451, 4.1), (7, 2, -179.99999999999997, -0.0, 9.0)]
    assert await store(database, rows) == [True, True]
    assert await stored(database, {7: T0}) == rows


async def test_unknown_values_are_null_and_known_ones_are_kept(database: Database) -> None:
    await store(database, [(7, 1, -2.9, 53.4, NAN), (7, 2, -2.9, 53.4, 5.0)])
    query = sa.text(
        "SELECT accuracy_m, speed_mps, heading_deg, battery_pct, source FROM fixes ORDER BY time"
    )
    async with database.read() as reader:
        found = [tuple(row) for row in await reader.execute(query)]
    assert found == [
        (None, 1.5, None, 80.0, fixes.SOURCES[0]),
        (5.0, None, None, 80.0, fixes.SOURCES[1]),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize("together", [True, False])
async def test_of_fixes_with_one_key_the_same_one_stays_in_whatever_order_they_come(
    database: Database, order: tuple[int, ...], together: bool
) -> None:
    rivals = [
        (7, 1, -2.90, 53.40, NAN),
        (7, 1, -2.90, 53.41, 8.0),
        (7, 1, -2.95, 53.42, 8.0),
        (7, 1, -2.95, 53.43, 8.0),
    ]
    if together:
        said = await store(database, [rivals[i] for i in order])
        assert sum(said) == 1
    else:
        for i in order:
            await store(database, [rivals[i]])
    assert await stored(database, {7: T0}) == [rivals[2]]


async def test_a_duplicate_is_told_from_what_is_new(database: Database) -> None:
    first = [(7, 1, -2.9, 53.4, 5.0), (8, 1, -2.9, 53.4, 5.0)]
    assert await store(database, first) == [True, True]
    assert await store(database, [*first, (7, 2, -2.9, 53.4, 5.0)]) == [False, False, True]


async def test_history_is_read_from_each_device_s_own_moment(database: Database) -> None:
    rows = [(d, after, -2.9, 53.4, 5.0) for d in (7, 8, 9) for after in (1, 2, 3)]
    await store(database, rows)
    found = await stored(database, {7: T0 + 3, 8: T0 + 2})
    assert [(d, after) for d, after, *_ in found] == [(7, 3), (8, 2), (8, 3)]


async def test_nothing_is_stored_when_the_transaction_fails(database: Database) -> None:
    async def store_and_fail() -> None:
        async with database.write() as writer:
            await states.lock(writer, [7])
            await fixes.store(writer, columns([(7, 1, -2.9, 53.4, 5.0)]))
            raise NotImplementedError

    with pytest.raises(NotImplementedError):
        await store_and_fail()
    assert await stored(database, {7: T0}) == []
    assert await store(database, [(7, 1, -2.9, 53.4, 5.0)]) == [True]


async def test_postgis_shows_fixes_as_points(postgis_url: str) -> None:
    database = Database(postgis_url)
    await store(database, [(7, 1, -2.9, 53.4, 5.0)])
    query = sa.text("SELECT ST_AsText(geom), ST_SRID(geom) FROM fixes")
    async with database.read() as reader:
        assert (await reader.execute(query)).one() == ("POINT(-2.9 53.4)", 4326)
    await database.close()
