"""Works visits out anew where what they were measured by has changed, a few devices at a time.

A group of devices is one transaction, which also notes how far the work has come: a crash at any
point costs at most one group's time. It takes the locks that ingest takes, in the same order, so
both see each other's work; ingest of other devices goes on meanwhile. SQLite has one writer, so
there everybody waits: groups are as large as fits into a short time. What ingest wrote by hot
spots as they were before an edit, it wrote holding its devices' locks: the work comes after it.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.announce import tell
from app.history import Past, rerun, settled
from app.storage import catalogue as catalogues
from app.storage import fixes as fix_storage
from app.storage import recomputes, silence, surveying
from app.storage import states as state_storage
from app.storage import visits as visit_storage
from app.storage.catalogue import Catalogue
from app.storage.engine import Database, Writer
from app.storage.errors import Collision, DatabaseUnavailable
from app.storage.findings import Findings
from app.storage.recomputes import Extent, Job
from app.storage.states import DeviceState
from app.storage.types import from_us, to_us
from app.storage.visits import Change
from geofence.engine import look_back_us
from geofence.memory import Memory
from geofence.model import FOREVER, NEVER, Profile

_LOG = logging.getLogger(__name__)

# What one transaction works on: as much as takes so long, for which ingest of its devices waits.
GROUP_S = 0.2
LEAST_FIXES, FIRST_FIXES, MOST_FIXES = 1_000, 2_000, 20_000
MOST_DEVICES = 100
# A device is work, too, whatever it has.
FIXES_A_DEVICE = 50
LONGEST_ERROR = 500
# Between two of them the others' turn: SQLite's writers look each tenth of a second if they may.
PAUSE_S = 0.1


class Stumbled(Exception):
    """A job could not go on, for a reason that is in its row and, when it is a new one, the log."""


class Recompute:
    """Does what is asked for in the table of recomputes; any number of processes may do so."""

    def __init__(
        self, database: Database, now_us: Callable[[], int], *, most_fixes: int = MOST_FIXES
    ) -> None:
        """`most_fixes` is how many are looked at in one transaction, but for one long stay's.

        There are fewer where these take long.
        """
        self._database = database
        self._now_us = now_us
        self._most_fixes = most_fixes
        self._group_fixes = min(FIRST_FIXES, most_fixes)
        self._catalogue: Catalogue | None = None

    async def step(self, job_id: int | None = None) -> bool:
        """Does a group of devices of the oldest job, or of that one; says if there was work.

        There is none, too, where somebody else is at it. Where a job fails the next one has its
        turn. Raises DatabaseUnavailable, or Stumbled where there was none but failed.
        """
        async with self._database.read() as reader:
            jobs = await recomputes.unfinished(reader)
        failure: Stumbled | None = None
        for job in jobs:
            if job_id not in (None, job.id):
                continue
            try:
                if await self._go_on(job):
                    return True
            except Collision:
                return True
            except DatabaseUnavailable:
                raise
            except Exception as exc:  # noqa: BLE001 -- the other jobs are not to wait for this one
                failure = await self._note(job, exc)
        if failure is not None:
            raise failure
        return False

    async def _note(self, job: Job, exc: Exception) -> Stumbled:
        """Writes down why a job failed; in the log once only, as it will be tried often."""
        error = f"{type(exc).__name__}: {exc}"[:LONGEST_ERROR]
        async with self._database.write() as writer:
            await recomputes.fail(writer, job, error)
        if error != job.error:
            _LOG.error("recomputing visits from %s on failed", job.start, exc_info=exc)
        return Stumbled(error)

    async def _go_on(self, job: Job) -> bool:
        """Does the next devices of a job, or ends it; False: it is in other hands."""
        # Nobody is to wait for what can be asked before.
        async with self._database.read() as reader:
            self._catalogue = await catalogues.current(reader, self._catalogue)
            since = (job.reached or job.start) - _look_back(self._catalogue)
            extents = await recomputes.upcoming(
                reader,
                job,
                since,
                most_fixes=self._group_fixes,
                most_devices=self._most_devices(job),
            )
        async with self._database.write() as writer:
            began_s = asyncio.get_running_loop().time()
            claimed = await recomputes.claim(writer, job.id)
            if claimed is None:
                return False
            # Somebody may have been at it, or have asked for more.
            if claimed == job:
                await self._work(writer, job, extents)
        self._fit(asyncio.get_running_loop().time() - began_s)
        return True

    def _most_devices(self, job: Job) -> int:
        """How many a group may have; one that is done in part is one of its own."""
        if job.reached is not None:
            return 1
        return min(max(self._group_fixes // FIXES_A_DEVICE, 1), MOST_DEVICES)

    def _fit(self, took_s: float) -> None:
        """Makes the next group as large as the time that the last one took lets it be."""
        fitting = self._group_fixes * min(GROUP_S / max(took_s, GROUP_S / 2), 2.0)
        self._group_fixes = min(max(round(fitting), LEAST_FIXES), self._most_fixes)

    async def _work(self, writer: Writer, job: Job, extents: Sequence[Extent]) -> None:
        """Does these devices of a claimed job; without any it is done."""
        if not extents:
            await recomputes.finish(writer, job, from_us(self._now_us()))
            return
        states = await state_storage.lock(writer, [extent.device for extent in extents])
        # Now: who held the locks until now may have gone by hot spots newer than ours.
        self._catalogue = await catalogues.current(writer, self._catalogue)
        span = _Span.of(job, Past.of(states, self._catalogue), extents)
        tops_us = await _tops(writer, span, await self._ends(writer, span, extents[0]))
        memory, findings = await rerun(writer, span.past, span.late_us, span.needs_us, tops_us)
        # Now, too: what those wrote is known from later than when we began to wait.
        now = from_us(self._now_us())
        changes = await _write(writer, states, memory, findings, now)
        since = from_us(min(span.late_us.values()))
        await surveying.again(writer, list(span.late_us), since)
        device = extents[0].device
        if tops_us.get(device, span.until_us) < span.until_us:
            await recomputes.move(writer, job, job.last_device, from_us(tops_us[device]))
        else:
            await recomputes.move(writer, job, extents[-1].device, None)
        await tell(writer, changes, now, history=False, why="measured anew")

    async def _ends(self, writer: Writer, span: "_Span", first: Extent) -> dict[int, int]:
        """Up to when to look at those devices that are not to be looked at up to now."""
        last_us, end_us = span.past.last_us, span.end_us
        ends = {device: end_us for device in span.late_us if end_us < last_us[device]}
        if first.fixes > self._group_fixes:
            late_us = span.late_us[first.device]
            enough = await fix_storage.later(writer, first.device, late_us, self._group_fixes)
            if enough is not None:
                ends[first.device] = min(enough, end_us)
        return ends


@dataclass(frozen=True, slots=True)
class _Span:
    """What of a group of devices is to be looked at; moments in microseconds.

    By device: from when on visits may be untrue, and from when fixes are needed. Of all: up to when
    visits may be untrue, and up to when fixes are likely to be needed; FOREVER: now.
    """

    past: Past
    late_us: dict[int, int]
    needs_us: dict[int, int]
    until_us: int
    end_us: int

    @classmethod
    def of(cls, job: Job, past: Past, extents: Sequence[Extent]) -> "_Span":
        """The span of a job, or what is left of it for a device that is done in part."""
        start_us = to_us(job.start) if job.reached is None else to_us(job.reached) + 1
        late_us = dict.fromkeys((extent.device for extent in extents), start_us)
        needs_us = past.needed(late_us)
        for device, first, _ in extents:
            if first is not None and needs_us[device] <= to_us(first):
                needs_us[device] = NEVER
        if job.until is None:
            return cls(past, late_us, needs_us, FOREVER, FOREVER)
        end_us = to_us(job.until + _look_back(past.catalogue))
        return cls(past, late_us, needs_us, to_us(job.until), end_us)


async def _tops(writer: Writer, span: _Span, ends_us: Mapping[int, int]) -> dict[int, int]:
    """Up to when devices can be done apart from what comes later; of those not in it, up to now.

    Where nothing so near parts what was before from what comes later, it is farther off.
    """
    tops: dict[int, int] = {}
    wanted = dict(ends_us)
    while wanted:
        fixes_us = await fix_storage.following(writer, wanted)
        least_us = {
            device: span.until_us if end >= span.end_us else span.late_us[device]
            for device, end in wanted.items()
        }
        found = await settled(writer, span.past, fixes_us)
        tops |= {device: top for device, top in found.items() if top >= least_us[device]}
        wanted = {d: 2 * wanted[d] - span.late_us[d] for d in fixes_us if d not in tops}
    return tops


async def _write(
    writer: Writer,
    states: Sequence[DeviceState],
    memory: Memory,
    findings: Findings,
    now: dt.datetime,
) -> list[Change]:
    """Makes the tables say what was found; nobody was heard by it, and who was silent still is."""
    quiet = await silence.silent(writer, [state.device for state in states], now)
    findings.found = [
        replace(visit, open=visit.open and visit.device_id not in quiet) for visit in findings.found
    ]
    changes = await visit_storage.write(writer, findings, now)
    # Of devices that were not looked at up to now nothing else is to be remembered.
    known = set(memory.tail.device.tolist()) - findings.tops_us.keys()
    kept = [state for state in states if state.device in known]
    mine = memory.of(np.array([state.device for state in kept], np.int64))
    await state_storage.save(writer, state_storage.remember(mine, kept))
    return changes


def _look_back(catalogue: Catalogue) -> dt.timedelta:
    """How long before a moment fixes are likely to be needed, whatever the device."""
    profiles = dict(enumerate([Profile(), *catalogue.profiles.values()]))
    return dt.timedelta(microseconds=int(look_back_us(np.array(list(profiles)), profiles).max()))
