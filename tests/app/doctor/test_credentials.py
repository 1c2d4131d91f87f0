"""Tokens of older databases that never end are told of by name."""

import datetime as dt

from app.access.viewer import Role
from app.bootstrap import ensure_administrator
from app.doctor.credentials import check_tokens
from app.doctor.finding import Status
from app.storage import tokens
from app.storage.engine import Database

NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


async def test_a_good_token_without_an_end_is_looked_at(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    await ensure_administrator(database, "first", NOW)
    async with database.write() as writer:
        assert [one.status for one in check_tokens(await tokens.endless(writer))] == [Status.OK]
        for name in ("old", "revoked"):
            token = tokens.NewToken(name, Role.AUDITOR)
            token_id = await tokens.create(writer, token, name.encode(), NOW)
        await tokens.revoke(writer, token_id, NOW)
        [found] = check_tokens(await tokens.endless(writer))
    await database.close()
    assert (found.status, found.about) == (Status.LOOK, "old")
