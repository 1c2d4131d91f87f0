"""Profiles: what to expect of a kind of device, and what was expected before."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage import recomputes
from app.storage.engine import Reader, Writer
from app.storage.errors import Refused
from app.storage.pages import Page, Slice, by_id, unique
from app.storage.schema import profiles


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """As the engine takes it; seconds and metres. `max_gap_s` None: from the interval."""

    name: str
    interval_s: float
    max_gap_s: float | None
    reports_when_still: bool
    assumed_accuracy_m: float


async def page(reader: Reader, viewer: Viewer, part: Slice) -> Page[DeviceProfile]:
    """The profiles now in force."""
    viewer.require(Right.READ_COMPLIANCE)
    query = sa.select(profiles).where(profiles.c.known_to.is_(None))
    return await by_id(reader, query, profiles.c.id, part, _profile)


async def current(reader: Reader, name: str) -> DeviceProfile:
    """The profile now in force by a name. Raises Refused where there is none."""
    query = sa.select(profiles).where(profiles.c.known_to.is_(None), profiles.c.name == name)
    row = (await reader.execute(query)).one_or_none()
    if row is None:
        raise Refused(where="profile", what=f"there is no profile {name!r}")
    return _profile(row)


async def put(writer: Writer, profile: DeviceProfile, now: dt.datetime) -> None:
    """Makes a profile what it is from now on and keeps what it was; the same again is no change.

    What is being worked out anew by hand begins again, by the new one.
    """
    known = sa.and_(profiles.c.name == profile.name, profiles.c.known_to.is_(None))
    old = (await writer.execute(sa.select(profiles).where(known).with_for_update())).one_or_none()
    if old is not None and _profile(old) == profile:
        return
    await writer.execute(sa.update(profiles).where(known).values(known_to=now))
    with unique(f"the profile {profile.name!r} is being changed by somebody else"):
        await writer.execute(
            sa.insert(profiles).values(
                name=profile.name,
                interval_s=profile.interval_s,
                max_gap_s=profile.max_gap_s,
                reports_when_still=profile.reports_when_still,
                assumed_accuracy_m=profile.assumed_accuracy_m,
                known_from=now,
            )
        )
    await recomputes.begin_again(writer)


def _profile(row: sa.Row[tuple[object, ...]]) -> DeviceProfile:
    return DeviceProfile(
        row.name, row.interval_s, row.max_gap_s, row.reports_when_still, row.assumed_accuracy_m
    )
