import datetime as dt
from collections.abc import Mapping

import pytest
import sqlalchemy as sa
from sheets import Rows, workbook
from squares import feature

from app import imports
from app.access.viewer import Role, Viewer
from app.api import geojson
from app.compliance.calendar import Calendar
from app.importing.problems import Unsound
from app.storage import devices, hotspots
from app.storage.engine import Database
from app.storage.schema import assignments, duty_times

ADMINISTRATOR = Viewer("x", Role.ADMINISTRATOR)
NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
BOOK: Mapping[str, Rows] = {
    "Officers": [["Number", "Name"], ["7", "A"], ["8", "B"]],
    "Assignments": [
        ["Device", "Officer", "Start", "End"],
        ["r1", "7", "2026-01-02 14:00", None],
    ],
    "Duty": [
        ["Officer", "Date", "Start", "End"],
        *(
            [officer, f"{day:02}/01/2026", "06:00", "14:00"]
            for officer in "78"
            for day in range(1, 32)
        ),
    ],
    "Plans": [
        ["Plan", "Window", "Start", "End", "First day"],
        ["p", "late", "22:00", "02:00", "01/01/2026"],
    ],
    "Plan hot spots": [["Plan", "Hot spot", "Task"], ["p", "HS1", "Walk"]],
}


@pytest.fixture(autouse=True)
async def places(database: Database) -> None:
    versions, _ = geojson.read(feature("HS1"), dt.date(2026, 1, 1))
    async with database.write() as writer:
        await hotspots.put(writer, versions, NOW)
        await devices.create(writer, devices.Device("r1", "radio", "radio"), b"digest", NOW)


async def take(
    database: Database, book: Mapping[str, Rows], now: dt.datetime = NOW, *, dry_run: bool = False
) -> dict[str, tuple[int, int | None, int | None, int | None]]:
    """What became of each table: rows, and things created, changed and unchanged."""
    done = await imports.take(
        database,
        ADMINISTRATOR,
        [("f.xlsx", workbook(book))],
        table=None,
        calendar=Calendar(),
        now=now,
        dry_run=dry_run,
    )
    return {one.table: (one.rows, one.created, one.changed, one.unchanged) for one in done.tables}


async def rows(database: Database, table: sa.Table) -> list[tuple[object, ...]]:
    async with database.read() as reader:
        query = sa.select(table).order_by(table.c.id)
        return [tuple(row) for row in await reader.execute(query)]


async def test_tables_are_stored_and_the_same_again_is_no_change(database: Database) -> None:
    everything = {
        "officers": (2, 2, 0, 0),
        "assignments": (1, 1, 0, 0),
        "duty": (62, 62, 0, 0),
        "plans": (1, 1, 0, 0),
        "plan_hotspots": (1, None, None, None),
        "briefings": (1, 1, 0, 0),
    }
    assert await take(database, BOOK, dry_run=True) == everything
    assert await rows(database, duty_times) == []
    assert await take(database, BOOK) == everything
    stored = await rows(database, duty_times)
    assert len(stored) == 62
    again = await take(database, BOOK, NOW + HOUR)
    assert [(count[1] or 0, count[2] or 0) for count in again.values()] == [(0, 0)] * 6
    assert await rows(database, duty_times) == stored


async def test_an_assignment_that_is_ended_is_kept_as_it_was_believed(database: Database) -> None:
    await take(database, BOOK)
    ended = [BOOK["Assignments"][0], ["r1", "7", "2026-01-02 14:00", "2026-01-02 22:00"]]
    after = ["r1", "8", "2026-01-02 22:00", None]
    counts = await take(database, {"Assignments": [*ended, after]}, NOW + HOUR)
    assert counts == {"assignments": (2, 1, 1, 0)}
    first, second = NOW, NOW + HOUR
    ten = dt.datetime(2026, 1, 2, 22, tzinfo=dt.UTC)
    assert [row[4:] for row in await rows(database, assignments)] == [
        (None, first, second),
        (ten, second, None),
        (None, second, None),
    ]


async def test_nothing_is_stored_where_a_row_of_the_last_table_is_wrong(database: Database) -> None:
    wrong = {**BOOK, "Trial days": [["Plan", "Hot spot", "Day", "Arm"], ["p", "HS1", "x", "T"]]}
    with pytest.raises(Unsound, match=r"1 problem, .* row 2, column C \(Day\): 'x': give a date"):
        await take(database, wrong)
    assert await rows(database, duty_times) == []
    assert (await take(database, BOOK))["officers"] == (2, 2, 0, 0)
