import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.storage import migrate
from app.storage.engine import Database
from app.storage.errors import SchemaMismatch
from app.storage.guarding import metadata


async def test_migrations_make_the_schema_go_down_to_nothing_and_up_again(
    database: Database,
) -> None:
    assert await migrate.is_current(database)
    async with database.read() as reader:
        assert await reader.run_sync(_differences) == []
    await migrate.downgrade(database, "base")
    assert not await migrate.is_current(database)
    await migrate.upgrade(database)
    assert await migrate.is_current(database)


async def test_a_server_that_is_too_old_is_refused(postgis_url: str) -> None:
    database = Database(postgis_url)
    async with database.write() as writer:
        writer.dialect.server_version_info = (13, 21)
    with pytest.raises(SchemaMismatch, match="PostgreSQL 13: it takes 14 or later"):
        await migrate.upgrade(database)
    await database.close()


def _differences(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(connection)
    ours = metadata.tables.keys()
    return [
        change
        for change in compare_metadata(context, metadata)
        if not (change[0] == "remove_table" and change[1].name not in ours)
        and not (change[0] == "remove_column" and change[3].name == "geom")
        and not (change[0] == "remove_index" and change[1].table.name not in ours)
    ]
