"""What is to be remembered when a batch is done."""

import numpy as np

from geofence.memory import STAY, Memory, Stays
from geofence.model import NEVER, Ints
from geofence.outcome import Outcome
from geofence.runs import ends
from geofence.track import Tail


def keep(outcome: Outcome, tail: Tail) -> Memory:
    """Return the memory that a batch leaves of the devices of its track."""
    scene, joined, touches = outcome.scene, outcome.joined, outcome.scene.touches
    track, devices = scene.track, len(scene.track.device)
    last = outcome.presences.take(joined.last)
    # A lone fix at the very end is looked at again with what comes after it.
    alone = (last.stay < 0) & (last.before == last.after) & (last.after == track.last[joined.owner])
    kept = np.flatnonzero(outcome.standing.goes_on & ~alone)
    over = np.flatnonzero(~outcome.standing.goes_on & ~alone & ~outcome.outer.exit_seen)

    near = np.flatnonzero(touches.near & (touches.row == track.last[track.owner[touches.row]]))
    here = touches.hotspot[near] * devices + track.owner[touches.row[near]]
    visited = joined.hotspot * devices + joined.owner
    group = np.union1d(here, visited[kept])
    hotspot, owner = group // devices, group % devices

    stays = np.zeros(len(group), STAY)
    stays["device"] = track.device[owner]
    stays["hotspot"] = scene.hotspots.id[hotspot]
    stays["valid_from_us"] = scene.hotspots.valid_from_us[hotspot]
    stays["last_out_us"] = scene.last_out(hotspot, owner, track.last[owner])
    stays["touch_enter_us"] = NEVER
    waits = touches.inside[near] & touches.leg[near] & ~outcome.approaches.reached[near]
    at = np.searchsorted(group, here[waits])
    stays["touch_enter_us"][at] = outcome.approaches.enter_us[near[waits]]
    ending = np.searchsorted(group, visited[over])
    stays["waiting_from_us"] = _waiting(outcome, hotspot, owner, ending, over)
    place = np.searchsorted(group, visited[kept])
    _write_visits(stays, place, kept, outcome)
    _write_spans(stays, place, kept, outcome)
    return Memory(tail, stays[np.lexsort((hotspot, owner))])


def _waiting(outcome: Outcome, hotspot: Ints, owner: Ints, ending: Ints, over: Ints) -> Ints:
    """Return since which visit the visits of each stay wait for a fix surely outside.

    `hotspot` and `owner` are of the stays; visits `over` begin to wait, at stays `ending`.
    """
    scene = outcome.scene
    waiting = np.full(len(hotspot), NEVER)
    # In reverse, so that of several the earliest is written last.
    waiting[ending[::-1]] = outcome.first_us[over][::-1]
    stay = scene.recalled.find(hotspot, owner)
    old = np.flatnonzero(stay >= 0)
    old = old[scene.recalled.stays["waiting_from_us"][stay[old]] != NEVER]
    _, seen = scene.next_out(hotspot[old], owner[old], scene.recalled.row[stay[old]] + 1)
    old = old[~seen]
    waiting[old] = scene.recalled.stays["waiting_from_us"][stay[old]]
    return waiting


def _write_visits(stays: Stays, at: Ints, kept: Ints, outcome: Outcome) -> None:
    """Write the visits that go on into their stays."""
    first, last = outcome.joined.first[kept], outcome.joined.last[kept]
    found, outer = outcome.presences, outcome.outer.take(kept)
    walk, sure, standing = outcome.walk.take(kept), outcome.sure.take(kept), outcome.standing
    waits = ~np.isnan(found.way_m[last])
    columns = {
        "visit": np.ones(len(kept), np.bool_),
        "enter_seen": outer.enter_seen,
        "torn": standing.torn[kept],
        "left": outer.exit_seen,
        "sure_torn": sure.torn,
        "sure_left": sure.left,
        "enter_us": found.enter_us[first],
        "first_us": outcome.first_us[kept],
        "exit_us": np.where(waits, found.end_us[last], found.exit_us[last]),
        "outer_from_us": outer.from_us,
        "outer_to_us": np.where(outer.exit_seen, outer.to_us, NEVER),
        "exit_way_m": found.way_m[last],
        "exit_pace_mps": found.pace_mps[last],
        "fixes": outcome.fixes[kept],
        "sure_us": sure.last_us,
        "anchor_us": walk.anchor_us,
        "anchor_lon": walk.anchor_lon,
        "anchor_lat": walk.anchor_lat,
        "walked_mm": walk.mm,
        "walked_us": walk.us,
    }
    for name, column in columns.items():
        stays[name][at] = column


def _write_spans(stays: Stays, at: Ints, kept: Ints, outcome: Outcome) -> None:
    """Write into their stays the last spans of visits, and the sums of those before."""
    for spans, total_us, names in (
        (outcome.inside, outcome.inside_us, ("inside_us", "inside_from_us", "inside_to_us")),
        (outcome.sure_spans, outcome.low_us, ("low_us", "sure_from_us", "sure_to_us")),
    ):
        last = spans.take(ends(spans.of))
        start, end = np.full(len(total_us), NEVER), np.full(len(total_us), NEVER)
        start[last.of], end[last.of] = last.start_us, last.end_us
        for name, column in zip(names, (total_us - (end - start), start, end), strict=True):
            stays[name][at] = column[kept]
