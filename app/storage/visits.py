"""The table of visits: open ones change in place, closed ones are superseded."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import sqlalchemy as sa

from app.storage import bulk
from app.storage.engine import Reader, Writer, driver_of
from app.storage.findings import Findings, Key, VisitRow
from app.storage.schema import visits
from app.storage.spans import grown
from app.storage.types import Id, Instant

_FIELDS = tuple(name for name in VisitRow.__dataclass_fields__ if name != "continues")


class _Stored(NamedTuple):
    visit: VisitRow
    opened: dt.datetime
    known_from: dt.datetime
    id: int


class Change(NamedTuple):
    """What was held of a visit until now, and what is from now on; None: that there was none."""

    before: VisitRow | None
    after: VisitRow | None


@dataclass(slots=True)
class _Changes:
    """What one batch does to the table, and of which visits it changes the truth.

    Nothing is known before what it takes the place of, even where the clock of whoever wrote that
    is ahead of `now`.
    """

    now: dt.datetime
    update: list[dict[str, object]] = field(default_factory=list)
    supersede: list[dict[str, object]] = field(default_factory=list)
    delete: list[int] = field(default_factory=list)
    insert: list[dict[str, object]] = field(default_factory=list)
    made: list[Change] = field(default_factory=list)

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
            self.update.append(_values(visit, known_from=self._after(old), id=old.id))
        else:
            self.supersede.append({"known_to": self._after(old), "id": old.id})
            self.insert.append(_values(visit, opened=old.opened, known_from=self._after(old)))
        self.made.append(Change(old and old.visit, visit))

    def remove(self, old: _Stored) -> None:
        """Makes it untrue that there was this visit."""
        if old.visit.open:
            self.delete.append(old.id)
        else:
            self.supersede.append({"known_to": self._after(old), "id": old.id})
        self.made.append(Change(old.visit, None))

    def _after(self, old: _Stored) -> dt.datetime:
        return max(self.now, old.known_from)


def _values(visit: VisitRow, **more: object) -> dict[str, object]:
    return {name: getattr(visit, name) for name in _FIELDS} | more


async def write(writer: Writer, findings: Findings, now: dt.datetime) -> list[Change]:
    """Makes the table say what the engine found; says which visits that changes."""
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
    return changes.made


async def _apply(writer: Writer, changes: _Changes) -> None:
    await bulk.update(writer, visits, changes.update)
    await bulk.update(writer, visits, changes.supersede)
    if changes.delete:
        await writer.execute(sa.delete(visits).where(visits.c.id.in_(changes.delete)))
    await bulk.insert(writer, visits, changes.insert)


class Stretch(NamedTuple):
    """Some visits of one device: when the first of them began, and the end of any of them."""

    first_us: int
    end: dt.datetime


# Visits of one device at one hot spot follow each other: only the last that began can reach across.
_ACROSS = """
WITH RECURSIVE wanted (device, moment_us) AS ({wanted}),
places (device, moment_us, hotspot) AS (
  SELECT w.device, w.moment_us,
    (SELECT min(v.hotspot_id) FROM visits v WHERE v.device_id = w.device)
  FROM wanted w
  UNION ALL
  SELECT p.device, p.moment_us, (
    SELECT min(v.hotspot_id) FROM visits v
    WHERE v.device_id = p.device AND v.hotspot_id > p.hotspot)
  FROM places p WHERE p.hotspot IS NOT NULL
)
SELECT device, min(first_us) AS first_us, max(outer_to) AS outer_to
FROM (SELECT device, {moment} AS moment, {last_first_us}, {last_outer_to} FROM places) AS told
WHERE outer_to > moment
GROUP BY device
"""
_LAST = """(
  SELECT v.{name} FROM visits v
  WHERE v.device_id = places.device AND v.hotspot_id = places.hotspot
    AND v.first_us <= places.moment_us AND v.known_to IS NULL
  ORDER BY v.first_us DESC LIMIT 1) AS {name}"""
_LASTS = {f"last_{name}": _LAST.format(name=name) for name in ("first_us", "outer_to")}
_ACROSS_POSTGRES = _ACROSS.format(
    wanted="SELECT * FROM unnest($1::bigint[], $2::bigint[])",
    moment="timestamptz 'epoch' + moment_us * interval '1 microsecond'",
    **_LASTS,
)
_ACROSS_SQLITE = _ACROSS.format(
    wanted="SELECT value ->> 0, value ->> 1 FROM json_each(:wanted)", moment="moment_us", **_LASTS
)


async def across(reader: Reader, moments_us: Mapping[int, int]) -> dict[int, Stretch]:
    """Of each device its visits, held true, that began by a moment and end after it, if any."""
    if not moments_us:
        return {}
    if reader.dialect.name == "sqlite":
        typed = sa.text(_ACROSS_SQLITE).columns(device=Id, first_us=Id, outer_to=Instant)
        rows = await reader.execute(typed, {"wanted": json.dumps(list(moments_us.items()))})
    else:
        raw = await driver_of(reader)
        rows = await raw.fetch(_ACROSS_POSTGRES, list(moments_us), list(moments_us.values()))
    return {device: Stretch(first_us, end) for device, first_us, end in rows}


_UNDER_WAY = f"""SELECT {", ".join(f"v.{name}" for name in _FIELDS)} FROM visits v
WHERE v.open AND v.known_to IS NULL AND v.device_id = ANY($1::bigint[])"""  # noqa: S608 -- our own column names


async def under_way(writer: Writer, device_ids: Sequence[int]) -> list[VisitRow]:
    """The open visits of some devices."""
    if writer.dialect.name == "postgresql":
        rows = await (await driver_of(writer)).fetch(_UNDER_WAY, device_ids)
        return [VisitRow(*row) for row in rows]
    query = sa.select(*(visits.c[name] for name in _FIELDS)).where(
        visits.c.open, visits.c.known_to.is_(None), visits.c.device_id.in_(device_ids)
    )
    return [VisitRow(*row) for row in (await writer.execute(query)).all()]


async def close(writer: Writer, device_ids: Sequence[int], now: dt.datetime) -> list[Change]:
    """Closes the open visits of some devices; says which that changes."""
    # Not from before it was told, where the clock of who told it is ahead.
    told = visits.c.known_from
    known_from = sa.case((told > now, told), else_=sa.literal(now, told.type))
    closing = (
        sa.update(visits)
        .where(visits.c.open, visits.c.known_to.is_(None), visits.c.device_id.in_(device_ids))
        .values(open=False, known_from=known_from)
        .returning(*(visits.c[name] for name in _FIELDS))
    )
    closed = [VisitRow(*row) for row in (await writer.execute(closing)).all()]
    return [Change(replace(visit, open=True), visit) for visit in closed]


_NAMES = (*_FIELDS, "opened", "known_from", "id")
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
    stored = (_Stored(VisitRow(*row[:-3]), *row[-3:]) for row in map(tuple, rows))
    return {old.visit.key: old for old in stored}
