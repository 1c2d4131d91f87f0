"""Closes the open visits of devices that have fallen silent (rule 10 of the dwell method)."""

import datetime as dt

import sqlalchemy as sa

from app.storage import catalogue
from app.storage.engine import Writer
from app.storage.schema import device_states, devices, visits
from geofence.model import Profile

_OPEN = sa.and_(visits.c.open, visits.c.known_to.is_(None))


async def close(writer: Writer, now: dt.datetime) -> int:
    """Closes what is open of each device not heard for as long as its profile says; how many.

    A device that another transaction holds is being heard just now, and is left alone.
    """
    profiles = await catalogue.profiles(writer)
    silences = {name: _silence(profile) for name, profile in profiles.items()}
    usual = _silence(Profile())
    shortest = min(silences.values(), default=usual)
    candidates = (
        sa.select(device_states.c.device_id, devices.c.profile, device_states.c.heard)
        .join(devices, devices.c.id == device_states.c.device_id)
        .where(device_states.c.heard < now - shortest)
        .where(sa.exists().where(_OPEN, visits.c.device_id == device_states.c.device_id))
        .order_by(device_states.c.device_id)
        .with_for_update(of=device_states, skip_locked=True)
    )
    silent = [
        row.device_id
        for row in await writer.execute(candidates)
        if row.heard < now - silences.get(row.profile, usual)
    ]
    if not silent:
        return 0
    closing = sa.update(visits).where(_OPEN, visits.c.device_id.in_(silent))
    return (await writer.execute(closing.values(open=False, known_from=now))).rowcount


def _silence(profile: Profile) -> dt.timedelta:
    return dt.timedelta(microseconds=profile.silence_us)
