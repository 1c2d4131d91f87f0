"""The way in: whole tracks at once (`run`), or batch after batch with a memory in between."""

from dataclasses import dataclass

import numpy as np
import shapely

from geofence.hotspots import Hotspots
from geofence.keeping import keep
from geofence.memory import Memory
from geofence.model import (
    FOREVER,
    NEVER,
    Bools,
    Columns,
    Fixes,
    Hotspot,
    Ints,
    Profile,
    Profiles,
    Visits,
    microseconds,
)
from geofence.outcome import Outcome, judge, visits_of
from geofence.presence import lone
from geofence.runs import among, begins
from geofence.scene import Scene
from geofence.track import Rules, follow, ordered, usable

# Late data: so many of the longest gap that joins anything are loaded at first. A cut needs one of
# them after the beginning of what is loaded, and one after the last presence; the rest is room to
# find it in. Too little costs another load, and no figure.
LOOK_BACK = 4


@dataclass(frozen=True, slots=True)
class Ends(Columns):
    """New outer ends of visits that broke off inside and are otherwise settled, one rule a row.

    It holds for all visits of `device` at `hotspot` with first_us from `from_us` to `to_us`, both
    included: `outer_to_us` and `exit_seen` are as here, and they are open until it is seen.
    """

    device: Ints
    hotspot: Ints
    from_us: Ints
    to_us: Ints
    outer_to_us: Ints
    exit_seen: Bools


@dataclass(frozen=True, slots=True)
class Withdrawn(Columns):
    """Visits told of when they were one fix on the boundary, that are none: to be removed."""

    device: Ints
    hotspot: Ints
    first_us: Ints


@dataclass(frozen=True, slots=True)
class Advance:
    """What a batch changes, and what it leaves to `replay`, by device.

    `needs_from` is the time from which to load stored fixes, `late_from` that from which what was
    told may be wrong.
    """

    memory: Memory
    visits: Visits  # new or changed
    ends: Ends
    withdrawn: Withdrawn
    needs_from: dict[int, int]
    late_from: dict[int, int]


def run(fixes: Fixes, hotspots: Hotspots, profiles: Profiles) -> Visits:
    """Return all visits that `fixes` show, by device, enter, hot spot; the dwell method, version 1.

    Fixes come in any order, all devices together; `profiles` is one for all or one for each.
    """
    visits = advance(Memory.empty(), fixes, hotspots, profiles).visits
    return visits.take(np.lexsort((visits.hotspot, visits.enter_us, visits.device)))


def advance(memory: Memory, fixes: Fixes, hotspots: Hotspots, profiles: Profiles) -> Advance:
    """Return what `fixes` change when they come after all that is in `memory`.

    A device with a fix no later than the last one known, or with a visit at a version that by now
    ends earlier, is left as it was and named in `needs_from`. `hotspots` must hold all versions
    that count at any time from each device's last known usable fix (`memory.tail.time_us[:, 1]`,
    which inexact ones since do not move on) to its newest one here. The memory returned is of the
    devices that went on only: `memory.joined(it)` is all.
    """
    fixes = ordered(fixes)
    memory = memory.of(fixes.device[begins(fixes.device)])
    owner = np.searchsorted(memory.tail.device, fixes.device)
    late_us = _late_us(memory, owner, fixes, hotspots)
    late = late_us != FOREVER
    behind, late_us = memory.tail.device[late], late_us[late]
    needs_from = load_from(late_us - look_back_us(behind, profiles), memory.tail.first_us[late])
    if late.any():
        fixes, memory = fixes.take(~late[owner]), memory.of(memory.tail.device[~late])
    outcome, after = tell(memory, fixes, hotspots, profiles)
    return Advance(
        memory=after,
        visits=visits_of(outcome),
        ends=_ends(outcome.scene),
        withdrawn=_withdrawn(outcome),
        needs_from=dict(zip(behind.tolist(), needs_from.tolist(), strict=True)),
        late_from=dict(zip(behind.tolist(), late_us.tolist(), strict=True)),
    )


