"""That something was erased: when, of what time, of whom, and how many rows; never what."""

import datetime as dt
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage.engine import Reader, Writer, driver_of
from app.storage.guarding import erasures
from app.storage.schema import officers

PERIOD, PERSON = "period", "person"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased: by a period, or of a person (by id); from `start` until before `end`.

    `report` says how many rows of which table.
    """

    kind: str
    what: str
    end: dt.datetime
    report: Mapping[str, int]
    start: dt.datetime | None = None
    officer_id: int | None = None

    @property
    def rows(self) -> int:
        """How many in all."""
        return sum(self.report.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Erasure):
    """An erasure as it is stored: when something last went, its id, and when it was done.

    `done` None: it is under way, or broke off; then the same again goes on with it.
    """

    time: dt.datetime
    id: int
    done: dt.datetime | None


async def begin(writer: Writer, erasure: Erasure, now: dt.datetime) -> int:
    """Notes that an erasure of a person begins; gives its id, of one that broke off its own."""
    e = erasures.c
    same = e.officer_id == erasure.officer_id, e.start.is_not_distinct_from(erasure.start)
    query = sa.select(e.id).where(e.kind == PERSON, e.done.is_(None), *same).limit(1)
    found = await writer.scalar(query)
    if found is None:
        return await _add(writer, erasure, now, done=None)
    await _change(writer, found, {"end": erasure.end})
    return int(found)


async def add(
    writer: Writer, id_: int, gone: Mapping[str, int], now: dt.datetime, *, done: bool = False
) -> Mapping[str, int]:
    """Adds rows to what has gone by an erasure; gives how many by now. `done`: that is all."""
    report = await writer.scalar(sa.select(erasures.c.report).where(erasures.c.id == id_))
    told = dict(Counter(json.loads(report or "{}")) + Counter(gone))
    values = {"report": json.dumps(told), "rows": sum(told.values()), "time": now}
    await _change(writer, id_, values | ({"done": now} if done else {}))
    return told


async def _change(writer: Writer, id_: int, values: Mapping[str, object]) -> None:
    await writer.execute(sa.update(erasures).where(erasures.c.id == id_).values(**values))


async def _add(
    writer: Writer, erasure: Erasure, now: dt.datetime, *, done: dt.datetime | None
) -> int:
    made = await writer.scalar(
        sa.insert(erasures)
        .values(
            time=now,
            done=done,
            kind=erasure.kind,
            what=erasure.what,
            officer_id=erasure.officer_id,
            start=erasure.start,
            end=erasure.end,
            rows=erasure.rows,
            report=json.dumps(erasure.report),
        )
        .returning(erasures.c.id)
    )
    return int(made or 0)


async def count(
    writer: Writer, what: str, end: dt.datetime, gone: Mapping[str, int], now: dt.datetime
) -> None:
    """Adds rows to what has gone by a period up to a moment."""
    id_ = await writer.scalar(sa.select(erasures.c.id).where(*_period(what, end)))
    if id_ is None:
        await _add(writer, Erasure(PERIOD, what, end, dict(gone)), now, done=now)
    else:
        await add(writer, id_, gone, now, done=True)


async def counted(reader: Reader, what: str, end: dt.datetime) -> int:
    """How many rows have gone by a period up to a moment."""
    return int(await reader.scalar(sa.select(erasures.c.rows).where(*_period(what, end))) or 0)


def _period(what: str, end: dt.datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return erasures.c.kind == PERIOD, erasures.c.what == what, erasures.c.end == end


async def everything(reader: Reader, viewer: Viewer, most: int) -> list[Noted]:
    """The last erasures, the newest first."""
    viewer.require(Right.ERASE)
    query = sa.select(erasures).order_by(erasures.c.id.desc()).limit(most)
    return [_noted(row) for row in await reader.execute(query)]


async def unfinished(reader: Reader) -> list[tuple[str, dt.datetime]]:
    """The numbers of officers of whom an erasure is not done, and when something last went."""
    query = sa.select(officers.c.number, erasures.c.time).where(
        erasures.c.officer_id == officers.c.id, erasures.c.done.is_(None)
    )
    return [(number, time) for number, time in await reader.execute(query.order_by(erasures.c.id))]


async def last_touching(
    reader: Reader, viewer: Viewer, start: dt.datetime, end: dt.datetime
) -> dt.datetime | None:
    """When something of a stretch of time was last erased that figures are made of; None: never.

    Of fixes there are none, once hours and visits are told from them.
    """
    viewer.require(Right.READ_COMPLIANCE)
    e = erasures.c
    of_figures = e.what.in_(("visits", "all")), e.rows > 0
    touched = e.end > start, sa.or_(e.start.is_(None), e.start < end)
    found: dt.datetime | None = await reader.scalar(
        sa.select(e.time).where(*of_figures, *touched).order_by(e.time.desc()).limit(1)
    )
    return found


def _noted(row: sa.Row[tuple[object, ...]]) -> Noted:
    found = row._mapping  # noqa: SLF001 -- SQLAlchemy's own name for it
    names = ("kind", "what", "end", "start", "officer_id", "time", "id", "done")
    return Noted(report=json.loads(found["report"]), **{name: found[name] for name in names})


@asynccontextmanager
async def overwriting(writer: Writer) -> AsyncIterator[None]:
    """Has whole pages of what is deleted overwritten, too, on SQLite; that costs it some time."""
    if writer.dialect.name != "sqlite":
        yield
        return
    raw = await driver_of(writer)
    await raw.execute_fetchall("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        await raw.execute_fetchall("PRAGMA secure_delete=FAST")
