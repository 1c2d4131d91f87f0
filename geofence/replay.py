"""Late fixes: run stored history again from a moment that nothing reaches across."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geofence.engine import load_from, look_back_us, tell
from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import NEVER, Bools, Fixes, Ints, Profiles, Visits
from geofence.outcome import Outcome, visits_of
from geofence.runs import begins
from geofence.track import Tail, Track, ordered

WIDEN = (
    4  # times as much history where the first did not do; more than 1, or it would go on for ever
)


@dataclass(frozen=True, slots=True)
class Replay:
    """What late fixes change.

    `visits` are all there are of each device with first_us after its `cut_us`: what was stored
    of the device after that moment is replaced by them. `memory` is of those devices. A device in
    `needs_from` could not be cut: load it from that earlier moment and replay it again.
    """

    memory: Memory
    visits: Visits
    cut_us: dict[int, int]
    needs_from: dict[int, int]


def replay(
    history: Fixes,
    loaded_from_us: Mapping[int, int],
    late_from_us: Mapping[int, int],
    first_us: Mapping[int, int],
    hotspots: Hotspots,
    profiles: Profiles,
) -> Replay:
    """Return the truth about devices that late fixes came from.

    `history` is every stored fix of these devices from `loaded_from_us` (by device; NEVER: the
    whole track) up to the newest, the late ones among them; `late_from_us` is the time of the
    earliest fix that the engine has not seen, `first_us` that of the first usable fix remembered
    (`Tail.first_us`; only needed where history is not whole). `hotspots` must hold all versions
    that count in that time.

    Where the whole track begins later than that, its beginning is no longer stored: what was told
    up to the first moment that nothing reaches across cannot be worked out again. Then `cut_us` may
    be late, or, where there is no such moment, the device is in none of what is returned.
    """
    history = ordered(history)
    devices = history.device[begins(history.device)]
    loaded = np.array([loaded_from_us[d] for d in devices.tolist()], np.int64)
    late = np.array([late_from_us[d] for d in devices.tolist()], np.int64)
    begin = np.array([first_us.get(d, NEVER) for d in devices.tolist()], np.int64)
    lost = (loaded == NEVER) & (begin != NEVER) & (history.time_us[begins(history.device)] > begin)
    whole = (loaded == NEVER) & ~lost
    tail = Tail.beginning(devices, np.where(whole, NEVER, begin))
    outcome, memory = tell(Memory.far(tail), history, hotspots, profiles)
    cut = _cuts(outcome, devices, whole, late, lost)
    found = whole | (cut != NEVER)
    further = ~found & ~lost
    reached_back = np.where(whole, 0, late - loaded)
    back = np.maximum(WIDEN * reached_back, look_back_us(devices, profiles))
    needs = load_from(late - back, begin)

    visits = visits_of(outcome)
    owner = np.searchsorted(devices, visits.device)
    return Replay(
        memory=memory.of(devices[found]),
        visits=visits.take(found[owner] & (visits.first_us > cut[owner])),
        cut_us=dict(zip(devices[found].tolist(), cut[found].tolist(), strict=True)),
        needs_from=dict(zip(devices[further].tolist(), needs[further].tolist(), strict=True)),
    )


def _cuts(outcome: Outcome, devices: Ints, whole: Bools, late: Ints, lost: Bools) -> Ints:
    """Return per device the last moment before `late` that nothing reaches across; NEVER: none.

    That is a fix surely outside every hot spot, with no presence so short a time before it that a
    visit could go on after it (so none on the leg to it: no moving leg is longer, and on a still
    one it lasts up to the fix); and with history enough to know that. The leg to it, which may set
    the pace of an approach, is then there too. Where the whole track is, its beginning will do;
    where that is `lost`, and there is no such fix before `late`, the first one after it.
    """
    track, touches, found = outcome.scene.track, outcome.scene.touches, outcome.presences
    mine = np.searchsorted(devices, track.device)
    clean = np.ones(len(track), np.bool_)
    clean[touches.row[touches.near]] = False
    rules = track.rules
    reach = np.maximum(rules.merge_gap_us, rules.doubt_gap_us)
    ended = _last_end(track, found.after, found.end_us)
    clean &= (ended == NEVER) | (track.time_us - ended > reach[track.owner])
    begin_us = track.time_us[track.start[track.owner]]
    settled = track.time_us - begin_us > reach[track.owner]
    clean &= whole[mine][track.owner] | settled

    owner = mine[track.owner]
    cut = np.full(len(devices), NEVER)
    rows = np.flatnonzero(clean & (track.time_us < late[owner]))
    cut[owner[rows]] = track.time_us[rows]
    # In reverse, so that of several the first is written last.
    rows = np.flatnonzero(clean & (lost & (cut == NEVER))[owner])[::-1]
    cut[owner[rows]] = track.time_us[rows]
    return cut


def _last_end(track: Track, after: Ints, end_us: Ints) -> Ints:
    """Return the latest end of a presence up to each row; presences end before rows `after`."""
    ended = np.full(len(track), NEVER)
    np.maximum.at(ended, after, end_us)
    # Ends rise with rows: a running maximum is the latest; one of another device does not count.
    latest = np.maximum.accumulate(np.where(ended == NEVER, -1, np.arange(len(track))))
    mine = (latest >= 0) & (track.owner[latest] == track.owner)
    return np.where(mine, ended[latest], NEVER)
