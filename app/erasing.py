"""Erases what is stored of a person, or of some time of theirs, and reports what went.

First fixes, in slices; then all else in one transaction, with what says by whom the devices were
carried: where the work breaks off, the same again goes on from there. Other people's time with a
shared device stays, and is measured again from what is left.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.access.viewer import Viewer
from app.storage import erasing, erasures, posts, recomputes, surveying
from app.storage.engine import Database, Writer
from app.storage.erasing import MANY, Person, Rows, Stretch
from app.storage.erasures import PERSON, Erasure

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
        rows = await erasing.count(reader, [*_tracked(mine), *erasing.said(who)])
    return _report(who, mine, rows)


async def erase(
    database: Database,
    viewer: Viewer,
    wanted: Wanted,
    now: Callable[[], dt.datetime],
) -> Report:
    """Erases; raises NotFound, Forbidden, DatabaseUnavailable: then the same again goes on."""
    async with database.read() as reader:
        who = await erasing.person(reader, viewer, wanted.officer, wanted.start, wanted.end)
        mine = await erasing.stretches(reader, who)
    gone: Counter[str] = Counter()
    for rows in _tracked(mine):
        if rows.table in MANY:
            gone[rows.table.name] += await _delete_all(database, rows)
    async with database.write() as writer:
        # The locks come first: no batch of these devices is under way until the end.
        again = await erasing.forget_places(writer, mine)
        async with erasures.overwriting(writer):
            gone += await erasing.delete(writer, [*_tracked(mine), *erasing.said(who)])
        await _measure_again(writer, mine, again, now())
        if who.whole:
            await erasing.forget_name(writer, who)
            await posts.note(writer, now())
        id_ = await erasures.add(writer, _erasure(who, gone, now()), now())
    await erasures.settle(database)
    return _report(who, mine, gone, id_)


def _tracked(mine: Sequence[Stretch]) -> list[Rows]:
    return [rows for stretch in mine for rows in erasing.tracked(stretch)]


async def _delete_all(database: Database, rows: Rows) -> int:
    """Deletes rows in slices; says how many."""
    went = 0
    while True:
        async with database.write() as writer, erasures.overwriting(writer):
            gone = await erasing.delete_some(writer, rows, _ROWS)
        went += gone
        if gone < _ROWS:
            return went


async def _measure_again(
    writer: Writer, mine: Sequence[Stretch], again: set[int], now: dt.datetime
) -> None:
    """Has what is left of the devices measured and surveyed again, where something went."""
    firsts: dict[int, Stretch] = {}
    for stretch in mine:
        firsts.setdefault(stretch.device, stretch)
    lasts = {stretch.device: stretch for stretch in mine}
    for device, first in firsts.items():
        until = None if device in again or lasts[device].end > now else lasts[device].end
        await recomputes.ask(writer, first.start, until, device, now)
        await surveying.again(writer, [device], first.start)


def _erasure(who: Person, gone: Counter[str], now: dt.datetime) -> Erasure:
    end = now if who.end is None else min(who.end, now)
    return Erasure(PERSON, "all", end, dict(gone), start=who.start, officer_id=who.id)


def _report(
    who: Person, mine: Sequence[Stretch], rows: Counter[str], id_: int | None = None
) -> Report:
    kept = KEPT if who.whole else (*_ONLY_SOME, *KEPT)
    counts = {table: count for table, count in rows.items() if count}
    return Report(counts, len({one.device for one in mine}), kept, who.id, id_)
