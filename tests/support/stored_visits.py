"""Visits put into the tables by hand, in minutes after a moment, for tests of what reads them."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from app.storage.engine import Database
from app.storage.schema import devices, hotspot_versions, hotspots, visits
from app.storage.spans import pack
from app.storage.types import to_us
from geofence.model import Span


@dataclass(frozen=True)
class StoredVisit:
    """Minutes after `day`; surely there but for half a minute at each end, which both were seen."""

    device: str
    hotspot: str
    enter: float
    exit: float
    outer: float = 0.5
    day: dt.datetime = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
    exit_seen: bool = True
    open: bool = False
    opened: float | None = None
    known_from: float | None = None
    known_to: float | None = None

    def at(self, minutes: float) -> dt.datetime:
        return self.day + dt.timedelta(minutes=minutes)

    @property
    def spans(self) -> bytes:
        inside = to_us(self.at(self.enter)), to_us(self.at(self.exit))
        sure = inside[0] + 30_000_000, max(inside[0] + 30_000_000, inside[1] - 30_000_000)
        start, end = zip(inside, sure, strict=True)
        kinds = np.array([Span.INSIDE, Span.SURE], np.uint8)
        return pack(np.array(start, np.int64), np.array(end, np.int64), kinds)


async def store(database: Database, *given: StoredVisit) -> None:
    """Stores visits of devices and hot spots that are there."""
    async with database.write() as writer:
        for visit in given:
            device = sa.select(devices.c.id).where(devices.c.name == visit.device)
            spot = sa.select(hotspots.c.id).where(hotspots.c.key == visit.hotspot)
            version = (
                sa.select(hotspot_versions.c.id)
                .where(hotspot_versions.c.hotspot_id == spot.scalar_subquery())
                .limit(1)
            )
            closed = visit.exit + 5 if visit.known_from is None else visit.known_from
            opened = closed if visit.opened is None else visit.opened
            await writer.execute(
                sa.insert(visits).values(
                    device_id=device.scalar_subquery(),
                    hotspot_id=spot.scalar_subquery(),
                    version_id=version.scalar_subquery(),
                    first_us=to_us(visit.at(visit.enter)),
                    enter=visit.at(visit.enter),
                    exit=visit.at(visit.exit),
                    outer_from=visit.at(visit.enter - visit.outer),
                    outer_to=visit.at(visit.exit + visit.outer),
                    enter_seen=True,
                    exit_seen=visit.exit_seen,
                    inside_us=round((visit.exit - visit.enter) * 60e6),
                    bridged_us=0,
                    low_us=max(0, round((visit.exit - visit.enter - 1) * 60e6)),
                    fixes=12,
                    mean_speed_mps=0.75,
                    pass_through=visit.exit - visit.enter < 2,
                    open=visit.open,
                    spans=visit.spans,
                    method=1,
                    opened=visit.at(opened),
                    known_from=visit.at(closed),
                    known_to=None if visit.known_to is None else visit.at(visit.known_to),
                )
            )
