"""Spans of time of which visits are to be worked out anew, and how far that has come."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
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
    to `reached`. Since then it was attempted so many times in vain, the last time for `error`.
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
    attempts: int = 0
    error: str | None = None


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
        # Nor are they to share the fate of one that fails.
        .where(recomputes.c.attempts == 0)
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
    await _update(writer, row.id, {"start": min(start, row.start)})


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


async def begin_again(writer: Writer, device_id: int | None = None) -> None:
    """What is being done by hand goes by a profile that has changed (of that device): all anew."""
    unfinished = sa.update(recomputes).where(
        recomputes.c.why == BY_HAND,
        recomputes.c.done.is_(None),
        sa.or_(recomputes.c.last_device.is_not(None), recomputes.c.reached.is_not(None)),
    )
    if device_id is not None:
        mine = sa.or_(recomputes.c.device_id.is_(None), recomputes.c.device_id == device_id)
        unfinished = unfinished.where(mine)
    await writer.execute(unfinished.values(last_device=None, reached=None))


async def claim(writer: Writer, job_id: int) -> Job | None:
    """A piece of work, which nobody else gets while this transaction has it.

    None where it is done or in other hands.
    """
    query = sa.select(recomputes).where(recomputes.c.done.is_(None), recomputes.c.id == job_id)
    row = (await writer.execute(query.with_for_update(skip_locked=True))).one_or_none()
    return None if row is None else Job(*row)


async def move(
    writer: Writer, job: Job, last_device: int | None, reached: dt.datetime | None
) -> None:
    """Says how far a claimed job has come."""
    values = {"last_device": last_device, "reached": reached, "attempts": 0, "error": None}
    await _update(writer, job.id, values)


async def fail(writer: Writer, job: Job, error: str) -> None:
    """Says that a job could not go on, and why: others come first from now on."""
    await _update(writer, job.id, {"attempts": recomputes.c.attempts + 1, "error": error})


async def finish(writer: Writer, job: Job, now: dt.datetime) -> None:
    """Says that a claimed job is done."""
    await _update(writer, job.id, {"done": now, "reached": None})


async def _update(writer: Writer, job_id: int, values: Mapping[str, object]) -> None:
    await writer.execute(sa.update(recomputes).where(recomputes.c.id == job_id).values(**values))


async def unfinished(reader: Reader) -> Sequence[Job]:
    """All that is still to do, the oldest first, but what fails last."""
    order = recomputes.c.attempts, recomputes.c.id
    query = sa.select(recomputes).where(recomputes.c.done.is_(None)).order_by(*order)
    return [Job(*row) for row in await reader.execute(query)]


async def touching(
    reader: Reader,
    viewer: Viewer,
    start: dt.datetime | None,
    end: dt.datetime | None,
    as_at: dt.datetime | None,
) -> bool:
    """Whether visits of a stretch of time are being worked out anew, or were at a moment.

    `start` None: since ever, `end` None: up to now.
    """
    viewer.require(Right.READ_COMPLIANCE)
    r = recomputes.c
    conditions: list[sa.ColumnElement[bool]] = [r.done.is_(None)]
    if as_at is not None:
        conditions = [r.asked <= as_at, sa.or_(r.done.is_(None), r.done > as_at)]
    if start is not None:
        conditions.append(sa.or_(r.until.is_(None), r.until > start))
    if end is not None:
        conditions.append(r.start < end)
    return bool(await reader.scalar(sa.select(sa.exists().where(*conditions))))


async def all_progress(reader: Reader, viewer: Viewer) -> Sequence[Progress]:
    """How far each job is that is not done, in the order in which they come."""
    viewer.require(Right.READ_COMPLIANCE)
    return [await _progress(reader, job) for job in await unfinished(reader)]


async def progress(reader: Reader, job_id: int) -> Progress:
    """How far a job has come."""
    row = (await reader.execute(sa.select(recomputes).where(recomputes.c.id == job_id))).one()
    return await _progress(reader, Job(*row))


async def _progress(reader: Reader, job: Job) -> Progress:
    heard = sa.select(sa.func.count()).select_from(device_states).join(recomputes, _MINE)
    heard = heard.where(recomputes.c.id == job.id, device_states.c.tail.is_not(None))
    devices = await reader.scalar(heard) or 0
    if job.done is not None:
        return Progress(job, devices, devices)
    passed = heard.where(device_states.c.device_id <= (job.last_device or 0))
    return Progress(job, await reader.scalar(passed) or 0, devices)


# Devices whose fixes are counted at once: most of a group's, and few that it has no room for.
_COUNTED = 10
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
    found: list[Extent] = []
    room, after = most_fixes, job.last_device or 0
    while len(found) < most_devices and room >= 0:
        wanted = {
            "since": since,
            "until": job.until or _NEVER,
            "most": room + 1,
            "after": after,
            "device": job.device_id,
            "devices": min(_COUNTED, most_devices - len(found)),
        }
        rows = (await reader.execute(_UPCOMING, wanted)).all()
        for row in rows:
            if found and row.fixes > room:
                return found
            room -= row.fixes
            found.append(Extent(*row))
        if not rows:
            break
        after = found[-1].device
    return found
