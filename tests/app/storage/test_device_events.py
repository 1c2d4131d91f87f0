import msgspec
import sqlalchemy as sa

from app.storage import device_events
from app.storage.engine import Database
from app.storage.schema import device_events as table
from app.storage.schema import events as told
from app.storage.types import from_us
from ingest.message import Said

NOW_US = 1_772_399_045_000_000
SAID = Said(7, NOW_US - 1, NOW_US, "emergency", "button", "tetra")


async def keep(database: Database, *rows: Said) -> None:
    async with database.write() as writer:
        await device_events.keep(writer, rows, from_us(NOW_US))


async def kept(database: Database) -> list[tuple[object, ...]]:
    async with database.read() as reader:
        query = sa.select(table).order_by(table.c.device_id, table.c.time, table.c.kind)
        return [tuple(row) for row in await reader.execute(query)]


async def test_what_is_said_again_changes_nothing(database: Database) -> None:
    again = msgspec.structs.replace(SAID, received_us=NOW_US + 9, detail=None, source="lip")
    await keep(database, SAID, again)
    await keep(database, again)
    await keep(database)
    row = (7, from_us(NOW_US - 1), "emergency", from_us(NOW_US), "button", "tetra")
    assert await kept(database) == [row]


async def test_another_device_time_or_kind_is_another_event(database: Database) -> None:
    changes: tuple[dict[str, object], ...] = ({"device": 8}, {"time_us": 0}, {"kind": "power_off"})
    await keep(database, SAID, *(msgspec.structs.replace(SAID, **change) for change in changes))
    found = [(device, kind) for device, _, kind, *_ in await kept(database)]
    expected = [(7, "emergency"), (7, "emergency"), (7, "power_off"), (8, "emergency")]
    assert found == expected


async def test_people_are_told_once_of_what_was_not_known_and_not_of_every_kind(
    database: Database,
) -> None:
    kinds = ("emergency", "offline", "battery_low", "help!")
    said = [msgspec.structs.replace(SAID, kind=kind) for kind in kinds]
    await keep(database, *said[:2])
    await keep(database, *said, *said)
    later = msgspec.structs.replace(SAID, time_us=NOW_US)
    await keep(database, later)
    query = sa.select(told.c.kind, told.c.time, told.c.detail, told.c.device_id).order_by(told.c.id)
    async with database.read() as reader:
        rows = [tuple(row) for row in await reader.execute(query)]
    before, now = from_us(NOW_US - 1), from_us(NOW_US)
    assert rows == [
        ("emergency", before, "button", 7),
        ("battery_low", before, "button", 7),
        ("emergency", now, "button", 7),
    ]


async def test_there_is_no_text_that_the_table_refuses(database: Database) -> None:
    await keep(database, msgspec.structs.replace(SAID, kind="a\0" * 99, detail="\ud800" * 999))
    [(_, _, kind, _, detail, _)] = await kept(database)
    assert (kind, detail) == ("a\ufffd" * 20, "?" * 200)
