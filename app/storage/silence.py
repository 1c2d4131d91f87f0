"""Closes the open visits of devices that have fallen silent (rule 10 of the dwell method)."""

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from app.storage import catalogue
from app.storage import visits as visit_storage
from app.storage.engine import Reader, Writer
from app.storage.schema import device_states, devices, visits
from app.storage.visits import Change
from geofence.model import Profile

_HEARD = sa.select(device_states.c.device_id, devices.c.profile, device_states.c.heard).join(
    devices, devices.c.id == device_states.c.device_id
)
_OPEN = sa.and_(visits.c.open, visits.c.known_to.is_(None))


async def close(writer: Writer, now: dt.datetime) -> list[Change]:
    """Closes what is open of each device not heard for as long as its profile says; which.

    A device that another transaction holds is being heard just now, and is left alone.
    """
    mine = visits.c.device_id == device_states.c.device_id
    candidates = (
        _HEARD.where(sa.exists().where(_OPEN, mine))
        .order_by(device_states.c.device_id)
        .with_for_update(of=device_states, skip_locked=True)
    )
    silent = await _silent(writer, candidates, now)
    return await visit_storage.close(writer, silent, now) if silent else []


async def silent(reader: Reader, device_ids: Sequence[int], now: dt.datetime) -> Collection[int]:
    """Those of these devices that have not been heard for as long as their profile says."""
    return await _silent(reader, _HEARD.where(device_states.c.device_id.in_(device_ids)), now)


async def _silent(
    reader: Reader, candidates: sa.Select[tuple[int, str, dt.datetime]], now: dt.datetime
) -> list[int]:
    profiles = await catalogue.profiles(reader)
    silences = {name: _silence(profile) for name, profile in profiles.items()}
    usual = _silence(Profile())
    shortest = min(silences.values(), default=usual)
    return [
        row.device_id
        for row in await reader.execute(candidates.where(device_states.c.heard < now - shortest))
        if row.heard < now - silences.get(row.profile, usual)
    ]


def _silence(profile: Profile) -> dt.timedelta:
    return dt.timedelta(microseconds=profile.silence_us)
