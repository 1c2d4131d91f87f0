import datetime as dt
import json
from itertools import chain

import pytest
import sqlalchemy as sa
from planted import Planted, draw, plant, square
from stored_visits import StoredVisit, store

from app.access.viewer import OPERATOR, Forbidden, Role, Viewer
from app.storage import exports, secrets
from app.storage.engine import Database
from app.storage.schema import fixes
from app.storage.visit_reads import Wanted

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)


async def visit_ids(database: Database, size: int) -> list[list[int]]:
    async with database.read() as reader:
        blocks = exports.visit_blocks(reader, OPERATOR, Wanted(), size)
        return [block["id"].tolist() async for block in blocks]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
async def test_blocks_follow_each_other_without_gap_or_overlap(
    database: Database, size: int
) -> None:
    await plant(database, [Planted("a", hours=0), Planted("b", hours=0)], NOW)
    await draw(database, {"HS1": square(50), "HS2": square(50, 500)})
    times = (60, 60, 60, 90, 120)
    places = [("a", "HS1"), ("a", "HS2"), ("b", "HS1"), ("b", "HS2"), ("a", "HS1")]
    await store(
        database,
        *(StoredVisit(*place, at, at + 5) for at, place in zip(times, places, strict=True)),
    )
    blocks = await visit_ids(database, size)
    assert [len(block) for block in blocks[:-1]] == [size] * (len(blocks) - 1)
    assert list(chain(*blocks)) == [1, 2, 3, 4, 5]


async def test_fixes_come_by_device_and_time_with_what_was_not_measured_unknown(
    database: Database,
) -> None:
    await plant(database, [Planted("a", hours=0.02), Planted("b", hours=0.01)], NOW)
    async with database.write() as writer:
        await writer.execute(sa.update(fixes).where(fixes.c.device_id == 2).values(source="old"))
    async with database.read() as reader:
        blocks = [one async for one in exports.fix_blocks(reader, OPERATOR, Wanted(), 3)]
    assert [block["device_id"].tolist() for block in blocks] == [[1, 1, 1], [1, 2, 2]]
    assert blocks[0]["time"].tolist() == sorted(set(blocks[0]["time"].tolist()))
    assert blocks[0]["accuracy_m"].tolist() == [8.0] * 3
    assert blocks[0]["speed_mps"].tolist() == pytest.approx([float("nan")] * 3, nan_ok=True)
    assert blocks[1]["source"].tolist() == [0, -1, -1]


async def test_tables_are_for_those_with_the_right_alone(database: Database) -> None:
    for role in (Role.ANALYST, Role.AUDITOR):
        with pytest.raises(Forbidden):
            async with database.read() as reader:
                await anext(exports.fix_blocks(reader, Viewer("x", role), Wanted()), None)
    with pytest.raises(Forbidden):
        async with database.read() as reader:
            await anext(exports.visit_blocks(reader, Viewer("x", Role.AUDITOR), Wanted()), None)


async def test_a_table_may_be_written_slowly_between_one_query_and_the_next(
    postgis_url: str,
) -> None:
    database = Database(postgis_url)
    waits = "SHOW idle_in_transaction_session_timeout"
    for opened, allowed in ((exports.reading(database), "15min"), (database.read(), "1min")):
        async with opened as reader:
            assert (await reader.exec_driver_sql(waits)).scalar_one() == allowed
    await database.close()


async def test_shapes_are_of_all_hot_spots_as_they_are_or_were_known(database: Database) -> None:
    await draw(database, {f"HS{number}": square(50, 100 * number) for number in range(3)})
    async with database.read() as reader:
        found = await exports.shapes(reader, OPERATOR, None)
        assert await exports.shapes(reader, OPERATOR, exports.FIRST) == []
    assert sorted(key for key, *_ in found) == ["HS0", "HS1", "HS2"]
    assert {json.loads(shape)["type"] for *_, shape in found} == {"Polygon"}


async def test_a_secret_stays_what_it_was_made(database: Database) -> None:
    made = await secrets.of(database, "a")
    assert len(made) == secrets.RANDOM_BYTES
    assert await secrets.of(database, "a") == made
    assert await secrets.of(database, "b") != made
