"""Gives a database that nobody can use yet its first administrator."""

import datetime as dt

from app.access.secrets import Kind, digest, new_secret
from app.access.viewer import Role
from app.storage import tokens
from app.storage.engine import Database


async def ensure_administrator(
    database: Database, wanted: str | None, now: dt.datetime
) -> str | None:
    """Makes an administrator's token where no token was ever made.

    `wanted` is the token to take (nobody need be told that one); without it a new one is made up
    and given back, to be shown once. Raises DatabaseUnavailable.
    """
    async with database.write() as writer:
        if await tokens.exist(writer):
            return None
        secret = wanted or new_secret(Kind.TOKEN)
        token = tokens.NewToken("first administrator", Role.ADMINISTRATOR)
        await tokens.create(writer, token, digest(secret), now)
    return None if wanted else secret
