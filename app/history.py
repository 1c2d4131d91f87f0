"""Stored fixes, run through the engine again: for late ones, and where hot spots were redrawn."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.storage import fixes as fix_storage
from app.storage import states as state_storage
from app.storage import visits as visit_storage
from app.storage.catalogue import Catalogue
from app.storage.engine import Reader
from app.storage.findings import Findings, visit_rows
from app.storage.states import DeviceState
from app.storage.types import to_us
from geofence.engine import load_from, look_back_us
from geofence.memory import Memory
from geofence.model import NEVER, Fixes, Profile, Visits
from geofence.replay import Replay, replay

# By device: a moment, in microseconds since the Unix epoch.
Moments = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Past:
    """What now counts as hot spots; each device's profile, first usable fix and last fix of all."""

    catalogue: Catalogue
    profiles: Mapping[int, Profile]
    first_us: Moments
    last_us: Moments

    @classmethod
    def of(cls, states: Sequence[DeviceState], catalogue: Catalogue) -> "Past":
        """The past of locked devices, in their order."""
        tail = state_storage.tails(states)
        first_us = dict(zip(tail.device.tolist(), tail.first_us.tolist(), strict=True))
        last_us = dict(zip(tail.device.tolist(), tail.last_us.tolist(), strict=True))
        profiles = {state.device: catalogue.profile(state.profile) for state in states}
        return cls(catalogue, profiles, first_us, last_us)

    def needed(self, late_us: Moments) -> dict[int, int]:
        """From when on a device's fixes are to be loaded to look again at it from a moment on."""
        devices = np.array(list(late_us), np.int64)
        moments = np.array(list(late_us.values()), np.int64)
        first = np.array([self.first_us[device] for device in late_us], np.int64)
        needed = load_from(moments - look_back_us(devices, self.profiles), first)
        return dict(zip(late_us, needed.tolist(), strict=True))

    async def replay(
        self, reader: Reader, late_us: Moments, needs_us: Moments, untils_us: Moments
    ) -> tuple[Fixes, Replay]:
        """One round: load, and run the engine, in a thread, as it takes longer than others wait."""
        history = await fix_storage.since(reader, needs_us, untils_us)
        hotspots = self.catalogue.hotspots
        return history, await asyncio.to_thread(
            replay, history, needs_us, late_us, self.first_us, hotspots, self.profiles
        )


async def rerun(
    reader: Reader,
    past: Past,
    late_us: Moments,
    needs_us: Moments,
    tops_us: Moments | None = None,
) -> tuple[Memory, Findings]:
    """The truth about each device from the moment in `late_us` on, by all its stored fixes.

    `needs_us` is from when on they are likely to be needed (NEVER: all). A device in `tops_us` is
    looked at up to that moment only, which `settled` must have given, and what is remembered of it
    means nothing. A device that is not in the memory given cannot be looked at again: what is told
    and remembered of it stays as it was.
    """
    tops_us = dict(tops_us or {})
    memory, findings = Memory.empty(), Findings(tops_us=tops_us)
    late_us, needs_us = dict(late_us), dict(needs_us)
    while needs_us:
        _, again = await past.replay(reader, late_us, needs_us, tops_us)
        parts = {device: cut for device, cut in again.cut_us.items() if cut != NEVER}
        # Told of when something else counted, or they would not reach across a cut.
        across = await visit_storage.across(reader, parts)
        torn = {d: one.first_us for d, one in across.items() if parts[d] < late_us[d]}
        ends_us = {d: to_us(one.end) for d, one in across.items() if d not in torn}
        cuts = _replaced(again, ends_us, past.last_us)
        cuts = {device: cut for device, cut in cuts.items() if device not in torn}
        findings.found += visit_rows(_between(again.visits, cuts, tops_us), past.catalogue)
        findings.cuts_us |= cuts
        memory = memory.joined(again.memory.of(np.array(sorted(cuts), np.int64)))
        late_us |= torn
        needs_us = again.needs_from | past.needed(torn)
    return memory, findings


async def settled(reader: Reader, past: Past, fixes_us: Moments) -> dict[int, int]:
    """Per device the last moment before one of its stored fixes that nothing reaches across.

    Visits before and after it can be worked out apart. NEVER: there is none.
    """
    tops: dict[int, int] = {}
    nearby_us = needs_us = past.needed(fixes_us)
    while needs_us:
        history, again = await past.replay(reader, fixes_us, needs_us, fixes_us)
        before = _last_but_one(history)
        for device, cut in again.cut_us.items():
            # After a long silence that is just before the fix itself.
            silence = cut == before.get(device) and cut < nearby_us[device]
            tops[device] = fixes_us[device] - 1 if silence else cut
        needs_us = again.needs_from
    return tops


def _last_but_one(fixes: Fixes) -> dict[int, int]:
    """The time of the last fix but one of each device that has two; they are in order."""
    devices, start, count = np.unique(fixes.device, return_index=True, return_counts=True)
    several = count > 1
    rows = (start + count)[several] - 2
    return dict(zip(devices[several].tolist(), fixes.time_us[rows].tolist(), strict=True))


def _replaced(again: Replay, ends_us: Moments, last_us: Moments) -> dict[int, int]:
    """The moments after which what is told of each device is replaced by what was found.

    That is its cut. Where fixes from before the cut are gone, visits told of across it are kept, up
    to the last of `ends_us`. Left as it is, and not in the answer, is a device of which another one
    goes on that began before that, or of which less is told (up to `last_us`) than is to be kept.
    """
    cuts = {device: ends_us.get(device, cut) for device, cut in again.cut_us.items()}
    visits = again.visits
    begun = zip(
        visits.device[visits.open].tolist(), visits.first_us[visits.open].tolist(), strict=True
    )
    under_way = {device for device, first_us in begun if first_us <= cuts[device]}
    return {d: cut for d, cut in cuts.items() if d not in under_way and cut <= last_us[d]}


def _between(visits: Visits, cuts_us: Moments, tops_us: Moments) -> Visits:
    """Those of the visits that began after their device's cut, and not after its top."""
    keys = zip(visits.device.tolist(), visits.first_us.tolist(), strict=True)
    kept = [
        device in cuts_us and cuts_us[device] < first_us <= tops_us.get(device, first_us)
        for device, first_us in keys
    ]
    return visits.take(np.array(kept, np.bool_))
