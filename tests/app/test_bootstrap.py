import datetime as dt

import pytest

from app.access.secrets import digest
from app.access.viewer import Role, Viewer
from app.bootstrap import ensure_administrator
from app.storage import tokens
from app.storage.engine import Database

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


async def holder(database: Database, secret: str) -> Viewer | None:
    async with database.read() as reader:
        return await tokens.viewer_of(reader, digest(secret), NOW)


async def test_a_new_database_gets_an_administrator_once(database: Database) -> None:
    secret = await ensure_administrator(database, None, NOW)
    assert secret is not None
    found = await holder(database, secret)
    assert found is not None
    assert found.role is Role.ADMINISTRATOR
    assert await ensure_administrator(database, None, NOW) is None
    assert await ensure_administrator(database, "another", NOW) is None
    assert await holder(database, "another") is None


@pytest.mark.parametrize("wanted", ["taken-from-the-environment"])
async def test_a_token_from_the_environment_is_taken_and_not_shown(
    database: Database, wanted: str
) -> None:
    assert await ensure_administrator(database, wanted, NOW) is None
    assert await holder(database, wanted) is not None


async def test_an_empty_token_from_the_environment_is_none(database: Database) -> None:
    assert await ensure_administrator(database, "", NOW) is not None
    assert await holder(database, "") is None


async def test_its_token_is_good_for_so_many_days(database: Database) -> None:
    await ensure_administrator(database, "wanted", NOW, days=30)
    found = await holder(database, "wanted")
    assert found is not None
    assert found.expires == NOW + dt.timedelta(days=30)