def warm_up() -> None:
    """Have every loop compiled, which takes seconds where it was never done on a machine."""
    square = shapely.box(-0.001, -0.001, 0.001, 0.001)
    fixes = Fixes(
        device=np.zeros(3, np.int64),
        time_us=np.arange(3) * microseconds(15.0),
        lon=np.array([-0.002, 0.0, 0.002]),
        lat=np.zeros(3),
        accuracy_m=np.full(3, 5.0),
    )
    run(fixes, Hotspots.prepare([Hotspot(0, square)]), Profile())


def tell(
    memory: Memory, fixes: Fixes, hotspots: Hotspots, profiles: Profiles
) -> tuple[Outcome, Memory]:
    """Run the method over `ordered` fixes that come after all that `memory` has.

    Returns what was made of the usable ones, and the memory of all devices in `memory`.
    """
    rules = Rules.of(memory.tail.device, profiles)
    owner = np.searchsorted(memory.tail.device, fixes.device)
    memory = memory.reached(owner, fixes.time_us)
    exact = usable(fixes, rules, owner)
    fixes = fixes if exact.all() else fixes.take(exact)
    going = among(memory.tail.device, fixes.device)
    before = memory if going.all() else memory.of(memory.tail.device[going])
    track, tail = follow(before.tail, fixes, rules.take(going))
    scene = Scene.of(track, hotspots, before)
    outcome = judge(scene)
    after = Memory.far(tail) if scene.quiet else keep(outcome, tail)
    return outcome, after if going.all() else memory.joined(after)


def _late_us(memory: Memory, owner: Ints, fixes: Fixes, hotspots: Hotspots) -> Ints:
    """Return per device from when its history must be looked at again; FOREVER: it need not be."""
    late_us = np.full(len(memory.tail.device), FOREVER)
    late = fixes.time_us <= memory.tail.last_us[owner]
    np.minimum.at(late_us, owner[late], fixes.time_us[late])
    stays = memory.stays
    at = hotspots.find(stays["hotspot"], stays["valid_from_us"])
    told = np.flatnonzero(stays["visit"] & (at >= 0))
    # A version may have been ended since, before the end that was told of a visit at it.
    told = told[stays["exit_us"][told] > hotspots.valid_to_us[at[told]]]
    mine = np.searchsorted(memory.tail.device, stays["device"][told])
    np.minimum.at(late_us, mine, stays["outer_from_us"][told])
    return late_us


def load_from(moment: Ints, first_us: Ints) -> Ints:
    """Return from when to load: `moment`, or the whole track where that is about as much."""
    return np.where((first_us != NEVER) & (moment > first_us), moment, NEVER)


def look_back_us(devices: Ints, profiles: Profiles) -> Ints:
    """Return how long before a late fix history is likely to be needed."""
    rules = Rules.of(devices, profiles)
    return LOOK_BACK * np.maximum(rules.doubt_gap_us, rules.merge_gap_us)


def _ends(scene: Scene) -> Ends:
    """Return where visits that broke off inside are known to have ended at the latest."""
    recalled, track = scene.recalled, scene.track
    at = np.flatnonzero(recalled.stays["waiting_from_us"] != NEVER)
    hotspot, owner, row = recalled.hotspot[at], recalled.owner[at], recalled.row[at]
    time, seen = scene.next_out(hotspot, owner, row + 1)
    since = recalled.stays["waiting_from_us"][at]
    ids = scene.hotspots.id[hotspot]
    return Ends(track.device[owner], ids, since, track.time_us[row], time, seen)


def _withdrawn(outcome: Outcome) -> Withdrawn:
    """Return the visits of lone fixes that have a leg now, and that leg no presence."""
    scene, track, touches = outcome.scene, outcome.scene.track, outcome.scene.touches
    at, alone = lone(scene)
    at = at[~alone]
    row, hotspot = touches.row[at], touches.hotspot[at]
    owner, time = track.owner[row], track.time_us[row]
    gone = row < track.fresh[owner]
    gone &= time >= scene.hotspots.valid_from_us[hotspot]
    gone &= time < scene.hotspots.valid_to_us[hotspot]
    gone &= ~among(2 * touches.key[at], outcome.presences.start_key)
    device, ids = track.device[owner[gone]], scene.hotspots.id[hotspot[gone]]
    return Withdrawn(device, ids, time[gone])
