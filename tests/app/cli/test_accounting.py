"""A command's entry is there if its change is, however often that was tried."""

import logged
import sqlalchemy as sa

from app.access.audit import Act
from app.cli.accounting import accounted, ran
from app.storage.engine import Database


async def test_a_change_that_is_tried_again_is_told_of_once_and_by_ids(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await logged.execute(database, "INSERT INTO officers (number, name) VALUES ('PC1', 'X')")
    told = await accounted(database, ran(Act.ALTERATION, "x", officer="PC1", table="y"))
    # The entry is written, and then the commit fails.
    await logged.execute(database, "CREATE TABLE other (id INTEGER PRIMARY KEY)")
    await logged.execute(
        database,
        "CREATE TABLE one (id INTEGER REFERENCES other (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    for id_ in (7, None, None):
        try:
            async with told.write() as writer:
                await writer.execute(sa.text("INSERT INTO one VALUES (:id)"), {"id": id_})
        except sa.exc.IntegrityError:
            assert id_ == 7
            assert await logged.rows(database, "SELECT * FROM audit") == []
    found = await logged.rows(database, "SELECT what, details FROM audit")
    assert found == [("beatkeeper x", '{"table": "y"}')]
    assert await logged.rows(database, "SELECT kind, ref FROM audit_whose") == [("officer", 1)]
    await database.close()
