import os
from pathlib import Path

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


async def test_a_version_that_knows_no_scopes_and_locks_gets_nobody_who_is_held_by_them(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    rows = """
    INSERT INTO tokens (id, name, role, secret_hash, created, scopes)
    VALUES (1, 'scoped', 'analyst', x'01', 5, '[]'), (2, 'whole', 'analyst', x'02', 5, NULL);
    INSERT INTO devices (id, name, kind, profile, locked)
    VALUES (1, 'lost', 'phone', 'phone', 7), (2, 'mine', 'phone', 'phone', NULL);
    INSERT INTO device_keys (id, device_id, secret_hash, created)
    VALUES (1, 1, x'01', 5), (2, 2, x'02', 5);
    INSERT INTO events (kind, time, stored, live, detail)
    VALUES ('glass_broken', 5, 5, 1, 'why'), ('entered', 5, 5, 1, NULL)
    """
    async with database.write() as writer:
        for row in rows.split(";"):
            await writer.exec_driver_sql(row)
    await migrate.downgrade(database, "0007")
    async with database.read() as reader:
        good = [
            (await reader.exec_driver_sql(query)).scalars().all()
            for query in (
                "SELECT id FROM tokens WHERE revoked IS NULL",
                "SELECT id FROM device_keys WHERE revoked IS NULL",
                "SELECT kind FROM events",
            )
        ]
    assert good == [[2], [2], ["entered"]]
    await database.close()


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


async def test_a_new_file_is_its_owner_s_alone_to_read(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    before = os.umask(0o022)
    database = Database(f"sqlite:///{file}")
    try:
        async with migrate.turn(database):
            await migrate.upgrade(database)
        beside = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("new.db*")}  # noqa: ASYNC240 -- a test's own
        assert beside.keys() >= {"new.db"}
        assert set(beside.values()) == {0o600}
    finally:
        await database.close()
        os.umask(before)
