"""Whose data names and numbers in a request mean: for the audit log, which keeps ids."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from app.access.audit import Whose
from app.storage.engine import Reader
from app.storage.schema import abstractions, assignments, devices, duty_times, officers, teams

ROWS: Final = {
    "assignment_id": assignments,
    "duty_time_id": duty_times,
    "abstraction_id": abstractions,
}
"""Whose rows' ids say whom they are about, by what routes call the id."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a request named: officers by number, teams and devices by name, rows of `ROWS` by id."""

    officers: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    rows: tuple[tuple[str, int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.officers or self.teams or self.devices or self.rows)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose data it was, and by which names: of these the log keeps the ids alone."""

    whose: Whose
    names: Named = field(default_factory=Named)


async def find(reader: Reader, named: Named) -> Found:
    """Those of the named who are there."""
    people = await _ids(reader, officers.c.number, named.officers)
    groups = await _ids(reader, teams.c.name, named.teams)
    radios = await _ids(reader, devices.c.name, named.devices)
    ids = [frozenset(one.values()) for one in (people, groups, radios)]
    whose = Whose(officers=ids[0], teams=ids[1], devices=ids[2])
    for kind, id_ in named.rows:
        whose = together(whose, await _of_row(reader, ROWS[kind], id_))
    return Found(whose, Named(frozenset(people), frozenset(groups), frozenset(radios)))


def together(one: Whose, other: Whose) -> Whose:
    """Whose data two of them are."""
    return Whose(
        one.officers | other.officers,
        one.teams | other.teams,
        one.devices | other.devices,
        one.everybody or other.everybody,
    )


async def _ids(reader: Reader, column: sa.Column[str], names: Collection[str]) -> Mapping[str, int]:
    """The ids of those who are there, by name."""
    if not names:
        return {}
    query = sa.select(column, column.table.c.id).where(column.in_(names))
    return {row[0]: row.id for row in await reader.execute(query)}


async def _of_row(reader: Reader, table: sa.Table, id_: int) -> Whose:
    found = (await reader.execute(sa.select(table).where(table.c.id == id_))).mappings().first()
    if found is None:
        return Whose()

    def ids(column: str) -> frozenset[int]:
        id_ = found.get(column)
        return frozenset() if id_ is None else frozenset({id_})

    mine = Whose(ids("officer_id"), ids("team_id"), ids("device_id"))
    taken_off_everybody = table is abstractions and mine == Whose()
    return Whose(everybody=True) if taken_off_everybody else mine
