"""From which hour on each device is to be surveyed, while more fixes of it keep coming.

Ingest notes, in the row that it writes anyway, the earliest of what has come. The surveyor first
takes that note over, in a transaction of its own, and only then reads the fixes: what comes later
is noted afresh. So nothing is missed, wherever the work breaks off, and nobody waits for it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from app.compliance.observed import Pending
from app.storage import columnar
from app.storage.catalogue import Catalogue
from app.storage.engine import Reader, Writer
from app.storage.schema import device_states, devices
from app.storage.types import Instant, from_us, to_us
from geofence.model import HOUR_US

# Only to tell our advisory lock from those of others.
_ALONE = 1_937_076_857

_MINE = device_states.c.device_id == sa.bindparam("_device")
_WITH_PROFILE = device_states.join(devices, devices.c.id == device_states.c.device_id)


# Who is so far behind lets others go first.
_BEHIND = dt.timedelta(days=1)


class Due(NamedTuple):
    """A device that is to be surveyed, its profile's name, and from which hour on."""

    device: int
    profile: str
    start: dt.datetime


async def alone(writer: Writer) -> bool:
    """Whether no other transaction is surveying, nor will be until this one ends."""
    if writer.dialect.name == "sqlite":
        return True
    lock = sa.select(sa.func.pg_try_advisory_xact_lock(_ALONE))
    return bool(await writer.scalar(lock))


async def take_over(writer: Writer, catalogue: Catalogue, before: dt.datetime, most: int) -> int:
    """Takes over what is noted of fixes before a moment, of up to so many devices; of how many.

    A device that another transaction holds is being heard just now, and has its turn later.
    """
    state = device_states.c
    query = (
        sa.select(state.device_id, devices.c.profile, state.unsurveyed, state.surveying)
        .select_from(_WITH_PROFILE)
        .where(state.unsurveyed < before)
        .order_by(state.device_id)
        .limit(most)
        .with_for_update(of=device_states, skip_locked=True)
    )
    rows = (await writer.execute(query)).all()
    if rows:
        starts = [
            {"_device": device, "_from": _first_hour(catalogue.profile(profile).leg_us, *times)}
            for device, profile, *times in rows
        ]
        taken = sa.update(device_states).where(_MINE)
        await writer.execute(taken.values(unsurveyed=None, surveying=sa.bindparam("_from")), starts)
    return len(rows)


def _first_hour(leg_us: int, unsurveyed: dt.datetime, surveying: dt.datetime | None) -> dt.datetime:
    """The hour in which the longest leg to the earliest of a device's new fixes begins."""
    hour = from_us((to_us(unsurveyed) - leg_us) // HOUR_US * HOUR_US)
    return hour if surveying is None else min(hour, surveying)


async def due(reader: Reader, before: dt.datetime, most: int) -> Sequence[Due]:
    """Up to so many devices of which hours before a moment are to be surveyed, the oldest first.

    But those that are far behind come last: nobody's shift waits for somebody's last year.
    """
    state = device_states.c
    query = (
        sa.select(state.device_id, devices.c.profile, state.surveying)
        .select_from(_WITH_PROFILE)
        .where(state.surveying < before)
        .order_by(state.surveying < before - _BEHIND, state.surveying, state.device_id)
        .limit(most)
    )
    return [Due(*row) for row in await reader.execute(query)]


async def pending(reader: Reader, before: dt.datetime) -> Pending:
    """The devices of which time before a moment is still to be surveyed, and from when on.

    Where fixes have come since for what had been surveyed, that stands until it is their turn.
    """
    state = device_states.c
    start = sa.func.coalesce(state.surveying, state.unsurveyed).label("start")
    query = sa.select(state.device_id, start).where(start < before)
    found = await columnar.columns(reader, query)
    return Pending(found["device_id"], found["start"])


async def move(writer: Writer, starts: Mapping[int, dt.datetime | None]) -> None:
    """Says from which hour on these devices are to be surveyed now; None: all there is has been."""
    # In the order in which ingest locks them.
    ordered = sorted(starts)
    locked = sa.select(device_states.c.device_id).where(device_states.c.device_id.in_(ordered))
    await writer.execute(locked.order_by(device_states.c.device_id).with_for_update())
    await writer.execute(
        sa.update(device_states).where(_MINE).values(surveying=sa.bindparam("_from")),
        [{"_device": device, "_from": starts[device]} for device in ordered],
    )


async def again(writer: Writer, device_ids: Sequence[int], start: dt.datetime) -> None:
    """Has these devices, which the transaction has locked, surveyed again from a moment on."""
    noted = device_states.c.unsurveyed
    await writer.execute(
        sa.update(device_states)
        .where(device_states.c.device_id.in_(device_ids))
        .values(unsurveyed=sa.case((noted < start, noted), else_=sa.literal(start, Instant)))
    )
