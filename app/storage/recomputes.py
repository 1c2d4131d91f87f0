"""Spans of time of which visits are to be worked out anew, and how far that has come."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from app.storage.engine import Reader, Writer
from app.storage.schema import device_states, recomputes
from app.storage.types import Id, Instant

EDITED = "edited"
BY_HAND = "by hand"

_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
_MINE = sa.or_(
    recomputes.c.device_id.is_(None), recomputes.c.device_id == device_states.c.device_id
)


@dataclass(frozen=True, slots=True)
class Job:
    """Visits from `start` on, up to `until` (None: now), of one device or (None) all.

    Devices are taken in order of id: those up to `last_device` are done, and the one after it up
    to `reached`.
    """

    id: int
    start: dt.datetime
    until: dt.datetime | None
    device_id: int | None
    why: str
    asked: dt.datetime
    done: dt.datetime | None
    last_device: int | None
    reached: dt.datetime | None


class Extent(NamedTuple):
    """A device, its first stored fix of all, and how many it has in some span of time."""

    device: int
    first: dt.datetime | None
    fixes: int


class Progress(NamedTuple):
    """How many devices of a job are done, and of how many."""

    job: Job
    devices_done: int
    devices: int


async def ask_after_edit(writer: Writer, start: dt.datetime, now: dt.datetime) -> None:
    """Asks, in the transaction of an edit, to work out anew what it touches: all from `start` on.

    Edits that come before the work on an earlier one has begun are one piece of work.
    """
    waiting = (
        sa.select(recomputes.c.id, recomputes.c.start)
        .where(recomputes.c.why == EDITED, recomputes.c.done.is_(None))
        .where(recomputes.c.last_device.is_(None), recomputes.c.reached.is_(None))
        .order_by(recomputes.c.id)
        .limit(1)
        # One that somebody holds has begun, or belongs to another edit.
        .with_for_update(skip_locked=True)
    )
    row = (await writer.execute(waiting)).one_or_none()
    if row is None:
        new = sa.insert(recomputes).values(start=start, why=EDITED, asked=now)
        await writer.execute(new)
        return
    mine = recomputes.c.id == row.id
    await writer.execute(sa.update(recomputes).where(mine).values(start=min(start, row.start)))


async def ask(
    writer: Writer,
    start: dt.datetime,
    until: dt.datetime | None,
    device_id: int | None,
    now: dt.datetime,
) -> Job:
    """Asks for a span by hand; the same that was asked for before and is not done goes on."""
    found = sa.select(recomputes).where(
        recomputes.c.why == BY_HAND,
        recomputes.c.done.is_(None),
        recomputes.c.start == start,
        recomputes.c.until.is_not_distinct_from(until),
        recomputes.c.device_id.is_not_distinct_from(device_id),
    )
    row = (await writer.execute(found.order_by(recomputes.c.id).limit(1))).one_or_none()
    if row is None:
        values = {"start": start, "until": until, "device_id": device_id}
        new = sa.insert(recomputes).values(**values, why=BY_HAND, asked=now)
        row = (await writer.execute(new.returning(recomputes))).one()
    return Job(*row)


async def claim(writer: Writer, job_id: int | None = None) -> Job | None:
    """The oldest piece of work to do, or that one, which nobody else gets while this one has it.

    None where all is done or in other hands.
    """
    query = sa.select(recomputes).where(recomputes.c.done.is_(None))
    if job_id is not None:
        query = query.where(recomputes.c.id == job_id)
    query = query.order_by(recomputes.c.id).limit(1).with_for_update(skip_locked=True)
    row = (await writer.execute(query)).one_or_none()
    return None if row is None else Job(*row)


async def move(
    writer: Writer, job: Job, last_device: int | None, reached: dt.datetime | None
) -> None:
    """Says how far a claimed job has come."""
    mine = recomputes.c.id == job.id
    values = {"last_device": last_device, "reached": reached}
    await writer.execute(sa.update(recomputes).where(mine).values(**values))


async def finish(writer: Writer, job: Job, now: dt.datetime) -> None:
    """Says that a claimed job is done."""
    mine = recomputes.c.id == job.id
    await writer.execute(sa.update(recomputes).where(mine).values(done=now, reached=None))


async def unfinished(reader: Reader) -> Sequence[Job]:
    """All that is still to do, the oldest first."""
    query = sa.select(recomputes).where(recomputes.c.done.is_(None)).order_by(recomputes.c.id)
    return [Job(*row) for row in await reader.execute(query)]


async def progress(reader: Reader, job_id: int) -> Progress:
    """How far a job has come."""
    row = (await reader.execute(sa.select(recomputes).where(recomputes.c.id == job_id))).one()
    job = Job(*row)
    heard = sa.select(sa.func.count()).select_from(device_states).join(recomputes, _MINE)
    heard = heard.where(recomputes.c.id == job_id, device_states.c.tail.is_not(None))
    devices = await reader.scalar(heard) or 0
    if job.done is not None:
        return Progress(job, devices, devices)
    passed = heard.where(device_states.c.device_id <= (job.last_device or 0))
    return Progress(job, await reader.scalar(passed) or 0, devices)


_UPCOMING = (
    sa.text("""
SELECT s.device_id,
  (SELECT min(f.time) FROM fixes f WHERE f.device_id = s.device_id) AS first,
  (SELECT count(*) FROM (
    SELECT 1 FROM fixes f
    WHERE f.device_id = s.device_id AND f.time >= :since AND f.time <= :until LIMIT :most
  ) AS few) AS fixes
FROM device_states s
WHERE s.device_id > :after AND s.device_id = coalesce(CAST(:device AS bigint), s.device_id)
ORDER BY s.device_id LIMIT :devices
""")
    .bindparams(sa.bindparam("since", type_=Instant), sa.bindparam("until", type_=Instant))
    .columns(device_id=Id, first=Instant, fixes=Id)
)


async def upcoming(
    reader: Reader, job: Job, since: dt.datetime, *, most_fixes: int, most_devices: int
) -> Sequence[Extent]:
    """The next devices of a job, together with no more fixes since a moment than `most_fixes`.

    The first one is there in any case: one that alone has more says so by its number. None: the
    job has come to its end.
    """
    wanted = {
        "since": since,
        "until": job.until or _NEVER,
        "most": most_fixes + 1,
        "after": job.last_device or 0,
        "device": job.device_id,
        "devices": most_devices,
    }
    found: list[Extent] = []
    total = 0
    for row in await reader.execute(_UPCOMING, wanted):
        total += row.fixes
        if found and total > most_fixes:
            break
        found.append(Extent(*row))
    return found
