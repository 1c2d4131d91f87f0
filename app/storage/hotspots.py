"""Hot spots and their versions: each valid from an operational day on, none ever forgotten."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from app.access.viewer import Right, Viewer
from app.compliance.cells import NEVER_US, HotspotVersions
from app.storage import recomputes
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound, Refused
from app.storage.knowledge import known_at
from app.storage.pages import Page, Slice, by_id, unique
from app.storage.schema import hotspot_versions, hotspots
from app.storage.types import to_us

# By so much the clock of a device may run ahead: its fixes are there before their time.
_AHEAD = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HotspotVersion:
    """A hot spot as it is from `valid_from` until `valid_to` (None: until further notice).

    `key` is the feature's `properties.id`; `geometry` a polygon or several, degrees.
    """

    key: str
    name: str
    geometry: BaseGeometry
    buffer_m: float
    valid_from: dt.datetime
    valid_to: dt.datetime | None = None

    def same_place(self, other: "HotspotVersion") -> bool:
        """Whether name, shape and buffer are the same, whatever the time."""
        return self.name == other.name and self.same_shape(other)

    def same_shape(self, other: "HotspotVersion") -> bool:
        """Whether shape and buffer are the same, whatever the name and the time."""
        return (
            self.buffer_m == other.buffer_m
            and self.geometry.geom_type == other.geometry.geom_type
            and bool(shapely.equals_exact(self.geometry, other.geometry, normalize=True))
        )


@dataclass(frozen=True, slots=True)
class _Stored:
    id: int
    version: HotspotVersion


async def put(writer: Writer, given: Sequence[HotspotVersion], now: dt.datetime) -> int:
    """Makes each hot spot (one version a key) what is given, from its `valid_from` on.

    It holds until the next version that is known, if there is one; what was believed until now is
    kept. Visits from that moment on are to be worked out anew, where it is past. Gives how many
    changed: the same again is no change.
    """
    ids = await _ids_for(writer, [version.key for version in given])
    current = await _current(writer, list(ids.values()))
    superseded: list[int] = []
    fresh: list[HotspotVersion] = []
    changed = 0
    touched: list[dt.datetime] = []
    for version in given:
        held = current.get(ids[version.key], [])
        gone, new = succession(held, version)
        superseded += gone
        fresh += new
        changed += bool(new)
        if new and not _only_renamed(held, version):
            touched.append(version.valid_from)
    await writer.execute(
        sa.update(hotspot_versions)
        .where(hotspot_versions.c.id.in_(superseded))
        .values(known_to=now)
    )
    rows = [_values(ids[version.key], version, now) for version in fresh]
    if rows:
        await writer.execute(sa.insert(hotspot_versions), rows)
    await _ask(writer, touched, now)
    return changed


def _only_renamed(held: Sequence[_Stored], given: HotspotVersion) -> bool:
    return any(
        one.version.valid_from == given.valid_from and one.version.same_shape(given) for one in held
    )


async def end(writer: Writer, key: str, moment: dt.datetime, now: dt.datetime) -> None:
    """Ends a hot spot at a moment, the start of an operational day; what it was before stays.

    Versions that were to begin then or later are no longer true, and visits from then on are to be
    worked out anew. Raises NotFound where there is no hot spot of that key, or none of it from that
    moment on.
    """
    query = sa.select(hotspots.c.id).where(hotspots.c.key == key).with_for_update(key_share=True)
    hotspot = await writer.scalar(query)
    held = [] if hotspot is None else (await _current(writer, [hotspot])).get(hotspot, [])
    ended = [one for one in held if one.version.valid_to is None or one.version.valid_to > moment]
    if hotspot is None or not ended:
        msg = f"there is no hot spot {key!r} on that day or later"
        raise NotFound(msg)
    await writer.execute(
        sa.update(hotspot_versions)
        .where(hotspot_versions.c.id.in_([one.id for one in ended]))
        .values(known_to=now)
    )
    shortened = [
        _values(hotspot, replace(one.version, valid_to=moment), now)
        for one in ended
        if one.version.valid_from < moment
    ]
    if shortened:
        await writer.execute(sa.insert(hotspot_versions), shortened)
    await _ask(writer, [moment], now)


async def _ask(writer: Writer, touched: Sequence[dt.datetime], now: dt.datetime) -> None:
    """Asks to work out anew what edits touch; of those that begin only in future there is none."""
    past = [moment for moment in touched if moment <= now + _AHEAD]
    if past:
        await recomputes.ask_after_edit(writer, min(past), now)


def succession(
    current: Sequence[_Stored], given: HotspotVersion
) -> tuple[list[int], list[HotspotVersion]]:
    """Which of a hot spot's rows a new version makes untrue, and which are to be written.

    `current` are the versions now held true, which do not overlap.
    """
    start = given.valid_from
    later = [one.version.valid_from for one in current if one.version.valid_from > start]
    for one in current:
        old = one.version
        if old.valid_from <= start and (old.valid_to is None or start < old.valid_to):
            if old.same_place(given):
                return [], []
            shortened = [replace(old, valid_to=start)] if old.valid_from < start else []
            return [one.id], [*shortened, replace(given, valid_to=old.valid_to)]
    return [], [replace(given, valid_to=min(later, default=None))]


async def page(
    reader: Reader, viewer: Viewer, part: Slice, on: dt.datetime, as_at: dt.datetime
) -> Page[HotspotVersion]:
    """The hot spots that are valid at a moment, as known at another."""
    viewer.require(Right.READ_HOTSPOTS)
    return await by_id(reader, _valid(on, as_at), hotspots.c.id, part, _version)


async def one(
    reader: Reader, viewer: Viewer, key: str, on: dt.datetime, as_at: dt.datetime
) -> HotspotVersion | None:
    """The hot spot of that key as valid at a moment and known at another; None if it is not."""
    viewer.require(Right.READ_HOTSPOTS)
    row = (await reader.execute(_valid(on, as_at).where(hotspots.c.key == key))).one_or_none()
    return None if row is None else _version(row)


async def valid(
    reader: Reader, viewer: Viewer, on: dt.datetime, as_at: dt.datetime
) -> dict[int, HotspotVersion]:
    """All hot spots that are valid at a moment, as known at another, by id."""
    viewer.require(Right.READ_HOTSPOTS)
    rows = await reader.execute(_valid(on, as_at).order_by(hotspots.c.id))
    return {row.id: _version(row) for row in rows}


async def ids(reader: Reader, viewer: Viewer, keys: Collection[str]) -> dict[str, int]:
    """The ids of hot spots by their keys. Raises Refused for one that is not there."""
    viewer.require(Right.READ_HOTSPOTS)
    query = sa.select(hotspots.c.key, hotspots.c.id).where(hotspots.c.key.in_(keys))
    found = {row.key: row.id for row in await reader.execute(query)}
    for key in keys:
        if key not in found:
            raise Refused(where="hotspots", what=f"there is no hot spot {key!r}")
    return found


async def id_of(reader: Reader, viewer: Viewer, key: str) -> int:
    """The id of the hot spot of that key. Raises NotFound where there is none."""
    viewer.require(Right.READ_HOTSPOTS)
    found = await reader.scalar(sa.select(hotspots.c.id).where(hotspots.c.key == key))
    if found is None:
        msg = f"there is no hot spot {key!r}"
        raise NotFound(msg)
    return int(found)


async def keys(reader: Reader, viewer: Viewer) -> dict[int, str]:
    """Each hot spot's key, by id."""
    viewer.require(Right.READ_HOTSPOTS)
    rows = await reader.execute(sa.select(hotspots.c.id, hotspots.c.key))
    return {row.id: row.key for row in rows}


