"""The dwell method read once more from its text: one device, one hot spot, one leg at a time.

It knows nothing of the engine that it contests, and leaves the geometry to shapely.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Polygon, affinity

Row: TypeAlias = tuple[int, float, float, float]  # microseconds, lon, lat, accuracy in metres
Metres: TypeAlias = tuple[float, float]
Visit: TypeAlias = dict[str, Any]
RADIUS_M = 6371008.8
HALF_ROUND_DEG = 180.0
SECOND = 1_000_000
POINT_M = 1e-6  # rounding makes so much of a point
INSIDE, BRIDGED, SURE = range(3)


@dataclass(frozen=True)
class Rules:
    """A device's profile, with what counts where it does not say."""

    interval_s: float = 15.0
    max_gap_s: float | None = None
    merge_gap_s: float = 120.0
    reports_when_still: bool = True
    assumed_accuracy_m: float = 0.0
    max_accuracy_m: float = 100.0
    min_visit_s: float = 120.0
    still_gap_s: float = 1800.0
    still_radius_m: float = 30.0

    @property
    def max_gap(self) -> int:
        usual = max(120.0, 2.5 * self.interval_s)
        return round((usual if self.max_gap_s is None else self.max_gap_s) * SECOND)

    @property
    def doubt_gap(self) -> int:
        return max(300 * SECOND, self.max_gap)


@dataclass(frozen=True)
class Place:
    """One version of a hot spot, in degrees, and from when until when it counts."""

    geometry: Polygon | MultiPolygon
    buffer_m: float = 0.0
    since: float = -math.inf
    until: float = math.inf


def visits(rows: Sequence[Row], place: Place, rules: Rules) -> list[Visit]:
    """Visits of one device; names as in the engine's columns, times in microseconds."""
    rows = usable(rows, rules)
    if not rows:
        return []
    geometry = whole(place.geometry)
    centre = geometry.centroid
    ky = RADIUS_M * math.pi / 180
    kx = ky * math.cos(math.radians(centre.y))
    area = affinity.translate(geometry, -centre.x, -centre.y)
    area = affinity.scale(area, kx, ky, origin=(0, 0))
    if place.buffer_m:
        area = area.buffer(place.buffer_m, quad_segs=16)
    places = [(kx * turn(lon - centre.x), ky * (lat - centre.y)) for _, lon, lat, _ in rows]
    if area.disjoint(shapely.linestrings(places * 2)):
        return []
    shapely.prepare(area)
    return Stay(rows, places, area, place, rules, far_m=kx * HALF_ROUND_DEG).visits()


def usable(rows: Sequence[Row], rules: Rules) -> list[Row]:
    """Rule 1: one fix a time, the most accurate; then those that are exact enough."""
    best: dict[int, tuple[float, float, float]] = {}
    for time, lon, lat, accuracy in rows:
        known = math.isfinite(accuracy) and accuracy >= 0
        rank = (accuracy if known else math.inf, lon, lat)
        best[time] = min(best.get(time, rank), rank)
    return [
        (time, lon, lat, rules.assumed_accuracy_m if accuracy == math.inf else accuracy)
        for time, (accuracy, lon, lat) in sorted(best.items())
        if accuracy == math.inf or accuracy <= rules.max_accuracy_m
    ]


def turn(degrees: float) -> float:
    """A difference of longitudes, the shorter way round."""
    if abs(degrees) <= HALF_ROUND_DEG:
        return degrees
    return (degrees + HALF_ROUND_DEG) % (2 * HALF_ROUND_DEG) - HALF_ROUND_DEG


