"""What the engine is to measure by: the hot spot versions and profiles now held true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.storage.engine import Reader, driver_of
from app.storage.schema import hotspot_versions
from app.storage.schema import profiles as table
from app.storage.types import to_us
from geofence.hotspots import Hotspots
from geofence.model import Hotspot, Profile

_DEFAULT = Profile()
# Rows are only ever added, or marked as no longer true: these counts change with every change.
_STAMP = """
SELECT count(id), count(known_to) FROM hotspot_versions
UNION ALL SELECT count(id), count(known_to) FROM profiles
"""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Hot spots made ready for the engine, and each profile by its name.

    `versions` has each hot spot's versions: start of validity (microseconds) and row, in order.
    """

    stamp: list[tuple[int, int]]
    hotspots: Hotspots
    versions: dict[int, list[tuple[int, int]]]
    profiles: dict[str, Profile]

    def profile(self, name: str) -> Profile:
        """A profile by its name; the default one where there is none of that name."""
        return self.profiles.get(name, _DEFAULT)

    def version_of(self, hotspot: int, first_us: int) -> int:
        """The row of the version that counted at a moment (microseconds)."""
        return next(row for start, row in reversed(self.versions[hotspot]) if start <= first_us)


async def current(reader: Reader, known: Catalogue | None) -> Catalogue:
    """The catalogue as this transaction sees it; `known` itself where nothing has changed."""
    stamp = await _stamp(reader)
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
        versions=_by_hotspot(rows),
        profiles=await profiles(reader),
    )


async def _stamp(reader: Reader) -> list[tuple[int, int]]:
    raw = await driver_of(reader)
    sqlite = reader.dialect.name == "sqlite"
    rows = await (raw.execute_fetchall(_STAMP) if sqlite else raw.fetch(_STAMP))
    return [tuple(row) for row in rows]


def _by_hotspot(rows: Sequence[sa.Row[Any]]) -> dict[int, list[tuple[int, int]]]:
    versions: dict[int, list[tuple[int, int]]] = {}
    for row in sorted(rows, key=lambda row: row.valid_from):
        versions.setdefault(row.hotspot_id, []).append((to_us(row.valid_from), row.id))
    return versions


async def profiles(reader: Reader) -> dict[str, Profile]:
    """The profiles now held true, by name."""
    rows = await reader.execute(sa.select(table).where(table.c.known_to.is_(None)))
    return {
        row.name: Profile(
            interval_s=row.interval_s,
            max_gap_s=row.max_gap_s,
            reports_when_still=row.reports_when_still,
            assumed_accuracy_m=row.assumed_accuracy_m,
        )
        for row in rows
    }
