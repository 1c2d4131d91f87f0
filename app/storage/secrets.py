"""Secrets of the database's own: made when they are first asked for, and the same ever after."""

import secrets as random
from typing import Final

import sqlalchemy as sa

from app.storage import bulk
from app.storage.engine import Database
from app.storage.schema import secrets

PSEUDONYMS: Final = "pseudonyms"
SIGN_IN: Final = "sign-in"
RANDOM_BYTES: Final = 32


async def of(database: Database, name: str) -> bytes:
    """The secret of a name. Raises DatabaseUnavailable."""
    query = sa.select(secrets.c.value).where(secrets.c.name == name)
    async with database.read() as reader:
        known: bytes | None = await reader.scalar(query)
    if known is not None:
        return known
    async with database.write() as writer:
        # Whoever asks for it at the same time finds what the first one made.
        row = {"name": name, "value": random.token_bytes(RANDOM_BYTES)}
        await bulk.insert_new(writer, secrets, [row])
        found: bytes = (await writer.execute(query)).scalar_one()
        return found
