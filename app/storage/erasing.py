"""What is stored of one officer: what of which table, to be counted or deleted."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage import states
from app.storage.engine import Reader, Writer
from app.storage.errors import NotFound
from app.storage.guarding import (
    account_teams,
    accounts,
    glass,
    glass_officers,
    session_teams,
    sessions,
    unplaced,
)
from app.storage.schema import (
    abstractions,
    answers,
    assignments,
    briefing_reads,
    device_addresses,
    device_events,
    device_hours,
    devices,
    duty_times,
    events,
    fixes,
    nearby,
    officers,
    quarantine,
    token_teams,
    tokens,
    visits,
    whereabouts,
)
from app.storage.survey import HOUR
from app.storage.types import EPOCH, to_us

MANY = (fixes, unplaced)
"""Tables of which there may be more rows than one transaction should delete."""

_NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


class Stretch(NamedTuple):
    """An officer had a device from `start` until before `end`."""

    device: int
    start: dt.datetime
    end: dt.datetime


class Rows(NamedTuple):
    """Rows of a table."""

    table: sa.Table
    which: sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Person:
    """Of whom something is to be erased, and of what time; None: without a bound."""

    id: int
    number: str
    start: dt.datetime | None
    end: dt.datetime | None

    @property
    def whole(self) -> bool:
        """Whether all there is of them is meant."""
        return self.start is None and self.end is None

    @property
    def bounds(self) -> tuple[dt.datetime, dt.datetime]:
        """The time that is meant."""
        return self.start or EPOCH, self.end or _NEVER


async def person(
    reader: Reader,
    viewer: Viewer,
    number: str,
    start: dt.datetime | None,
    end: dt.datetime | None,
) -> Person:
    """The officer of a number. Raises NotFound where there is none."""
    viewer.require(Right.ERASE)
    id_ = await reader.scalar(sa.select(officers.c.id).where(officers.c.number == number))
    if id_ is None:
        msg = f"there is no officer {number!r}"
        raise NotFound(msg)
    return Person(id_, number, start, end)


async def stretches(reader: Reader, who: Person) -> list[Stretch]:
    """When they had which devices in that time, as it is known now."""
    start, end = who.bounds
    a = assignments.c
    query = sa.select(a.device_id, a.start, a.end).where(
        a.officer_id == who.id, a.known_to.is_(None), a.start < end
    )
    found = [
        Stretch(device, max(since, start), min(until or _NEVER, end))
        for device, since, until in await reader.execute(query.order_by(a.device_id, a.start))
    ]
    return [one for one in found if one.start < one.end]


def tracked(stretch: Stretch) -> Iterator[Rows]:
    """What a device told in a stretch of time, and what was made of it; a visit goes whole."""
    device, start, end = stretch
    for table in (*MANY, device_events, events):
        c = table.c
        yield Rows(table, (c.device_id == device) & (c.time >= start) & (c.time < end))
    c = visits.c
    # By the time of what it is about there is an index of each device's visits, in microseconds.
    began = c.first_us < to_us(end)
    yield Rows(visits, (c.device_id == device) & began & (c.outer_to > start))
    c = device_hours.c
    yield Rows(device_hours, (c.device_id == device) & (c.hour > start - HOUR) & (c.hour < end))
    c = nearby.c
    yield Rows(nearby, (c.device_id == device) & (c.end > start) & (c.start < end))
    c = whereabouts.c
    yield Rows(whereabouts, (c.device_id == device) & (c.visit >= start) & (c.visit < end))
    c = quarantine.c
    yield Rows(quarantine, (c.received >= start) & (c.received < end) & _sent_by(device))


def _sent_by(device: int) -> sa.ColumnElement[bool]:
    """That a broken message came from a device: by its name, or one of its addresses."""
    name = sa.select(devices.c.name).where(devices.c.id == device).scalar_subquery()
    address = device_addresses.c.address
    by_address = sa.exists().where(
        device_addresses.c.device_id == device, quarantine.c.sender.contains(address)
    )
    return (quarantine.c.sender == name) | by_address


def said(who: Person) -> Iterator[Rows]:
    """What is stored under an officer's own name; what reaches out of the time that is meant stays.

    In an order in which no row goes before those that point to it.
    """
    start, end = who.bounds
    c = briefing_reads.c
    yield Rows(briefing_reads, (c.officer_id == who.id) & (c.read >= start) & (c.read < end))
    c = events.c
    yield Rows(events, (c.officer_id == who.id) & (c.time >= start) & (c.time < end))
    c = answers.c
    mine = c.officer_id == who.id
    yield Rows(answers, mine & (c.known_from >= start) & (c.known_from < end))
    for table in (duty_times, abstractions, assignments):
        c = table.c
        within = (c.start >= start) & (sa.func.coalesce(c.end, c.start) <= end)
        yield Rows(table, (c.officer_id == who.id) & within)
    if who.whole:
        yield from _known_as(who)


def _known_as(who: Person) -> Iterator[Rows]:
    """By what an officer was known to the service."""
    my_tokens = sa.select(tokens.c.id).where(tokens.c.officer_id == who.id)
    my_accounts = sa.select(accounts.c.id).where(accounts.c.officer_id == who.id)
    my_sessions = sa.select(sessions.c.id).where(sessions.c.account_id.in_(my_accounts))
    broken = glass.c.token_id.in_(my_tokens) | glass.c.session_id.in_(my_sessions)
    my_glass = sa.select(glass.c.id).where(broken)
    by_me = glass_officers.c.glass_id.in_(my_glass)
    yield Rows(glass_officers, by_me | (glass_officers.c.officer_id == who.id))
    yield Rows(glass, glass.c.id.in_(my_glass))
    yield Rows(token_teams, token_teams.c.token_id.in_(my_tokens))
    yield Rows(tokens, tokens.c.id.in_(my_tokens))
    yield Rows(session_teams, session_teams.c.session_id.in_(my_sessions))
    yield Rows(sessions, sessions.c.account_id.in_(my_accounts))
    yield Rows(account_teams, account_teams.c.account_id.in_(my_accounts))
    yield Rows(accounts, accounts.c.id.in_(my_accounts))


async def count(reader: Reader, rows: Iterable[Rows]) -> Counter[str]:
    """How many rows there are, by table."""
    found: Counter[str] = Counter()
    for table, which in rows:
        query = sa.select(sa.func.count()).select_from(table).where(which)
        found[table.name] += await reader.scalar(query) or 0
    return found


async def delete(writer: Writer, rows: Iterable[Rows]) -> Counter[str]:
    """Deletes rows; says how many, by table."""
    gone: Counter[str] = Counter()
    for table, which in rows:
        gone[table.name] += (await writer.execute(sa.delete(table).where(which))).rowcount
    return gone


async def delete_some(writer: Writer, rows: Rows, most: int) -> int:
    """Deletes up to so many of the rows; says how many."""
    keys = list(rows.table.primary_key.columns)
    chosen = sa.select(*keys).where(rows.which).limit(most)
    deleting = sa.delete(rows.table).where(rows.which, sa.tuple_(*keys).in_(chosen))
    return (await writer.execute(deleting)).rowcount


async def forget_name(writer: Writer, who: Person) -> None:
    """Makes an officer one without name, number or team: what points to them goes on to do so."""
    values = {"number": f"erased-{who.id}", "name": "erased", "team_id": None}
    await writer.execute(sa.update(officers).where(officers.c.id == who.id).values(values))


async def forget_places(writer: Writer, mine: Sequence[Stretch]) -> set[int]:
    """Has the engine forget where devices were in these stretches of time, under their locks.

    Of which devices that is: they are to be looked at again up to now, by what is left.
    """
    stretches_us = [(one.device, to_us(one.start), to_us(one.end)) for one in mine]
    return await states.forget_stretches(writer, stretches_us)
