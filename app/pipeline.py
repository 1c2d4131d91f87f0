"""A batch of fixes on its way: screen, store, measure, in one transaction."""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from app.announce import tell
from app.history import Past, rerun
from app.minimising import Minimising
from app.storage import catalogue as catalogues
from app.storage import fixes as fix_storage
from app.storage import states as state_storage
from app.storage import unplaced
from app.storage import visits as visit_storage
from app.storage.catalogue import Catalogue
from app.storage.engine import Database, Writer
from app.storage.errors import Collision, DatabaseUnavailable
from app.storage.findings import Findings, moved_ends, visit_rows, withdrawn_keys
from app.storage.states import DeviceState
from app.storage.types import from_us
from geofence.engine import Advance, advance
from geofence.memory import Memory
from geofence.model import DAY_US, Fixes
from ingest.columns import Columns
from ingest.errors import StorageUnavailable
from ingest.screen import Verdict, screen

# The waits between attempts at a batch that collides with another transaction.
PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.5)


class Pipeline:
    """Stores batches; any number of processes may each run one on the same database."""

    def __init__(
        self,
        database: Database,
        now_us: Callable[[], int],
        *,
        max_ahead_s: float = 300.0,
        raw_retention_days: int | None = None,
        minimising: Minimising | None = None,
    ) -> None:
        """`now_us` reads the clock; `max_ahead_s` is how far a device's may run ahead of it.

        A fix that is older than `raw_retention_days` when it comes is refused; None: no limit.
        `minimising` says what is kept of the others; None: all.
        """
        self._database = database
        self._now_us = now_us
        self._max_ahead_us = round(max_ahead_s * 1e6)
        self._max_age_us = None if raw_retention_days is None else raw_retention_days * DAY_US
        self._minimising = minimising
        self._catalogue: Catalogue | None = None

    async def store(self, columns: Columns) -> npt.NDArray[np.uint8]:
        """Takes in n fixes and gives a Verdict for each, uint8[n], after the commit.

        Raises StorageUnavailable where nothing could be stored.
        """
        verdicts = screen(columns, max_ahead_us=self._max_ahead_us, max_age_us=self._max_age_us)
        good = np.flatnonzero(verdicts == Verdict.STORED)
        if len(good):
            try:
                verdicts[good] = await self._commit(columns.take(good))
            except DatabaseUnavailable as exc:
                raise StorageUnavailable(str(exc)) from exc
        return verdicts

    async def _commit(self, columns: Columns) -> npt.NDArray[np.uint8]:
        """One transaction, tried again a few times where another one stood in its way."""
        for pause_s in PAUSES_S:
            try:
                async with self._database.write() as writer:
                    return await self._store(writer, columns)
            except Collision:
                await asyncio.sleep(pause_s)
        async with self._database.write() as writer:
            return await self._store(writer, columns)

    async def _store(self, writer: Writer, columns: Columns) -> npt.NDArray[np.uint8]:
        # The locks come first: two batches of one device go through one after the other.
        states = await state_storage.lock(writer, np.unique(columns.device).tolist())
        verdicts = await self._judged(writer, columns)
        new, fixes = await _kept(writer, columns, verdicts)
        if len(fixes):
            self._catalogue = await catalogues.current(writer, self._catalogue)
            fresh = set(fixes.device.tolist())
            states = [state for state in states if state.device in fresh]
            memory, findings = await _measure(writer, states, fixes, self._catalogue)
            now = from_us(self._now_us())
            changes = await visit_storage.write(writer, findings, now)
            earliest_us = state_storage.earliest(fixes)
            remembered = state_storage.remember(memory, states)
            await state_storage.save(writer, remembered, now, earliest_us)
            await tell(writer, changes, now)
        verdicts[(verdicts == Verdict.STORED) & ~new] = Verdict.DUPLICATE
        return verdicts

    async def _judged(self, writer: Writer, columns: Columns) -> npt.NDArray[np.uint8]:
        """A Verdict for each: STORED where it is to be kept."""
        if self._minimising is None:
            return np.zeros(columns.n, np.uint8)
        self._catalogue = await catalogues.current(writer, self._catalogue)
        return await self._minimising.judge(writer, columns, self._catalogue)


async def _kept(
    writer: Writer, columns: Columns, verdicts: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.bool_], Fixes]:
    """Stores what is to be kept; which of the columns were new, and they as the engine has them."""
    placed, far = verdicts == Verdict.STORED, verdicts == Verdict.FAR
    if placed.all():
        new = await fix_storage.store(writer, columns)
        return new, _fixes(columns, new)
    new = np.zeros(columns.n, np.bool_)
    new[placed] = await fix_storage.store(writer, columns.take(placed))
    new[far] = await unplaced.store(writer, columns.take(far))
    fixes = _fixes(columns, new)
    nowhere = far[new]
    fixes.lon[nowhere] = fixes.lat[nowhere] = np.nan
    return new, fixes


async def _measure(
    writer: Writer, states: Sequence[DeviceState], fixes: Fixes, catalogue: Catalogue
) -> tuple[Memory, Findings]:
    """What new fixes of locked devices change, and what is to be remembered of the devices.

    The engine runs in a thread: a large batch takes it longer than the event loop may wait.
    """
    past, before = Past.of(states, catalogue), state_storage.recall(states)
    unread = np.isin(fixes.device, list(state_storage.outdated(states)))
    steps = [await _advance(past, before, fixes.take(~unread))]
    late_us = steps[0].late_from | _as_late(past, fixes.take(unread))
    again, findings = await rerun(writer, past, late_us, past.needed(late_us))
    if left := late_us.keys() - set(again.tail.device.tolist()):
        # Fixes that count there are gone: what comes late is in vain, what comes in time is not.
        steps.append(await _advance(past, before, _in_time(past, fixes, list(left))))
    memory = before.joined(again)
    for step in steps:
        findings.found += visit_rows(step.visits, catalogue)
        findings.ends += moved_ends(step.ends)
        findings.withdrawn |= withdrawn_keys(step.withdrawn)
        memory = memory.joined(step.memory)
    return memory, findings


async def _advance(past: Past, before: Memory, fixes: Fixes) -> Advance:
    return await asyncio.to_thread(advance, before, fixes, past.catalogue.hotspots, past.profiles)


def _as_late(past: Past, fixes: Fixes) -> dict[int, int]:
    """From when on to look again at devices of which what is remembered cannot be read."""
    late_us = {device: past.last_us[device] for device in fixes.device.tolist()}
    for device, time_us in zip(fixes.device.tolist(), fixes.time_us.tolist(), strict=True):
        late_us[device] = min(late_us[device], time_us)
    return late_us


def _in_time(past: Past, fixes: Fixes, devices: Sequence[int]) -> Fixes:
    """The fixes of some devices that are later than all that was known of them."""
    mine = fixes.take(np.isin(fixes.device, devices))
    last_us = np.array([past.last_us[device] for device in mine.device.tolist()], np.int64)
    return mine.take(mine.time_us > last_us)


def _fixes(columns: Columns, new: npt.NDArray[np.bool_]) -> Fixes:
    return Fixes(
        device=columns.device[new],
        time_us=columns.time_us[new],
        lon=columns.lon[new],
        lat=columns.lat[new],
        accuracy_m=columns.accuracy_m[new],
    )
