"""What is stored of one officer: what of which table, to be counted or deleted."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage import ended, states
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
    device_states,
    devices,
    duty_times,
    events,
    fixes,
    gateway_devices,
    nearby,
    officer_posts,
    officers,
    quarantine,
    token_teams,
    tokens,
    visits,
    whereabouts,
)
from app.storage.stretches import Stretch, listed, merged
from app.storage.types import EPOCH, to_us
from geofence.model import NEVER

MANY = (fixes, unplaced)
"""Tables of which there may be more rows than one transaction should delete."""

_NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


class Rows(NamedTuple):
    """Rows of a table, by their keys; `within` is said besides, for the sake of partitions."""

    table: sa.Table
    keys: sa.Select[*tuple[object, ...]]
    within: Sequence[sa.ColumnElement[bool]] = ()


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
    """When they had which devices in that time, as it is known now; none of it twice."""
    start, end = who.bounds
    a = assignments.c
    query = sa.select(a.device_id, a.start, a.end).where(
        a.officer_id == who.id, a.known_to.is_(None), a.start < end
    )
    return merged(
        Stretch(device, max(since, start), min(until or _NEVER, end))
        for device, since, until in await reader.execute(query)
    )


def tracked(dialect: str, mine: Sequence[Stretch]) -> Iterator[Rows]:
    """What devices told in stretches of time, and what was made of it; a visit goes whole."""
    if not mine:
        return
    s = listed(dialect, mine)

    def rows(table: sa.Table, *which: sa.ColumnElement[bool]) -> Rows:
        of_mine = s.join(table, sa.and_(*which))
        return Rows(table, sa.select(*table.primary_key.columns).select_from(of_mine))

    first, last = min(one.start for one in mine), max(one.end for one in mine)
    for table in (*MANY, device_events, events):
        c = table.c
        of_then = rows(table, c.device_id == s.c.device, c.time >= s.c.start, c.time < s.c.end)
        yield of_then._replace(within=(c.time >= first, c.time < last))
    c = visits.c
    # By the time of what it is about there is an index of each device's visits, in microseconds.
    began = c.first_us < s.c.end_us
    yield rows(visits, c.device_id == s.c.device, began, c.outer_to > s.c.start)
    c = device_hours.c
    yield rows(device_hours, c.device_id == s.c.device, c.hour > s.c.hour, c.hour < s.c.end)
    c = nearby.c
    yield rows(nearby, c.device_id == s.c.device, c.end > s.c.start, c.start < s.c.end)
    c = whereabouts.c
    yield rows(whereabouts, c.device_id == s.c.device, c.visit >= s.c.start, c.visit < s.c.end)
    c = quarantine.c
    then = c.received >= s.c.start, c.received < s.c.end
    yield rows(quarantine, *then, _may_tell_of(s.c.device))


def _may_tell_of(device: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """That a broken message came from a device, or a gateway that speaks for it, or says so."""
    c = quarantine.c
    gateways = sa.select(gateway_devices.c.gateway_id).where(gateway_devices.c.device_id == device)
    names = sa.select(devices.c.name).where(devices.c.id == device)
    addresses = sa.select(device_addresses.c.address).where(device_addresses.c.device_id == device)
    by_name = c.sender.in_(names) | c.sender.in_(addresses)
    return (c.device_id == device) | c.device_id.in_(gateways) | (c.device_id.is_(None) & by_name)


def said(who: Person) -> Iterator[Rows]:
    """What is stored under an officer's own name; what reaches out of the time that is meant stays.

    In an order in which no row goes before those that point to it.
    """
    start, end = who.bounds
    c = briefing_reads.c
    yield _all(briefing_reads, (c.officer_id == who.id) & (c.read >= start) & (c.read < end))
    c = events.c
    yield _all(events, (c.officer_id == who.id) & (c.time >= start) & (c.time < end))
    c = answers.c
    mine = c.officer_id == who.id
    yield _all(answers, mine & (c.known_from >= start) & (c.known_from < end))
    for table in (duty_times, abstractions, assignments):
        c = table.c
        within = (c.start >= start) & (sa.func.coalesce(c.end, c.start) <= end)
        yield _all(table, (c.officer_id == who.id) & within)
    if who.whole:
        yield from _known_as(who)


def _known_as(who: Person) -> Iterator[Rows]:
    """By what an officer was known to the service, and of which teams they were."""
    my_tokens = sa.select(tokens.c.id).where(tokens.c.officer_id == who.id)
    my_accounts = sa.select(accounts.c.id).where(accounts.c.officer_id == who.id)
    my_sessions = sa.select(sessions.c.id).where(sessions.c.account_id.in_(my_accounts))
    broken = glass.c.token_id.in_(my_tokens) | glass.c.session_id.in_(my_sessions)
    my_glass = sa.select(glass.c.id).where(broken)
    by_me = glass_officers.c.glass_id.in_(my_glass)
    p = officer_posts.c
    yield _all(officer_posts, (p.officer_id == who.id) & p.team_id.is_not(None))
    yield _all(glass_officers, by_me | (glass_officers.c.officer_id == who.id))
    yield _all(glass, glass.c.id.in_(my_glass))
    yield _all(token_teams, token_teams.c.token_id.in_(my_tokens))
    yield _all(tokens, tokens.c.id.in_(my_tokens))
    yield _all(session_teams, session_teams.c.session_id.in_(my_sessions))
    yield _all(sessions, sessions.c.account_id.in_(my_accounts))
    yield _all(account_teams, account_teams.c.account_id.in_(my_accounts))
    yield _all(accounts, accounts.c.id.in_(my_accounts))


def _all(table: sa.Table, which: sa.ColumnElement[bool]) -> Rows:
    return Rows(table, sa.select(*table.primary_key.columns).where(which))


async def count(reader: Reader, rows: Iterable[Rows]) -> Counter[str]:
    """How many rows there are, by table."""
    found: Counter[str] = Counter()
    for one in rows:
        # What reaches across two stretches is one row.
        query = sa.select(sa.func.count()).select_from(one.keys.distinct().subquery())
        found[one.table.name] += await reader.scalar(query) or 0
    return found


async def delete(writer: Writer, rows: Iterable[Rows], now: dt.datetime) -> Counter[str]:
    """Deletes rows, and empties tokens; says how many, by table."""
    gone: Counter[str] = Counter()
    for one in rows:
        if one.table is tokens:
            gone[one.table.name] += await ended.empty_tokens(writer, one.keys, now)
        else:
            gone[one.table.name] += await delete_some(writer, one, None)
    return gone


async def delete_some(writer: Writer, rows: Rows, most: int | None) -> int:
    """Deletes up to so many of the rows (None: all); says how many."""
    keys = list(rows.table.primary_key.columns)
    key = keys[0] if len(keys) == 1 else sa.tuple_(*keys)
    chosen = rows.keys.correlate(None).limit(most)
    deleting = sa.delete(rows.table).where(key.in_(chosen), *rows.within)
    return (await writer.execute(deleting)).rowcount


async def forget_name(writer: Writer, who: Person) -> None:
    """Makes an officer one without name, number or team: what points to them goes on to do so."""
    values = {"number": f"erased-{who.id}", "name": "erased", "team_id": None}
    await writer.execute(sa.update(officers).where(officers.c.id == who.id).values(values))


async def lock(writer: Writer, mine: Sequence[Stretch]) -> None:
    """Locks the devices: no batch of theirs is under way until the transaction ends."""
    await states.lock(writer, sorted({one.device for one in mine}))


async def forget_places(writer: Writer, mine: Sequence[Stretch]) -> None:
    """Has the engine forget that devices were anywhere in stretches of time of which all is gone.

    They are to be looked at again, up to now, by what is left.
    """
    stretches_us = [(one.device, to_us(one.start), to_us(one.end)) for one in mine]
    begins_us = await _begin(writer, sorted({one.device for one in mine}))
    await states.forget_stretches(writer, stretches_us, begins_us)


async def _begin(writer: Writer, device_ids: Sequence[int]) -> dict[int, int]:
    """When the first fix is that is left of each of some devices; NEVER: there is none.

    But not of those of which more is told from before: their first fixes have come of age.
    """
    id_ = device_states.c.device_id
    least: list[sa.ScalarSelect[dt.datetime | None]] = [
        sa.select(sa.func.min(table.c.time)).where(table.c.device_id == id_).scalar_subquery()
        for table in MANY
    ]
    told = (
        sa.select(sa.func.min(visits.c.first_us))
        .where(visits.c.device_id == id_, visits.c.known_to.is_(None))
        .scalar_subquery()
    )
    query = sa.select(id_, told, *least).where(id_.in_(device_ids))
    begins_us: dict[int, int] = {}
    for device, told_us, *times in await writer.execute(query):
        left = [to_us(time) for time in times if time is not None]
        if told_us is None or (left and min(left) <= told_us):
            begins_us[device] = min(left, default=NEVER)
    return begins_us
