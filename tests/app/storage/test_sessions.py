"""Accounts and sessions as they are stored: one of a person, and good while it should be."""

import datetime as dt

from app.access.claims import Claimed
from app.access.sessions import Life
from app.access.viewer import OPERATOR, Role
from app.storage import accounts, people, sessions
from app.storage.engine import Database
from app.storage.pages import Slice

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
LIFE = Life(dt.timedelta(hours=12), dt.timedelta(minutes=60))
ALICE = Claimed(
    "https://login.example",
    "1",
    "Alice",
    frozenset({Role.ANALYST}),
    None,
    None,
    officer_claimed=False,
)


async def test_an_account_is_made_once_and_what_is_set_wins(database: Database) -> None:
    async with database.write() as writer:
        await people.create_team(writer, people.Team("Centre"))
        first = await accounts.sign_in(writer, ALICE, NOW)
        set_ = accounts.Change(Role.SUPERVISOR, ("Centre",), None, locked=False)
        await accounts.change(writer, first.id, set_, NOW)
        again = await accounts.sign_in(writer, ALICE, NOW)
        assert (first.id, first.roles) == (again.id, frozenset({Role.ANALYST}))
        assert again.roles == {Role.SUPERVISOR}
        assert len(again.team_ids) == 1
        listed = (await accounts.page(writer, OPERATOR, Slice(10))).items
    assert [(one.name, one.teams) for one in listed] == [("Alice", ("Centre",))]


async def test_a_session_is_good_until_it_is_idle_old_ended_or_locked(database: Database) -> None:
    async def good(secret: bytes, later: dt.timedelta) -> bool:
        async with database.read() as reader:
            return await sessions.shown(reader, secret, NOW + later, LIFE) is not None

    soon = dt.timedelta(minutes=1)
    async with database.write() as writer:
        known = await accounts.sign_in(writer, ALICE, NOW)
        for secret in (b"one", b"two"):
            await sessions.create(
                writer,
                known.id,
                secret,
                role=Role.ANALYST,
                officer_id=None,
                team_ids=(),
                now=NOW,
                life=LIFE,
            )
    assert await good(b"one", soon)
    assert not await good(b"three", soon)
    assert not await good(b"one", dt.timedelta(minutes=60))
    async with database.write() as writer:
        await sessions.see(writer, 1, NOW + dt.timedelta(hours=11, minutes=59))
    assert await good(b"one", dt.timedelta(hours=11, minutes=59))
    assert not await good(b"one", dt.timedelta(hours=12))
    async with database.write() as writer:
        await sessions.end_shown(writer, b"one", NOW)
    assert not await good(b"one", dt.timedelta(hours=11, minutes=59))
    assert await good(b"two", soon)
    async with database.write() as writer:
        lock = accounts.Change(None, (), None, locked=True)
        await accounts.change(writer, known.id, lock, NOW)
    assert not await good(b"two", soon)


async def test_sessions_of_what_somebody_is_no_longer_are_ended(database: Database) -> None:
    async with database.write() as writer:
        for team in ("Centre", "North"):
            await people.create_team(writer, people.Team(team))
        known = await accounts.sign_in(writer, ALICE, NOW)
        for secret, role, teams in (
            (b"analyst", Role.ANALYST, [1]),
            (b"auditor", Role.AUDITOR, [1]),
            (b"elsewhere", Role.ANALYST, [1, 2]),
        ):
            await sessions.create(
                writer,
                known.id,
                secret,
                role=role,
                officer_id=None,
                team_ids=teams,
                now=NOW,
                life=LIFE,
            )
        now_is = {"roles": {Role.ANALYST}, "officer_id": None, "team_ids": {1}}
        await sessions.end_other(writer, known.id, **now_is, now=NOW)
        secrets = b"analyst", b"auditor", b"elsewhere"
        good = [await sessions.shown(writer, one, NOW, LIFE) is not None for one in secrets]
    assert good == [True, False, False]
