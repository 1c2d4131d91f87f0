"""What the engine is to measure by: the hot spot versions and profiles now held true."""

from dataclasses import dataclass

import sqlalchemy as sa

from app.storage.engine import Reader
from app.storage.schema import hotspot_versions, profiles
from app.storage.types import to_us
from geofence.hotspots import Hotspots
from geofence.model import Hotspot, Profile

_DEFAULT = Profile()
# Rows are only ever added, or marked as no longer true: these counts change with every change.
_STAMP = sa.select(
    *(
        sa.select(count).scalar_subquery()
        for table in (hotspot_versions, profiles)
        for count in (sa.func.count(table.c.id), sa.func.count(table.c.known_to))
    )
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Hot spots made ready for the engine, and each profile by its name.

    `version` has the row of each hot spot version, by hot spot and start of validity.
    """

    stamp: tuple[int, ...]
    hotspots: Hotspots
    version: dict[tuple[int, int], int]
    profiles: dict[str, Profile]

    def profile(self, name: str) -> Profile:
        """A profile by its name; the default one where there is none of that name."""
        return self.profiles.get(name, _DEFAULT)

    def version_of(self, hotspot: int, first_us: int) -> int:
        """The row of the version that counted at a moment (microseconds)."""
        starts = [start for id_, start in self.version if id_ == hotspot and start <= first_us]
        return self.version[hotspot, max(starts)]


async def current(reader: Reader, known: Catalogue | None) -> Catalogue:
    """The catalogue as this transaction sees it; `known` itself where nothing has changed."""
    stamp = tuple((await reader.execute(_STAMP)).one())
    if known is not None and known.stamp == stamp:
        return known
    true_now = sa.select(hotspot_versions).where(hotspot_versions.c.known_to.is_(None))
    rows = (await reader.execute(true_now)).all()
    versions = [
        Hotspot(
            id=row.hotspot_id,
            geometry=row.geom,
            buffer_m=row.buffer_m,
            valid_from_us=to_us(row.valid_from),
            valid_to_us=None if row.valid_to is None else to_us(row.valid_to),
        )
        for row in rows
    ]
    return Catalogue(
        stamp=stamp,
        hotspots=Hotspots.prepare(versions),
        version={(row.hotspot_id, to_us(row.valid_from)): row.id for row in rows},
        profiles=await _profiles(reader),
    )


async def _profiles(reader: Reader) -> dict[str, Profile]:
    rows = await reader.execute(sa.select(profiles).where(profiles.c.known_to.is_(None)))
    return {
        row.name: Profile(
            interval_s=row.interval_s,
            max_gap_s=row.max_gap_s,
            reports_when_still=row.reports_when_still,
            assumed_accuracy_m=row.assumed_accuracy_m,
        )
        for row in rows
    }
