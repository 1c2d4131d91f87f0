"""Webhooks: where events are sent, which of them, how far that is, and what went wrong."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage import events as event_storage
from app.storage.engine import Reader, Writer
from app.storage.errors import Conflict, NotFound
from app.storage.pages import Page, Slice, by_id
from app.storage.schema import events, webhooks
from app.storage.types import Instant

# That are not revoked: each is a request under way, at worst, of all at the same time.
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook to be made: events of these kinds (None: all), with or without who they are of."""

    name: str
    url: str
    kinds: tuple[str, ...] | None = None
    people: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """How far a webhook is: `position` is the id of the last event that is dealt with.

    `attempts` failed since the last that did not, the first at `failing`, the last for `error`; the
    next is not before `next_attempt`. Once `revoked` there are no more.
    """

    position: int
    attempts: int = 0
    failing: dt.datetime | None = None
    next_attempt: dt.datetime | None = None
    error: str | None = None
    revoked: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it is stored, with the secret that signs what is sent there."""

    id: int
    name: str
    url: str
    secret: str
    kinds: tuple[str, ...] | None
    people: bool
    created: dt.datetime
    state: State


async def create(writer: Writer, new: NewWebhook, secret: str, now: dt.datetime) -> int:
    """Stores a webhook, for what happens from now on; gives its id. Raises Conflict past MOST."""
    active = sa.select(sa.func.count()).where(webhooks.c.revoked.is_(None))
    if int(await writer.scalar(active.select_from(webhooks)) or 0) >= MOST:
        msg = f"there are {MOST} webhooks already; revoke one first"
        raise Conflict(msg)
    values = {
        "name": new.name,
        "url": new.url,
        "secret": secret,
        "kinds": None if new.kinds is None else json.dumps(new.kinds),
        "people": new.people,
        "position": await event_storage.last(writer),
        "created": now,
        "attempts": 0,
    }
    return int(
        await writer.scalar(sa.insert(webhooks).values(values).returning(webhooks.c.id)) or 0
    )


async def page(reader: Reader, viewer: Viewer, part: Slice) -> Page[Webhook]:
    """All webhooks, those that are revoked too."""
    viewer.require(Right.MANAGE_ACCESS)
    return await by_id(reader, sa.select(webhooks), webhooks.c.id, part, _webhook)


async def revoke(writer: Writer, webhook_id: int, now: dt.datetime) -> None:
    """Ends a webhook, if it has not ended yet. Raises NotFound where there is none."""
    ended = sa.func.coalesce(webhooks.c.revoked, sa.literal(now, Instant()))
    found = await writer.execute(
        sa.update(webhooks).where(webhooks.c.id == webhook_id).values(revoked=ended)
    )
    if not found.rowcount:
        msg = f"there is no webhook {webhook_id}"
        raise NotFound(msg)


async def active(reader: Reader) -> Sequence[Webhook]:
    """The webhooks that have not been revoked."""
    query = sa.select(webhooks).where(webhooks.c.revoked.is_(None)).order_by(webhooks.c.id)
    return [_webhook(row) for row in await reader.execute(query)]


async def save(writer: Writer, webhook_id: int, state: State, before: int) -> bool:
    """Says how far a webhook is that was at the position `before`.

    False, and nothing, where it is elsewhere by now, or has been revoked.
    """
    known = (
        webhooks.c.id == webhook_id,
        webhooks.c.revoked.is_(None),
        webhooks.c.position == before,
    )
    found = await writer.execute(sa.update(webhooks).where(*known).values(asdict(state)))
    return found.rowcount == 1


async def last_before(reader: Reader, position: int, stored: dt.datetime) -> int:
    """The id of the last live event past a position that was stored by then; else the position."""
    query = sa.select(sa.func.max(events.c.id)).where(
        events.c.live, events.c.id > position, events.c.stored <= stored
    )
    return int(await reader.scalar(query) or position)


def _webhook(row: sa.Row[tuple[object, ...]]) -> Webhook:
    return Webhook(
        id=row.id,
        name=row.name,
        url=row.url,
        secret=row.secret,
        kinds=None if row.kinds is None else tuple(json.loads(row.kinds)),
        people=row.people,
        created=row.created,
        state=State(
            position=row.position,
            attempts=row.attempts,
            failing=row.failing,
            next_attempt=row.next_attempt,
            error=row.error,
            revoked=row.revoked,
        ),
    )
