"""Erases what is stored of a person, or of some time of theirs, and reports what went.

First fixes, in slices; then all else in one transaction, with what says by whom the devices were
carried: where the work breaks off, the same again goes on from there. Other people's time with a
shared device stays, and is measured again from what is left.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.access.viewer import Viewer
from app.storage import erasing, erasures, posts, recomputes, settling, surveying
from app.storage.engine import Database, Writer
from app.storage.erasing import MANY, Person, Rows
from app.storage.erasures import PERSON, Erasure
from app.storage.settling import STILL
from app.storage.stretches import Stretch

_ROWS: Final = 5_000

KEPT: Final = (
    "the audit log, which says who did what and is kept by its own period",
    "figures, briefings and tables that were taken away before, and backups: erase there too",
    "messages that wait in the spool or on the way: where some may, erase again later",
    "lines of the service's log, which name devices and no positions",
)
_ONLY_SOME: Final = (
    "the officer, and what reaches out of that time: assignments, duty times, abstractions",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of whom, by number, and of what time; None: all there is."""

    officer: str
    start: dt.datetime | None = None
    end: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How many rows of which table went, or would; what is kept; the erasure's id, once done."""

    rows: Mapping[str, int]
    devices: int
    kept: Sequence[str]
    officer_id: int
    id: int | None = None


async def look(database: Database, viewer: Viewer, wanted: Wanted) -> Report:
    """What an erasure would take. Raises NotFound, Forbidden."""
    async with database.read() as reader:
        who = await erasing.person(reader, viewer, wanted.officer, wanted.start, wanted.end)
        mine = await erasing.stretches(reader, who)
        told = [*erasing.tracked(database.dialect, mine), *erasing.said(who)]
        rows = await erasing.count(reader, told)
    return _report(who, mine, rows)


async def officer_id(database: Database, viewer: Viewer, wanted: Wanted) -> int:
    """Of whom an erasure would be, by id. Raises NotFound, Forbidden."""
    async with database.read() as reader:
        return (await erasing.person(reader, viewer, wanted.officer, None, None)).id


async def erase(
    database: Database,
    viewer: Viewer,
    wanted: Wanted,
    now: Callable[[], dt.datetime],
) -> Report:
    """Erases; raises NotFound, Forbidden, DatabaseUnavailable: then the same again goes on."""
    async with database.write() as writer:
        who = await erasing.person(writer, viewer, wanted.officer, wanted.start, wanted.end)
        mine = await erasing.stretches(writer, who)
        id_ = await erasures.begin(writer, _erasure(who, now()), now())
    tracked = list(erasing.tracked(database.dialect, mine))
    for rows in tracked:
        if rows.table in MANY:
            await _delete_all(database, rows, id_, now)
    async with database.write() as writer:
        # The locks come first: no batch of these devices is under way until the end.
        await erasing.lock(writer, mine)
        async with erasures.overwriting(writer):
            gone = await erasing.delete(writer, [*tracked, *erasing.said(who)], now())
            await erasing.forget_places(writer, mine)
            if who.whole:
                await erasing.forget_name(writer, who)
                await posts.note(writer, now())
        await _measure_again(writer, mine, now())
        await settling.ask(writer, now())
        told = await erasures.add(writer, id_, gone, now(), done=True)
    settled = await settling.settle(database)
    return _report(who, mine, told, id_, settled=settled)


async def _delete_all(
    database: Database, rows: Rows, id_: int, now: Callable[[], dt.datetime]
) -> None:
    """Deletes rows in slices, each of which is counted as it goes."""
    gone = _ROWS
    while gone == _ROWS:
        async with database.write() as writer:
            async with erasures.overwriting(writer):
                gone = await erasing.delete_some(writer, rows, _ROWS)
            await erasures.add(writer, id_, {rows.table.name: gone}, now())


async def _measure_again(writer: Writer, mine: Sequence[Stretch], now: dt.datetime) -> None:
    """Has what is left of the devices measured and surveyed again, up to now."""
    firsts: dict[int, Stretch] = {}
    for stretch in mine:
        firsts.setdefault(stretch.device, stretch)
    for device, first in firsts.items():
        await recomputes.ask(writer, first.start, None, device, now)
        await surveying.again(writer, [device], first.start)


def _erasure(who: Person, now: dt.datetime) -> Erasure:
    end = now if who.end is None else min(who.end, now)
    return Erasure(PERSON, "all", end, {}, start=who.start, officer_id=who.id)


def _report(
    who: Person,
    mine: Sequence[Stretch],
    rows: Mapping[str, int],
    id_: int | None = None,
    *,
    settled: bool = True,
) -> Report:
    kept = KEPT if who.whole else (*_ONLY_SOME, *KEPT)
    counts = {table: count for table, count in rows.items() if count}
    devices = len({one.device for one in mine})
    return Report(counts, devices, kept if settled else (*kept, STILL), who.id, id_)
