import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import services

from app.doctor.database import LITTLE_ROOM, NO_ROOM, check_database, check_file, room
from app.doctor.finding import Finding, Status
from app.storage import migrate, partitions
from app.storage.engine import Database


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


async def _checked(url: str, shift: dt.timedelta = dt.timedelta(0)) -> dict[str, list[Finding]]:
    database = Database(url)
    try:
        found = await check_database(database, lambda: now() + shift)
    finally:
        await database.close()
    return {check: [f for f in found if f.check == check] for check in {f.check for f in found}}


async def test_a_database_that_is_well_is_said_to_be(database: Database, database_url: str) -> None:
    await partitions.make_ahead(database, now().date())
    found = await _checked(database_url)
    assert {finding.status for findings in found.values() for finding in findings} == {Status.OK}
    [reached] = found["database"]
    assert ("PostGIS 3" in reached.says) == (database.dialect == "postgresql")


async def test_an_older_schema_is_named(database_url: str) -> None:
    database = Database(database_url)
    await migrate.downgrade(database, "0003")
    await database.close()
    [finding] = (await _checked(database_url))["schema"]
    assert finding.status is Status.BROKEN
    assert finding.do == "Run `beatkeeper migrate` on it."


async def test_a_day_without_its_partition_is_named(postgis_url: str) -> None:
    [finding] = (await _checked(postgis_url))["partitions"]
    assert finding.status is Status.LOOK
    assert finding.says.startswith(f"The fixes of {now().date()} have no partition")


@pytest.mark.parametrize(
    ("shift_s", "status", "says"),
    [(-5, Status.LOOK, "is 5 s ahead of"), (3600, Status.BROKEN, "is 3600 s behind")],
)
async def test_a_server_of_another_time_is_named(
    postgis_url: str, shift_s: float, status: Status, says: str
) -> None:
    [finding] = (await _checked(postgis_url, dt.timedelta(seconds=shift_s)))["time"]
    assert finding.status is status
    assert says in finding.says


async def test_a_database_that_is_away_is_named() -> None:
    found = await _checked(f"postgresql://nobody@127.0.0.1:{services.free_port()}/none")
    assert list(found) == ["database"]
    assert found["database"][0].status is Status.BROKEN


@pytest.fixture(scope="module")
def careless(postgres: services.Postgres) -> Iterator[services.Postgres]:
    """A server that forgets what it has committed when the power goes; where there is one."""
    settings = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with services.postgres(settings) as cluster:
        yield cluster


def test_a_server_that_may_forget_commits_is_named(careless: services.Postgres) -> None:
    found = asyncio.run(_checked(careless.url("postgres")))
    assert [finding.status for finding in found["durability"]] == [Status.BROKEN] * 3
    says = " ".join(finding.says for finding in found["durability"])
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert f"{setting} is off" in says
    assert found["schema"][0].status is Status.BROKEN


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    [finding] = check_file(tmp_path / "none.db")
    assert finding.status is Status.BROKEN
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("free", "status"),
    [(LITTLE_ROOM, Status.OK), (LITTLE_ROOM - 1, Status.LOOK), (NO_ROOM - 1, Status.BROKEN)],
)
def test_a_disk_that_is_nearly_full_is_named(free: int, status: Status) -> None:
    assert room(free, "the spool").status is status
