import datetime as dt

import numpy as np
import sqlalchemy as sa
from people_given import ANALYST, HOUR, NOW, staff

from app.compliance.duty import NOBODY
from app.storage import migrate, people, roster
from app.storage.engine import Database

LATER = NOW + HOUR


async def posts(database: Database, moment: dt.datetime) -> list[tuple[int, int, str]]:
    """Each officer's id, team and organisation, as known at a moment."""
    async with database.read() as reader:
        found = await people.columns(reader, ANALYST, moment)
    organisations = np.array(found.organisations, dtype=object)[found.organisation]
    return list(
        zip(found.officer.tolist(), found.team.tolist(), organisations.tolist(), strict=True)
    )


GIVEN = [(1, 1, "police"), (2, 2, "police"), (3, NOBODY, "council")]


async def test_figures_as_at_a_moment_go_by_what_officers_were_known_to_be_of(
    database: Database,
) -> None:
    await staff(database)
    async with database.write() as writer:
        await people.change_officer(writer, people.Officer("1", "One", "South", "trust"), LATER)
        await people.create_officer(writer, people.Officer("4", "Four", "North"), LATER)
    assert await posts(database, NOW - HOUR) == []
    assert await posts(database, LATER - dt.timedelta(microseconds=1)) == GIVEN
    changed = [(1, 2, "trust"), *GIVEN[1:], (4, 1, "police")]
    assert await posts(database, LATER) == changed


async def test_many_officers_at_a_time_are_noted_alike(database: Database) -> None:
    await staff(database)
    async with database.write() as writer:
        given = {"1": {"team_id": None}, "2": {"name": "Another"}, "5": {"name": "Five"}}
        assert await roster.put_officers(writer, given, LATER) == (1, 2)
    assert await posts(database, NOW) == GIVEN
    now = [(1, NOBODY, "police"), *GIVEN[1:]]
    assert [post for post in await posts(database, LATER) if post[0] <= 3] == now
    assert len(await posts(database, LATER)) == 4


async def test_what_did_not_change_and_what_changed_back_at_once_is_the_same(
    database: Database,
) -> None:
    await staff(database)
    async with database.write() as writer:
        for team in ("North", "South", "North"):
            await people.change_officer(writer, people.Officer("1", "One", team), LATER)
    assert await posts(database, NOW) == await posts(database, LATER) == GIVEN


async def test_officers_of_before_there_was_a_history_are_known_from_the_first(
    database: Database,
) -> None:
    await migrate.downgrade(database, "0004")
    async with database.write() as writer:
        await writer.execute(sa.text("INSERT INTO teams (id, name) VALUES (7, 'North')"))
        await writer.execute(
            sa.text("INSERT INTO officers (id, number, name, team_id) VALUES (1, '1', 'One', 7)")
        )
    await migrate.upgrade(database)
    assert await posts(database, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) == [(1, 7, "police")]
