"""That something was erased: when, of what time, of whom, and how many rows; never what."""

import datetime as dt
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from app.access.viewer import Right, Viewer
from app.storage.engine import Database, Reader, Writer, driver_of
from app.storage.guarding import erasures

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
    """An erasure as it is stored: when it was, and its id."""

    time: dt.datetime
    id: int


async def add(writer: Writer, erasure: Erasure, now: dt.datetime) -> int:
    """Notes an erasure; gives its id."""
    made = await writer.scalar(
        sa.insert(erasures)
        .values(
            time=now,
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
    found = await writer.execute(sa.select(erasures).where(*_period(what, end)))
    row = found.one_or_none()
    if row is None:
        await add(writer, Erasure(PERIOD, what, end, dict(gone)), now)
        return
    report = dict(Counter(json.loads(row.report)) + Counter(gone))
    values = {"report": json.dumps(report), "rows": sum(report.values()), "time": now}
    await writer.execute(sa.update(erasures).where(erasures.c.id == row.id).values(values))


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
    names = ("kind", "what", "end", "start", "officer_id", "time", "id")
    return Noted(report=json.loads(found["report"]), **{name: found[name] for name in names})


@asynccontextmanager
async def overwriting(writer: Writer) -> AsyncIterator[None]:
    """Has what is deleted within overwritten in the file, on SQLite; that costs it some time."""
    if writer.dialect.name != "sqlite":
        yield
        return
    raw = await driver_of(writer)
    await raw.execute_fetchall("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        await raw.execute_fetchall("PRAGMA secure_delete=OFF")


async def settle(database: Database) -> None:
    """Empties SQLite's log of writes, in which pages as they were may still stand.

    Where somebody reads meanwhile, the next time will do.
    """
    if database.dialect != "sqlite":
        return
    pooled = await database.engine.raw_connection()
    try:
        await pooled.driver_connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]  # SQLAlchemy does not say whose
    finally:
        pooled.close()
