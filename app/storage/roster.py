"""Teams, officers and assignments, many at a time."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from app.storage import bulk, posts
from app.storage.engine import Reader, Writer
from app.storage.pages import unique
from app.storage.schema import assignments, devices, metadata, officers, teams

_MOST_NAMED: Final = 1000  # in a query


async def add_teams(writer: Writer, names: Collection[str]) -> int:
    """Stores the teams that are not there yet; gives how many those are.

    Raises Conflict where somebody else is adding one of them.
    """
    there = set(await writer.scalars(sa.select(teams.c.name)))
    rows = [{"name": name} for name in dict.fromkeys(names) if name not in there]
    with unique("these teams are being added by somebody else"):
        await bulk.insert(writer, teams, rows)
    return len(rows)


async def put_officers(
    writer: Writer, given: Mapping[str, Mapping[str, object]], now: dt.datetime
) -> tuple[int, int]:
    """Makes officers (by number) what is given; gives how many are new, and how many changed.

    They are so from `now` on. Of each `name`, `team_id` and `organisation`; of one who is there
    what is not given stays, and a new one is of no team, and of the police, where nothing else is
    said. Raises Conflict where somebody else is adding one of them.
    """
    if not given:
        return 0, 0
    there = {row.number: row for row in await _officers(writer, given)}
    unsaid = {"team_id": None, "organisation": "police"}
    new = [
        {"number": number, **unsaid, **values}
        for number, values in given.items()
        if number not in there
    ]
    changed = [
        {
            "id": old.id,
            "name": values.get("name", old.name),
            "team_id": values.get("team_id", old.team_id),
            "organisation": values.get("organisation", old.organisation),
        }
        for number, values in given.items()
        if (old := there.get(number)) is not None
        and any(getattr(old, name) != value for name, value in values.items())
    ]
    with unique("these officers are being added by somebody else"):
        await bulk.insert(writer, officers, new)
    await bulk.update(writer, officers, changed)
    await posts.note(writer, now)
    return len(new), len(changed)


async def _officers(writer: Writer, numbers: Iterable[str]) -> Sequence[sa.Row[Any]]:
    """The officers of these numbers who are there; nobody else changes them meanwhile.

    What is written of them, such as who has which device, need not wait for that.
    """
    ordered = sorted(numbers)
    query = sa.select(officers).order_by(officers.c.number).with_for_update(key_share=True)
    found: list[sa.Row[Any]] = []
    for first in range(0, len(ordered), _MOST_NAMED):
        some = ordered[first : first + _MOST_NAMED]
        found += await writer.execute(query.where(officers.c.number.in_(some)))
    return found


@dataclass(frozen=True, slots=True)
class Carried:
    """An officer had a device from `start` until `end` (None: has it still).

    `device` and `officer_id` are ids, `officer` is the number. `id` is None where it is not stored.
    """

    device: int
    officer: str
    officer_id: int
    start: dt.datetime
    end: dt.datetime | None
    id: int | None = None


async def carried(writer: Writer, device_ids: Collection[int]) -> Sequence[Carried]:
    """The assignments of devices that are held true; nobody else changes them meanwhile."""
    locked = sa.select(devices.c.id).where(devices.c.id.in_(device_ids)).order_by(devices.c.id)
    await writer.execute(locked.with_for_update(key_share=True))
    query = (
        sa.select(assignments, officers.c.number)
        .join(officers)
        .where(assignments.c.known_to.is_(None), assignments.c.device_id.in_(device_ids))
    )
    return [
        Carried(row.device_id, row.number, row.officer_id, row.start, row.end, row.id)
        for row in await writer.execute(query)
    ]


async def put_assignments(
    writer: Writer, given: Sequence[Carried], now: dt.datetime
) -> tuple[int, int]:
    """Holds assignments true from now on; gives how many are new, and how many have a new end.

    One of the same device, officer and start as one held true takes its place; the same again is no
    change. What was believed until now is kept. That none overlap is for the caller to see to.
    """
    held = await carried(writer, {one.device for one in given})
    old = {(one.device, one.officer_id, one.start): one for one in held}
    pairs = [(one, old.get((one.device, one.officer_id, one.start))) for one in given]
    changed = [before for one, before in pairs if before is not None and before.end != one.end]
    fresh = [one for one, before in pairs if before is None or before.end != one.end]
    await bulk.update(writer, assignments, [{"id": one.id, "known_to": now} for one in changed])
    rows = [
        {
            "device_id": one.device,
            "officer_id": one.officer_id,
            "start": one.start,
            "end": one.end,
            "known_from": now,
        }
        for one in fresh
    ]
    await bulk.insert(writer, assignments, rows)
    return len(fresh) - len(changed), len(changed)


async def newest(reader: Reader, table: str) -> int:
    """The largest id of a table, by its name; what is stored later has a larger one."""
    return int(await reader.scalar(sa.select(sa.func.max(metadata.tables[table].c.id))) or 0)
