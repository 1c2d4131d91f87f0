"""Tokens, sessions and broken glass that have ended: no more is kept of them than their numbers."""

import datetime as dt
from typing import Final

import sqlalchemy as sa

from app.storage.engine import Writer
from app.storage.guarding import glass, glass_officers, session_teams, sessions
from app.storage.schema import token_teams, tokens

# Stands for the digest of a secret, which is longer: nobody can show what gives this.
_GONE: Final = b"gone %d"


async def empty_tokens(
    writer: Writer, keys: sa.Select[*tuple[object, ...]], now: dt.datetime
) -> int:
    """Ends these tokens, and takes from them whose they were; says of how many.

    Their rows stay: the audit log names them by their numbers, which are not to be another's, and
    whoever starts the service sees that there have been some.
    """
    query = sa.select(tokens.c.id, tokens.c.secret_hash).where(tokens.c.id.in_(keys))
    ids = [id_ for id_, hash_ in await writer.execute(query) if bytes(hash_) != _GONE % id_]
    if not ids:
        return 0
    await writer.execute(sa.delete(token_teams).where(token_teams.c.token_id.in_(ids)))
    emptied = sa.update(tokens).where(tokens.c.id == sa.bindparam("_id"))
    await writer.execute(
        emptied.values(
            name="gone",
            secret_hash=sa.bindparam("_hash"),
            officer_id=None,
            scopes=None,
            revoked=sa.func.coalesce(
                tokens.c.revoked, sa.bindparam("_now", now, tokens.c.revoked.type)
            ),
        ),
        [{"_id": id_, "_hash": _GONE % id_} for id_ in ids],
    )
    return len(ids)


async def delete_credentials(
    writer: Writer, before: dt.datetime, now: dt.datetime
) -> dict[str, int]:
    """Deletes what ended before a moment, and empties tokens that did; how many of which.

    They are few. The audit log goes on to name them by their numbers.
    """
    no_more = sa.func.coalesce(tokens.c.revoked, tokens.c.expires) < before
    ended_tokens = sa.select(tokens.c.id).where(no_more)
    over = sa.func.coalesce(sessions.c.ended, sessions.c.expires) < before
    ended_sessions = sa.select(sessions.c.id).where(over)
    mended = sa.select(glass.c.id).where(
        sa.or_(
            glass.c.until < before,
            glass.c.token_id.in_(ended_tokens),
            glass.c.session_id.in_(ended_sessions),
        )
    )
    gone: dict[str, int] = {}
    for column, chosen in (
        (glass_officers.c.glass_id, mended),
        (glass.c.id, mended),
        (session_teams.c.session_id, ended_sessions),
        (sessions.c.id, ended_sessions),
    ):
        deleted = await writer.execute(sa.delete(column.table).where(column.in_(chosen)))
        gone[column.table.name] = deleted.rowcount
    gone["tokens"] = await empty_tokens(writer, ended_tokens, now)
    return gone
