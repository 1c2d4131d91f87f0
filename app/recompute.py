"""Works visits out anew where what they were measured by has changed, a few devices at a time.

A group of devices is one transaction, which also notes how far the work has come: a crash at any
point costs at most one group's time. It takes the locks that ingest takes, in the same order, so
both see each other's work; ingest of other devices goes on meanwhile. What ingest wrote by hot
spots as they were before an edit, it wrote holding its devices' locks: the work comes after it.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.history import Past, rerun, settled
from app.storage import catalogue as catalogues
from app.storage import fixes as fix_storage
from app.storage import recomputes, silence
from app.storage import states as state_storage
from app.storage import visits as visit_storage
from app.storage.catalogue import Catalogue
from app.storage.engine import Collision, Database, Writer
from app.storage.findings import Findings
from app.storage.recomputes import Extent, Job
from app.storage.states import DeviceState
from app.storage.types import from_us, to_us
from geofence.engine import look_back_us
from geofence.memory import Memory
from geofence.model import FOREVER, NEVER, Profile

# What one transaction works on: some tenths of a second, for which ingest of its devices waits.
MOST_FIXES = 20_000
MOST_DEVICES = 100
# Between two of them the others' turn: SQLite's writers look each tenth of a second if they may.
PAUSE_S = 0.1


class Recompute:
    """Does what is asked for in the table of recomputes; any number of processes may do so."""

    def __init__(
        self, database: Database, now_us: Callable[[], int], *, most_fixes: int = MOST_FIXES
    ) -> None:
        """`most_fixes` is how many are looked at in one transaction, but for one long stay's."""
        self._database = database
        self._now_us = now_us
        self._most_fixes = most_fixes
        self._catalogue: Catalogue | None = None

    async def step(self, job_id: int | None = None) -> bool:
        """Does a group of devices of the oldest job, or of that one; says if there was work.

        There is none, too, where somebody else is at it. Raises DatabaseUnavailable.
        """
        async with self._database.read() as reader:
            if not await recomputes.unfinished(reader):
                return False
        try:
            async with self._database.write() as writer:
                job = await recomputes.claim(writer, job_id)
                if job is not None:
                    await self._go_on(writer, job)
        except Collision:
            return True
        return job is not None

    async def _go_on(self, writer: Writer, job: Job) -> None:
        """Does the next devices of a claimed job, or ends it."""
        now = from_us(self._now_us())
        self._catalogue = await catalogues.current(writer, self._catalogue)
        since = (job.reached or job.start) - _look_back(self._catalogue)
        extents = await recomputes.upcoming(
            writer, job, since, most_fixes=self._most_fixes, most_devices=MOST_DEVICES
        )
        if not extents:
            await recomputes.finish(writer, job, now)
            return
        if job.reached is not None:
            extents = extents[:1]
        states = await state_storage.lock(writer, [extent.device for extent in extents])
        # Again: who held the locks until now may have gone by hot spots newer than ours.
        self._catalogue = await catalogues.current(writer, self._catalogue)
        span = _Span.of(job, Past.of(states, self._catalogue), extents)
        tops_us = await _tops(writer, span, await self._ends(writer, span, extents[0]))
        memory, findings = await rerun(writer, span.past, span.late_us, span.needs_us, tops_us)
        await _write(writer, states, memory, findings, now)
        device = extents[0].device
        if tops_us.get(device, span.until_us) < span.until_us:
            await recomputes.move(writer, job, job.last_device, from_us(tops_us[device]))
        else:
            await recomputes.move(writer, job, extents[-1].device, None)

    async def _ends(self, writer: Writer, span: "_Span", first: Extent) -> dict[int, int]:
        """Up to when to look at those devices that are not to be looked at up to now."""
        last_us, end_us = span.past.last_us, span.end_us
        ends = {device: end_us for device in span.late_us if end_us < last_us[device]}
        if first.fixes > self._most_fixes:
            late_us = span.late_us[first.device]
            enough = await fix_storage.later(writer, first.device, late_us, self._most_fixes)
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
        following = {d: await fix_storage.later(writer, d, end, 0) for d, end in wanted.items()}
        fixes_us = {device: time_us for device, time_us in following.items() if time_us is not None}
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
) -> None:
    """Makes the tables say what was found; nobody was heard by it, and who was silent still is."""
    quiet = await silence.silent(writer, [state.device for state in states], now)
    findings.found = [
        replace(visit, open=visit.open and visit.device_id not in quiet) for visit in findings.found
    ]
    await visit_storage.write(writer, findings, now)
    # Of devices that were not looked at up to now nothing else is to be remembered.
    known = set(memory.tail.device.tolist()) - findings.tops_us.keys()
    kept = [state for state in states if state.device in known]
    mine = memory.of(np.array([state.device for state in kept], np.int64))
    await state_storage.save(writer, state_storage.remember(mine, kept))


def _look_back(catalogue: Catalogue) -> dt.timedelta:
    """How long before a moment fixes are likely to be needed, whatever the device."""
    profiles = dict(enumerate([Profile(), *catalogue.profiles.values()]))
    return dt.timedelta(microseconds=int(look_back_us(np.array(list(profiles)), profiles).max()))