async def names(reader: Reader, viewer: Viewer, as_at: dt.datetime) -> dict[int, tuple[str, str]]:
    """Each hot spot's key and the name last believed by a moment, by id; ended ones too."""
    viewer.require(Right.READ_HOTSPOTS)
    query = (
        sa.select(hotspots.c.id, hotspots.c.key, hotspot_versions.c.name)
        .join(hotspot_versions)
        .where(hotspot_versions.c.known_from <= as_at)
        .order_by(hotspot_versions.c.known_from, hotspot_versions.c.valid_from)
    )
    return {row.id: (row.key, row.name) for row in await reader.execute(query)}


async def columns(reader: Reader, viewer: Viewer, as_at: dt.datetime) -> HotspotVersions:
    """Every version that was believed at some time up to a moment."""
    viewer.require(Right.READ_HOTSPOTS)
    versions = hotspot_versions.c
    query = (
        sa.select(
            versions.hotspot_id,
            versions.valid_from,
            versions.valid_to,
            versions.known_from,
            versions.known_to,
        )
        .where(versions.known_from <= as_at)
        .order_by(versions.id)
    )
    rows = [
        (row[0], *(NEVER_US if time is None else to_us(time) for time in row[1:]))
        for row in (await reader.execute(query)).all()
    ]
    return HotspotVersions(*np.array(rows, dtype=np.int64).reshape(len(rows), 5).T)


def _valid(on: dt.datetime, as_at: dt.datetime) -> sa.Select[tuple[object, ...]]:
    versions = hotspot_versions.c
    return (
        sa.select(
            hotspots.c.id,
            hotspots.c.key,
            versions.name,
            versions.geom,
            versions.buffer_m,
            versions.valid_from,
            versions.valid_to,
        )
        .join(hotspot_versions)
        .where(
            known_at(hotspot_versions, as_at),
            versions.valid_from <= on,
            sa.or_(versions.valid_to.is_(None), versions.valid_to > on),
        )
    )


def _version(row: sa.Row[tuple[object, ...]]) -> HotspotVersion:
    return HotspotVersion(row.key, row.name, row.geom, row.buffer_m, row.valid_from, row.valid_to)


def _values(hotspot: int, version: HotspotVersion, now: dt.datetime) -> dict[str, object]:
    return {
        "hotspot_id": hotspot,
        "name": version.name,
        "geom": version.geometry,
        "buffer_m": version.buffer_m,
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "known_from": now,
    }


async def _ids_for(writer: Writer, keys: Sequence[str]) -> Mapping[str, int]:
    """The ids of hot spots by key, new ones made; locked, so that two imports come in turn."""
    query = sa.select(hotspots.c.key, hotspots.c.id).where(hotspots.c.key.in_(keys))
    # Visits that refer to them may be stored meanwhile.
    locked = query.order_by(hotspots.c.id).with_for_update(key_share=True)
    found = {row.key: row.id for row in await writer.execute(locked)}
    new = [{"key": key} for key in keys if key not in found]
    if new:
        with unique("these hot spots are being imported by somebody else"):
            await writer.execute(sa.insert(hotspots), new)
        found |= {row.key: row.id for row in await writer.execute(query)}
    return found


async def _current(writer: Writer, hotspot_ids: Sequence[int]) -> dict[int, list[_Stored]]:
    query = (
        sa.select(hotspot_versions, hotspots.c.key)
        .join(hotspots)
        .where(
            hotspot_versions.c.known_to.is_(None), hotspot_versions.c.hotspot_id.in_(hotspot_ids)
        )
    )
    found: dict[int, list[_Stored]] = {}
    for row in await writer.execute(query):
        found.setdefault(row.hotspot_id, []).append(_Stored(row.id, _version(row)))
    return found
