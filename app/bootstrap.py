"""Gives a database that nobody can use yet its first administrator."""

import datetime as dt
from typing import Final

from app.access.audit import Act, Entry
from app.access.secrets import Kind, digest, new_secret
from app.access.viewer import Role
from app.storage import audit, tokens
from app.storage.engine import Database

DAYS: Final = 365
"""How long its token is good for, unless it is set."""


async def ensure_administrator(
    database: Database, wanted: str | None, now: dt.datetime, days: int = DAYS
) -> str | None:
    """Makes an administrator's token where no token was ever made.

    `wanted` is the token to take (nobody need be told that one); without it a new one is made up
    and given back, to be shown once; it is good for so many `days`. Raises DatabaseUnavailable.
    """
    async with database.write() as writer:
        if await tokens.exist(writer):
            return None
        secret = wanted or new_secret(Kind.TOKEN)
        token = tokens.NewToken(
            "first administrator", Role.ADMINISTRATOR, expires=tokens.expiry(None, now, days)
        )
        await tokens.create(writer, token, digest(secret), now)
        made = Entry(Act.ALTERATION, *audit.OURSELVES, "token create", {"role": token.role})
        await audit.write(writer, [made], now)
    return None if wanted else secret
