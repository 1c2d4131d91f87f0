"""The table of visits: open ones change in place, closed ones are superseded."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import sqlalchemy as sa

from app.storage import bulk
from app.storage.engine import Reader, Writer, driver_of
from app.storage.findings import Findings, Key, VisitRow
from app.storage.schema import visits
from app.storage.spans import grown
from app.storage.types import from_us, to_us
from geofence.model import LONGEST_S

_FIELDS = tuple(name for name in VisitRow.__dataclass_fields__ if name != "continues")


class _Stored(NamedTuple):
    visit: VisitRow
    opened: dt.datetime
    id: int


@dataclass(slots=True)
class _Changes:
    """What one batch does to the table."""

    now: dt.datetime
    update: list[dict[str, object]] = field(default_factory=list)
    supersede: list[int] = field(default_factory=list)
    delete: list[int] = field(default_factory=list)
    insert: list[dict[str, object]] = field(default_factory=list)

    def place(self, visit: VisitRow, old: _Stored | None) -> None:
        """Makes `visit` the truth, where `old` is what was."""
        if visit.continues and old:
            visit = replace(visit, spans=grown(old.visit.spans, visit.spans), continues=False)
        if old is None:
            self.insert.append(_values(visit, opened=self.now, known_from=self.now))
        elif old.visit == replace(visit, version_id=old.visit.version_id):
            # Nothing but how its hot spot is called, or until when, has another row by now.
            return
        elif old.visit.open:
            # A version is known from when it was closed: until then it may change in place.
            self.update.append(_values(visit, known_from=self.now, id=old.id))
        else:
            self.supersede.append(old.id)
            self.insert.append(_values(visit, opened=old.opened, known_from=self.now))

    def remove(self, old: _Stored) -> None:
        """Makes it untrue that there was this visit."""
        (self.delete if old.visit.open else self.supersede).append(old.id)


def _values(visit: VisitRow, **more: object) -> dict[str, object]:
    return {name: getattr(visit, name) for name in _FIELDS} | more


async def write(writer: Writer, findings: Findings, now: dt.datetime) -> None:
    """Makes the table say what the engine found."""
    current = await _current(writer, findings.firsts_us())
    changes = _Changes(now)
    for visit in findings.found:
        changes.place(visit, current.pop(visit.key, None))
    for old in current.values():
        if findings.gone(old.visit):
            changes.remove(old)
        elif end := findings.end_of(old.visit):
            changes.place(
                replace(
                    old.visit,
                    outer_to=end.outer_to,
                    exit_seen=end.exit_seen,
                    open=not end.exit_seen,
                ),
                old,
            )
    await _apply(writer, changes)


async def _apply(writer: Writer, changes: _Changes) -> None:
    await bulk.update(writer, visits, changes.update)
    if changes.supersede:
        superseded = visits.c.id.in_(changes.supersede)
        await writer.execute(sa.update(visits).where(superseded).values(known_to=changes.now))
    if changes.delete:
        await writer.execute(sa.delete(visits).where(visits.c.id.in_(changes.delete)))
    await bulk.insert(writer, visits, changes.insert)


async def across(
    reader: Reader, moments_us: Mapping[int, int]
) -> dict[int, tuple[int, dt.datetime]]:
    """Which devices have visits, held true, that began at or before a moment and end after it.

    Of each such device: the first_us of the first of these visits, and the last end of any.
    """
    if not moments_us:
        return {}
    at, longest_us = moments_us.values(), round(LONGEST_S * 1e6)
    query = sa.select(visits.c.device_id, visits.c.first_us, visits.c.outer_to).where(
        visits.c.known_to.is_(None),
        visits.c.device_id.in_(moments_us),
        visits.c.first_us.between(min(at) - longest_us, max(at)),
        visits.c.outer_to > from_us(min(at)),
    )
    found: dict[int, tuple[int, dt.datetime]] = {}
    for device, first_us, end in await reader.execute(query):
        if first_us <= moments_us[device] < to_us(end):
            first, last = found.get(device, (first_us, end))
            found[device] = min(first, first_us), max(last, end)
    return found


_NAMES = (*_FIELDS, "opened", "id")
_SELECT = "SELECT " + ", ".join(f"v.{name}" for name in _NAMES)
_CURRENT_POSTGRES = f"""{_SELECT}
FROM unnest($1::bigint[], $2::bigint[]) AS wanted (device, first)
JOIN visits v ON v.device_id = wanted.device AND v.first_us >= wanted.first
WHERE v.known_to IS NULL"""
_CURRENT_SQLITE = f"""{_SELECT}
FROM json_each(:wanted) AS wanted
JOIN visits v ON v.device_id = wanted.value ->> 0 AND v.first_us >= wanted.value ->> 1
WHERE v.known_to IS NULL"""


async def _current(writer: Writer, firsts_us: Mapping[int, int]) -> dict[Key, _Stored]:
    """The visits now held true of each device, from its own `first_us` on."""
    if not firsts_us:
        return {}
    if writer.dialect.name == "sqlite":
        typed = sa.text(_CURRENT_SQLITE).columns(*(visits.c[name] for name in _NAMES))
        rows = await writer.execute(typed, {"wanted": json.dumps(list(firsts_us.items()))})
    else:
        raw, devices = await driver_of(writer), list(firsts_us)
        rows = await raw.fetch(_CURRENT_POSTGRES, devices, list(firsts_us.values()))
    stored = (_Stored(VisitRow(*row[:-2]), *row[-2:]) for row in map(tuple, rows))
    return {old.visit.key: old for old in stored}
