"""Everything that one pass of the dwell method makes of a scene, and the visits in it."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from geofence.approach import Approaches, approaches
from geofence.carry import go_on
from geofence.evidence import Sure, held, sure_spans
from geofence.hotspots import Hotspots
from geofence.joining import Joined, Outer, absences, join, outer
from geofence.memory import Memory
from geofence.model import Bools, Columns, Fixes, Ints, Profile, Span, Spans, Stretches, Visits
from geofence.presence import Presences, clip, presences
from geofence.runs import unite
from geofence.scene import Scene
from geofence.track import Rules, Tail, follow
from geofence.walk import Walk, walk


@dataclass(frozen=True, slots=True)
class Standing(Columns):
    """How the visits stand at the end of the track, one a row."""

    goes_on: Bools  # a coming fix may still lengthen it, or move its exit
    torn: Bools  # no legs all the way from its end
    left: Bools  # surely outside since its end


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was made of a scene; columns of visits are in the order of `joined`."""

    scene: Scene
    approaches: Approaches
    presences: Presences
    joined: Joined
    outer: Outer
    standing: Standing
    first_us: Ints
    inside: Stretches  # with the last one that was remembered
    inside_us: Ints  # with all that were
    sure_spans: Stretches
    low_us: Ints
    sure: Sure
    walk: Walk
    fixes: Ints


def judge(scene: Scene) -> Outcome:
    """Run the dwell method over a scene.

    Most small batches are of devices far from every hot spot, and need no judging.
    """
    return replace(_nothing(), scene=scene) if scene.quiet else _judged(scene)


@cache
def _nothing() -> Outcome:
    """What comes of a scene in which nothing is near: all tables empty."""
    nobody, nowhere = np.zeros(0, np.int64), np.zeros(0)
    tail, fixes = Tail.empty(nobody), Fixes(nobody, nobody, nowhere, nowhere, nowhere)
    track, _ = follow(tail, fixes, Rules.of(nobody, Profile()))
    return _judged(Scene.of(track, Hotspots.prepare([]), Memory.empty()))


def _judged(scene: Scene) -> Outcome:
    clipped = clip(scene)
    ways = approaches(scene, clipped)
    found = go_on(scene, ways, presences(scene, clipped, ways))
    joined, visit = join(scene, found)
    bounds = outer(scene, joined, found)
    fixes = held(scene, found, visit)
    spans, sure = sure_spans(scene, joined, fixes)
    inside = Stretches(*unite(visit, found.start_us, found.end_us))
    old = np.flatnonzero(joined.stay >= 0)
    stays, stay = scene.recalled.stays, joined.stay[old]
    first_us = found.start_us[joined.first]
    first_us[old] = stays["first_us"][stay]
    inside_us, low_us = _total(inside, len(joined.owner)), _total(spans, len(joined.owner))
    inside_us[old] += stays["inside_us"][stay]
    low_us[old] += stays["low_us"][stay]
    counted = np.bincount(fixes.visit, minlength=len(joined.owner))
    counted[old] += stays["fixes"][stay]
    return Outcome(
        scene=scene,
        approaches=ways,
        presences=found,
        joined=joined,
        outer=bounds,
        standing=_standing(scene, joined, found),
        first_us=first_us,
        inside=inside,
        inside_us=inside_us,
        sure_spans=spans,
        low_us=low_us,
        sure=sure,
        walk=walk(scene, joined, fixes),
        fixes=counted,
    )


def _standing(scene: Scene, joined: Joined, presences: Presences) -> Standing:
    """Return which visits a coming fix may still change, and what was seen since their ends."""
    track, last = scene.track, presences.take(joined.last)
    end = track.last[joined.owner]
    newest = track.time_us[end]
    silence = newest - last.end_us
    short = silence <= track.rules.merge_gap_us[joined.owner]
    soon = short | (silence <= track.rules.doubt_gap_us[joined.owner])
    soon &= newest < scene.hotspots.valid_to_us[joined.hotspot]
    waits = joined.final & ~np.isnan(last.way_m)
    torn, left = ~soon, np.ones(len(soon), np.bool_)
    at = np.flatnonzero(joined.final & soon)
    torn[at], left[at] = absences(scene, last.take(at), end[at])
    return Standing(waits | (joined.final & ~torn & (short | ~left)), torn, left)


def visits_of(outcome: Outcome) -> Visits:
    """Return the visits in an outcome, by hot spot, device and time."""
    scene, joined, found = outcome.scene, outcome.joined, outcome.presences
    enter, exit_us = found.enter_us[joined.first], found.exit_us[joined.last]
    first, last = outcome.first_us, found.end_us[joined.last]
    return Visits(
        device=scene.track.device[joined.owner],
        hotspot=scene.hotspots.id[joined.hotspot],
        enter_us=enter,
        exit_us=exit_us,
        first_us=first,
        last_us=last,
        outer_from_us=outcome.outer.from_us,
        outer_to_us=outcome.outer.to_us,
        enter_seen=outcome.outer.enter_seen,
        exit_seen=outcome.outer.exit_seen,
        low_us=outcome.low_us,
        inside_us=outcome.inside_us,
        bridged_us=last - first - outcome.inside_us,
        fixes=outcome.fixes,
        mean_speed_mps=outcome.walk.speed_mps,
        pass_through=exit_us - enter < scene.track.rules.min_visit_us[joined.owner],
        open=outcome.standing.goes_on | ~outcome.outer.exit_seen,
        continues=joined.stay >= 0,
        spans=_spans(outcome),
    )


def _total(spans: Stretches, visits: int) -> Ints:
    """Return the sum of the lengths of stretches by visit."""
    total = np.zeros(visits, np.int64)
    np.add.at(total, spans.of, spans.end_us - spans.start_us)
    return total


def _spans(outcome: Outcome) -> Spans:
    inside, sure = outcome.inside, outcome.sure_spans
    gap = np.flatnonzero(inside.of[1:] == inside.of[:-1])
    bridged = Stretches(inside.of[gap], inside.end_us[gap], inside.start_us[gap + 1])
    each = {Span.INSIDE: inside, Span.BRIDGED: bridged, Span.SURE: sure}
    kind = np.repeat(np.array(list(each), np.uint8), [len(s.of) for s in each.values()])
    spans = Stretches.concat(list(each.values()))
    order = np.argsort(spans.of, kind="stable")
    spans, visits = spans.take(order), len(outcome.joined.owner)
    offset = np.searchsorted(spans.of, np.arange(visits + 1)).astype(np.int64)
    return Spans(offset, spans.start_us, spans.end_us, kind[order])
