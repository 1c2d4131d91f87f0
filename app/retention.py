"""Keeps to the periods that the force has set: what has come of age is deleted, hour by hour.

In slices, each a transaction of its own that also counts what has gone: nobody waits long for one,
and where the work breaks off, it goes on from there. On PostgreSQL whole days of fixes go at once,
with their partitions.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from app.access.audit import Act, Entry, Whose
from app.access.viewer import SERVICE
from app.storage import (
    aging,
    audit,
    audit_seals,
    chores,
    ended,
    erasures,
    partitions,
    settling,
    states,
)
from app.storage.aging import AGED, Aged, What
from app.storage.engine import Database, Writer
from app.storage.errors import Collision, DatabaseUnavailable
from app.storage.types import from_us, to_us
from app.turn import Turn
from geofence.model import DAY_US

EVERY_S: Final = 3600.0
# What was erased waits no longer than that, once nobody reads.
_SETTLE_S: Final = 10.0
NAME: Final = "retention"
# What one transaction deletes, or goes through: a tenth of a second or two of a busy disk's time;
# where others write meanwhile, more.
_ROWS: Final = {"sqlite": 2_000, "postgresql": 20_000}
_DEVICES = 200
# Between two of them the others' turn: SQLite's writers look each tenth of a second if they may.
_PAUSE_S = 0.1
# For a partition that somebody is reading.
_PAUSES_S = (0.5, 2.0, 5.0)

Given = TypeVar("Given")
Gone: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Periods:
    """For how many days what is kept; None: for good."""

    fixes: int | None = None
    visits: int | None = None
    events: int | None = None
    audit: int | None = None

    def before(self, what: What, now: dt.datetime) -> dt.datetime | None:
        """From before which moment it goes, the beginning of a day (UTC); None: nothing does."""
        days: int | None = getattr(self, what)
        return None if days is None else from_us((to_us(now) // DAY_US - days) * DAY_US)


class Retention:
    """Deletes what has come of age; any number of processes may, one at a time does."""

    def __init__(
        self,
        database: Database,
        now_us: Callable[[], int],
        periods: Periods,
        *,
        rows: int | None = None,
        pauses_s: Sequence[float] = _PAUSES_S,
    ) -> None:
        """`rows` is how many one transaction deletes; None: as many as suit the database."""
        self._database = database
        self._now_us = now_us
        self._periods = periods
        self._rows = rows or _ROWS[database.dialect]
        self._pauses_s = pauses_s

    async def run(self, holder: str) -> None:
        """Keeps to the periods while it is this holder's turn, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(Turn(self._database, NAME, holder).run(self.keep, EVERY_S))
            settles = Turn(self._database, settling.NAME, holder)
            group.create_task(settles.run(self._settle, _SETTLE_S))

    async def keep(self) -> None:
        """Deletes all that has come of age by now; what it could not, `chores` tell.

        Raises DatabaseUnavailable where not even that can be told.
        """
        await self._noted(chores.begin, NAME, self._now)
        said, failed = [], False
        for what in What:
            if (before := self._periods.before(what, self._now)) is None:
                continue
            try:
                gone = await self._erase(what, before)
                said.append(f"{what} before {before:%Y-%m-%d}: {gone} gone")
                if what is What.AUDIT and await self._is_its_owners(before):
                    failed = True
                    said.append("the log's own are its owner's: `beatkeeper audit expire`")
            except DatabaseUnavailable as exc:
                failed = True
                said.append(f"{what} before {before:%Y-%m-%d} could not all go: {exc}")
        words = "; ".join(said) or "no period is set: everything is kept"
        await self._noted(chores.end, NAME, words, None if failed else self._now)

    async def _settle(self) -> None:
        await settling.settle(self._database)

    @property
    def _now(self) -> dt.datetime:
        return from_us(self._now_us())

    async def _noted(self, note: Callable[..., Awaitable[None]], *given: object) -> None:
        async with self._database.write() as writer:
            await note(writer, *given)

    async def _erase(self, what: What, before: dt.datetime) -> int:
        """Deletes what is from before a moment; says how many rows went in this run."""
        went = 0
        if what is What.FIXES:
            went += await self._drop_days(before)
            went += await self._forget_places(before)
        for aged in AGED[what]:
            parts = await self._devices() if aged.by_device else [None]
            for part in parts:
                went += await self._delete(what, aged, before, part)
        if what is What.AUDIT:
            went += await self._delete_credentials(before)
            went += await self._expire_log(before)
        if went:
            await self._log(what, before)
            await self._settle()
        return went

    async def _drop_days(self, before: dt.datetime) -> int:
        """Drops partitions, each of which is tried for some times."""
        went, waits = 0, list(self._pauses_s)
        while True:
            try:
                gone = await self._slice(What.FIXES, before, lambda w: _dropped(w, before))
            except Collision:
                if not waits:
                    raise
                await asyncio.sleep(waits.pop(0))
                continue
            if gone is None:
                return went
            went += gone

    async def _forget_places(self, before: dt.datetime) -> int:
        """Where the engine remembers long silent devices to have been goes with their fixes."""
        went = 0
        for part in await self._devices():

            async def forget(writer: Writer, part: Sequence[int] = part) -> Gone:
                return {"device_states": await states.forget(writer, part, to_us(before))}

            went += await self._slice(What.FIXES, before, forget) or 0
        return went

    async def _delete(
        self, what: What, aged: Aged, before: dt.datetime, part: Sequence[int] | None
    ) -> int:
        """Deletes from a table, all devices or a part of them, until nothing is left to delete."""

        async def delete(writer: Writer) -> Gone:
            gone = await aging.delete(writer, aged, before, self._rows, part)
            return {aged.table.name: gone}

        went = 0
        while gone := await self._slice(what, before, delete):
            went += gone
            if gone < self._rows:
                break
        return went

    async def _delete_credentials(self, before: dt.datetime) -> int:
        async def delete(writer: Writer) -> Gone:
            return await ended.delete_credentials(writer, before, self._now)

        return await self._slice(What.AUDIT, before, delete) or 0

    async def _expire_log(self, before: dt.datetime) -> int:
        """The audit log, which tells of it itself; its owner's to delete where we are not that."""
        by = Entry(Act.ERASURE, *audit.OURSELVES, NAME)

        async def expire(writer: Writer) -> Gone:
            if not await audit_seals.may_expire(writer):
                return {}
            return {"audit": await audit_seals.expire(writer, before, by, self._now)}

        went = 0
        while gone := await self._slice(What.AUDIT, before, expire):
            went += gone
        return went

    async def _is_its_owners(self, before: dt.datetime) -> bool:
        """Whether entries of the log have come of age which only its owner may delete."""
        async with self._database.read() as reader:
            ours = await audit_seals.may_expire(reader)
            return not ours and await audit_seals.due(reader, before)

    async def _devices(self) -> list[Sequence[int]]:
        """All devices, in parts that one transaction can go through."""
        async with self._database.read() as reader:
            ids = await aging.devices(reader)
        return [ids[i : i + _DEVICES] for i in range(0, len(ids), _DEVICES)]

    async def _slice(
        self, what: What, before: dt.datetime, delete: Callable[[Writer], Awaitable[Gone | None]]
    ) -> int | None:
        """Deletes in one transaction that also counts it; None: there was nothing to look at."""

        async def whole() -> int | None:
            async with self._database.write() as writer:
                async with erasures.overwriting(writer):
                    gone = await delete(writer)
                if gone and any(gone.values()):
                    await erasures.count(writer, what, before, gone, self._now)
            return None if gone is None else sum(gone.values())

        done = await _to_its_end(whole())
        if done:
            await asyncio.sleep(_PAUSE_S)
        return done

    async def _log(self, what: What, before: dt.datetime) -> None:
        async with self._database.write() as writer:
            rows = await erasures.counted(writer, what, before)
            entry = Entry(
                act=Act.ERASURE,
                who=SERVICE.name,
                role=SERVICE.role,
                authority="",
                origin="the service",
                what=NAME,
                details={"what": what, "before": before.isoformat()},
                whose=Whose(everybody=True),
                rows=rows,
            )
            await settling.ask(writer, self._now)
            await audit.write(writer, [entry], self._now)


async def _dropped(writer: Writer, before: dt.datetime) -> Gone | None:
    fixes = await partitions.drop_one(writer, before.date())
    return None if fixes is None else {"fixes": fixes}


async def _to_its_end(work: Coroutine[None, None, Given]) -> Given:
    """Does work to its end, though it be cancelled: SQLite's lock may outlive half of it."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
