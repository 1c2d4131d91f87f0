"""Visits as the engine finds them: open ones change in place, closed ones are superseded."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from app.storage.engine import Writer
from app.storage.schema import device_states, visits

Key = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit as the engine found it; `first_us` is where its first presence begins."""

    device_id: int
    version_id: int
    hotspot_id: int
    first_us: int
    enter: dt.datetime
    exit: dt.datetime
    outer_from: dt.datetime
    outer_to: dt.datetime
    enter_seen: bool
    exit_seen: bool
    inside_us: int
    bridged_us: int
    low_us: int
    fixes: int
    mean_speed_mps: float
    pass_through: bool
    open: bool
    spans: bytes
    method: int

    @property
    def key(self) -> Key:
        """What stays the same while a visit grows: device, hot spot version, first moment."""
        return self.device_id, self.version_id, self.first_us


_FIELDS = tuple(VisitRow.__dataclass_fields__)


class _Stored(NamedTuple):
    id: int
    opened: dt.datetime
    visit: VisitRow


@dataclass(slots=True)
class _Changes:
    """What one batch does to the table."""

    update: list[dict[str, object]]
    supersede: list[int]
    delete: list[int]
    insert: list[dict[str, object]]


async def write(
    writer: Writer, found: Sequence[VisitRow], cuts_us: Mapping[int, int], now: dt.datetime
) -> None:
    """Makes the table say what the engine found.

    `cuts_us` names the devices whose visits after a moment (microseconds) were worked out anew:
    those that were not found again are no longer the truth. The others only gain or change.
    """
    current = await _current(writer, found, cuts_us)
    changes = _Changes([], [], [], [])
    for visit in found:
        _place(visit, current.pop(visit.key, None), changes, now)
    for old in current.values():
        device, first_us = old.visit.device_id, old.visit.first_us
        if device in cuts_us and first_us > cuts_us[device]:
            (changes.delete if old.visit.open else changes.supersede).append(old.id)
    await _apply(writer, changes, now)


def _place(visit: VisitRow, old: _Stored | None, changes: _Changes, now: dt.datetime) -> None:
    if old is None:
        changes.insert.append(_values(visit, opened=now, known_from=now))
    elif old.visit == visit:
        return
    elif old.visit.open:
        # A version is known from when it was closed: until then it may change in place.
        changes.update.append(_values(visit, known_from=now) | {"_id": old.id})
    else:
        changes.supersede.append(old.id)
        changes.insert.append(_values(visit, opened=old.opened, known_from=now))


def _values(visit: VisitRow, **more: object) -> dict[str, object]:
    return {name: getattr(visit, name) for name in _FIELDS} | more


async def _apply(writer: Writer, changes: _Changes, now: dt.datetime) -> None:
    if changes.update:
        statement = sa.update(visits).where(visits.c.id == sa.bindparam("_id"))
        await writer.execute(statement, changes.update)
    if changes.supersede:
        superseded = visits.c.id.in_(changes.supersede)
        await writer.execute(sa.update(visits).where(superseded).values(known_to=now))
    if changes.delete:
        await writer.execute(sa.delete(visits).where(visits.c.id.in_(changes.delete)))
    if changes.insert:
        await writer.execute(sa.insert(visits), changes.insert)


_SELECT = ", ".join(f"v.{name}" for name in (*_FIELDS, "opened", "id"))
_TYPED = [visits.c[name] for name in (*_FIELDS, "opened", "id")]
_CURRENT_POSTGRES = sa.text(f"""
SELECT {_SELECT}
FROM unnest(CAST(:devices AS bigint[]), CAST(:firsts AS bigint[])) AS wanted (device, first)
JOIN visits v ON v.device_id = wanted.device AND v.first_us >= wanted.first
WHERE v.known_to IS NULL
""").columns(*_TYPED)  # noqa: S608 -- only our own column names
_CURRENT_SQLITE = sa.text(f"""
SELECT {_SELECT}
FROM json_each(:wanted) AS wanted
JOIN visits v ON v.device_id = wanted.value ->> 0 AND v.first_us >= wanted.value ->> 1
WHERE v.known_to IS NULL
""").columns(*_TYPED)  # noqa: S608 -- only our own column names


async def _current(
    writer: Writer, found: Sequence[VisitRow], cuts_us: Mapping[int, int]
) -> dict[Key, _Stored]:
    """The visits now held true that `found` may change: of its devices, from its first on."""
    firsts = dict(cuts_us)
    for visit in found:
        known = firsts.get(visit.device_id, visit.first_us)
        firsts[visit.device_id] = min(known, visit.first_us)
    if not firsts:
        return {}
    if writer.dialect.name == "sqlite":
        wanted = {"wanted": json.dumps(list(firsts.items()))}
        rows = await writer.execute(_CURRENT_SQLITE, wanted)
    else:
        arrays = {"devices": list(firsts), "firsts": list(firsts.values())}
        rows = await writer.execute(_CURRENT_POSTGRES, arrays)
    stored = (_Stored(row[-1], row[-2], VisitRow(*row[:-2])) for row in rows.tuples())
    return {old.visit.key: old for old in stored}


async def close_silent(writer: Writer, heard_before: dt.datetime, now: dt.datetime) -> int:
    """Closes the open visits of devices not heard since a moment; says how many."""
    silent = sa.select(device_states.c.device_id).where(device_states.c.heard < heard_before)
    statement = (
        sa.update(visits)
        .where(visits.c.open, visits.c.known_to.is_(None), visits.c.device_id.in_(silent))
        .values(open=False, known_from=now)
    )
    return (await writer.execute(statement)).rowcount
