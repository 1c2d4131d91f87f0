"""Officers' posts: of which team and organisation each was, and when that was believed."""

import datetime as dt

import sqlalchemy as sa

from app.storage.engine import Writer
from app.storage.schema import officer_posts, officers


async def note(writer: Writer, now: dt.datetime) -> None:
    """Notes what officers are from now on, where that is not what was believed."""
    post, officer = officer_posts.c, officers.c
    same = sa.exists().where(
        officer.id == post.officer_id,
        officer.team_id.is_not_distinct_from(post.team_id),
        officer.organisation == post.organisation,
    )
    over = sa.update(officer_posts).where(post.known_to.is_(None), ~same).values(known_to=now)
    await writer.execute(over)
    current = sa.exists().where(post.officer_id == officer.id, post.known_to.is_(None))
    taken_up = sa.select(
        officer.id, officer.team_id, officer.organisation, sa.literal(now, post.known_from.type)
    ).where(~current)
    names = ["officer_id", "team_id", "organisation", "known_from"]
    await writer.execute(sa.insert(officer_posts).from_select(names, taken_up))
