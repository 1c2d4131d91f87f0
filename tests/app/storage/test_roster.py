import asyncio

import sqlalchemy as sa
from people_given import NOW, staff

from app.storage import devices, roster
from app.storage.engine import Database
from app.storage.schema import devices as device_table
from app.storage.schema import officers


async def test_what_comes_in_of_those_who_are_imported_need_not_wait(postgis_url: str) -> None:
    database = Database(postgis_url)
    try:
        await staff(database)
        async with database.write() as writer:
            await devices.create(writer, devices.Device("r1", "radio", "radio"), b"digest", NOW)
        async with database.write() as writer, asyncio.timeout(20):
            await roster.put_officers(writer, {"1": {"name": "A"}}, NOW)
            await roster.carried(writer, {1})
            async with database.write() as other:
                for table in (device_table, officers):
                    # As a foreign key does for each row that names one.
                    shared = sa.select(table.c.id).with_for_update(read=True, key_share=True)
                    assert 1 in set(await other.scalars(shared))
                # Of an officer whom the import does not name, anything may be changed.
                await other.execute(sa.update(officers).where(officers.c.id == 2).values(name="B"))
    finally:
        await database.close()