def whole(geometry: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """A polygon that the antimeridian cuts, in one piece beyond 180 degrees."""
    west, _, east, _ = geometry.bounds
    if east - west <= HALF_ROUND_DEG:
        return geometry
    beyond = np.array([2 * HALF_ROUND_DEG, 0.0])
    halves = shapely.transform(geometry, lambda xy: np.where(xy[:, :1] < 0, xy + beyond, xy))
    return shapely.union_all(shapely.get_parts(halves))


@dataclass
class Presence:
    """A stretch inside, and the rows that the legs lead to on which it begins and ends."""

    start: int
    end: int
    leg_in: int
    leg_out: int


class Stay:
    """A device's usable fixes seen from one hot spot; row i is where leg i leads to."""

    def __init__(
        self,
        rows: list[Row],
        places: list[Metres],
        area: Polygon | MultiPolygon,
        place: Place,
        rules: Rules,
        *,
        far_m: float,
    ) -> None:
        self.t = [row[0] for row in rows]
        self.xy, self.area, self.rules, self.far_m = places, area, rules, far_m
        self.since, self.until = place.since, place.until
        points = shapely.points(places)
        self.inside = area.intersects(points).tolist()
        self.away = area.boundary.distance(points).tolist()
        each = list(zip((row[3] for row in rows), self.inside, self.away, strict=True))
        self.sure = [inside and far >= accuracy for accuracy, inside, far in each]
        self.out = [not inside and far > 2 * accuracy for accuracy, inside, far in each]
        none: list[str | None] = [None]
        self.leg = none + [self.kind(i) for i in range(1, len(rows))]

    def kind(self, i: int) -> str | None:
        """Rule 2: what joins a fix with the one before."""
        gap = self.t[i] - self.t[i - 1]
        if gap <= self.rules.max_gap:
            return "moving"
        near = self.length(i) <= self.rules.still_radius_m
        silent = not self.rules.reports_when_still
        return "still" if silent and near and gap <= self.rules.still_gap_s * SECOND else None

    def length(self, i: int) -> float:
        return math.dist(self.xy[i], self.xy[i - 1])

    def crossings(self, i: int) -> list[Metres]:
        """Rule 3: the stretches of leg i inside, as shares of it."""
        a, b = self.xy[i - 1], self.xy[i]
        if self.leg[i] == "still" or a == b:
            return [(0.0, 1.0)] if self.inside[i - 1] else []
        if abs(b[0] - a[0]) > self.far_m:
            return []  # more than half round the Earth: it runs on the far side
        if not self.inside[i] and self.away[i] > self.length(i):
            return []  # it does not reach so far
        cut = self.area.intersection(LineString([a, b]))
        parts = [part for part in getattr(cut, "geoms", [cut]) if part.length > POINT_M]
        ends = [[math.dist(a, p.coords[k]) / self.length(i) for k in (0, -1)] for p in parts]
        return sorted((min(pair), max(pair)) for pair in ends)

    def presences(self) -> list[Presence]:
        """Rule 3, within the time that the version counts; touching ones united."""
        united: list[Presence] = []
        for found in self.stretches():
            if united and found.start <= united[-1].end:
                united[-1].end, united[-1].leg_out = found.end, found.leg_out
            else:
                united.append(found)
        return united

    def stretches(self) -> list[Presence]:
        found = []
        for i, time in enumerate(self.t):
            legs = [j for j in (i, i + 1) if 0 < j < len(self.t) and self.leg[j]]
            if self.inside[i] and not legs and self.since <= time < self.until:
                found.append(Presence(time, time, i, i))
            if self.leg[i]:
                begin, lasting = self.t[i - 1], time - self.t[i - 1]
                for a, b in self.crossings(i):
                    start = max(begin + round(a * lasting), self.since)
                    end = min(begin + round(b * lasting), self.until)
                    if start < end:
                        found.append(Presence(int(start), int(end), i, i))
        return found

    def visits(self) -> list[Visit]:
        groups: list[list[Presence]] = []
        for presence in self.presences():
            if groups and self.one_visit(groups[-1][-1], presence):
                groups[-1].append(presence)
            else:
                groups.append([presence])
        return [self.told(group) for group in groups]

    def one_visit(self, before: Presence, after: Presence) -> bool:
        """Rule 4."""
        absence = after.start - before.end
        if not all(self.leg[before.leg_out + 1 : after.leg_in + 1]):
            return False
        if absence <= round(self.rules.merge_gap_s * SECOND):
            return True
        between = zip(self.t, self.out, strict=True)
        seen_out = any(out for t, out in between if before.end <= t <= after.start)
        return absence <= self.rules.doubt_gap and not seen_out

    def told(self, group: list[Presence]) -> Visit:
        enter, exit_ = self.enter(group[0]), self.exit(group[-1])
        held = [
            i
            for i, inside in enumerate(self.inside)
            if inside and any(p.start <= self.t[i] <= p.end for p in group)
        ]
        sure = self.sure_pairs([i for i in held if self.sure[i]])
        inside = sum(p.end - p.start for p in group)
        return {
            "first_us": group[0].start,
            "last_us": group[-1].end,
            "enter_us": enter,
            "exit_us": exit_,
            **self.outer(group[0].start, group[-1].end),
            "low_us": sum(end - start for start, end in sure),
            "inside_us": inside,
            "bridged_us": group[-1].end - group[0].start - inside,
            "fixes": len(held),
            "mean_speed_mps": self.speed(held),
            "pass_through": exit_ - enter < self.rules.min_visit_s * SECOND,
            "spans": [
                *((INSIDE, p.start, p.end) for p in group),
                *((BRIDGED, p.end, q.start) for p, q in pairwise(group)),
                *((SURE, *pair) for pair in joined(sure)),
            ],
        }

    def enter(self, presence: Presence) -> int:
        """Rule 5, on the way in."""
        start, i = presence.start, presence.leg_in
        if start == self.t[i - 1] and self.inside[i - 1]:
            i -= 1  # the leg before may have reached the boundary at its very end
        comes_in = i > 1 and self.inside[i] and not self.inside[i - 1]
        if not comes_in or self.leg[i] != "moving" or self.leg[i - 1] != "moving":
            return start
        way = min((a for a, _ in self.crossings(i)), default=1.0) * self.length(i)
        paced = self.t[i - 1] + round(way / max(self.pace(i), self.pace(i - 1)))
        return int(max(paced, self.since))

    def exit(self, presence: Presence) -> int:
        """Rule 5, on the way out."""
        end, i = presence.end, presence.leg_out
        if end == self.t[i] and self.inside[i]:
            i += 1
        goes_out = i + 1 < len(self.t) and self.inside[i - 1] and not self.inside[i]
        if not goes_out or self.leg[i] != "moving" or self.leg[i + 1] != "moving":
            return end
        way = (1.0 - max((b for _, b in self.crossings(i)), default=0.0)) * self.length(i)
        paced = self.t[i] - round(way / max(self.pace(i), self.pace(i + 1)))
        return int(min(paced, self.until))

    def pace(self, i: int) -> float:
        return self.length(i) / (self.t[i] - self.t[i - 1])

    def outer(self, first: int, last: int) -> Visit:
        """Rule 6, the longest it can have been; a version's end is as good as a fix outside."""
        before = [t for t, out in zip(self.t, self.out, strict=True) if out and t <= first]
        after = [t for t, out in zip(self.t, self.out, strict=True) if out and t >= last]
        begin = before[-1] if before else self.t[0] - self.rules.max_gap
        end = after[0] if after else self.t[-1] + self.rules.max_gap
        return {
            "outer_from_us": int(max(begin, self.since)),
            "outer_to_us": int(min(end, self.until)),
            "enter_seen": bool(before) or self.t[0] <= self.since,
            "exit_seen": bool(after) or self.t[-1] >= self.until,
        }

    def sure_pairs(self, sure: list[int]) -> list[tuple[int, int]]:
        """Rule 6, the shortest that it can have been."""
        found = []
        for i, j in pairwise(sure):
            close = j == i + 1 or self.t[j] - self.t[i] <= self.rules.doubt_gap
            if close and all(self.leg[i + 1 : j + 1]) and not any(self.out[i + 1 : j]):
                found.append((self.t[i], self.t[j]))
        return found

    def speed(self, held: list[int]) -> float:
        """Rule 7."""
        millimetres, time, anchor = 0, 0, held[0] if held else 0
        for i in held:
            if self.t[i] - self.t[anchor] >= 30 * SECOND:
                millimetres += round(math.dist(self.xy[i], self.xy[anchor]) * 1000)
                time += self.t[i] - self.t[anchor]
                anchor = i
        return millimetres / 1000 / time * SECOND if time else 0.0


def joined(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches with those that touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in pairs:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
