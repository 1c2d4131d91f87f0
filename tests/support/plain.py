"""The dwell method once more: one device, one hot spot, one leg at a time, with shapely only."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from shapely import LineString, MultiPolygon, Point, Polygon, affinity, buffer

from geofence.model import Hotspot, Profile

Row: TypeAlias = tuple[int, float, float, float]
Place: TypeAlias = tuple[float, float]
Presence: TypeAlias = list[int]  # start, end, legs that it starts and ends on
RADIUS_M = 6371008.8
SECOND = 1_000_000
POINT_M = 1e-6  # rounding makes so much of a point


def visits(rows: Sequence[Row], hotspot: Hotspot, profile: Profile) -> list[dict[str, Any]]:
    """Visits of one device from (microseconds, lon, lat, accuracy), named as the engine does."""
    rows = usable(rows, profile)
    if not rows:
        return []
    centre = hotspot.geometry.centroid
    kx = RADIUS_M * math.cos(math.radians(centre.y)) * math.pi / 180
    ky = RADIUS_M * math.pi / 180
    moved = affinity.translate(hotspot.geometry, -centre.x, -centre.y)
    area = affinity.scale(moved, kx, ky, origin=(0, 0))
    area = buffer(area, hotspot.buffer_m, quad_segs=16) if hotspot.buffer_m else area
    places = [(kx * (lon - centre.x), ky * (lat - centre.y)) for _, lon, lat, _ in rows]
    return Stay(rows, places, area, profile).visits()


def usable(rows: Sequence[Row], profile: Profile) -> list[Row]:
    best: dict[int, tuple[float, float, float]] = {}
    for time, lon, lat, accuracy in rows:
        known = math.isfinite(accuracy) and accuracy >= 0
        rank = (accuracy if known else math.inf, lon, lat)
        if time not in best or rank < best[time]:
            best[time] = rank
    kept = [(t, lon, lat, a) for t, (a, lon, lat) in sorted(best.items())]
    return [
        (t, lon, lat, profile.assumed_accuracy_m if a == math.inf else a)
        for t, lon, lat, a in kept
        if a == math.inf or a <= profile.max_accuracy_m
    ]


class Stay:
    def __init__(
        self, rows: list[Row], places: list[Place], area: Polygon | MultiPolygon, profile: Profile
    ) -> None:
        self.t = [row[0] for row in rows]
        self.xy, self.area, self.profile = places, area, profile
        self.inside = [area.intersects(Point(p)) for p in places]
        self.sure = []
        for row, place, inside in zip(rows, places, self.inside, strict=True):
            away = area.boundary.distance(Point(place))
            self.sure.append(away >= row[3] if inside else row[3] == 0 or away > 2 * row[3])
        self.out = [
            sure and not inside for sure, inside in zip(self.sure, self.inside, strict=True)
        ]
        none: list[str | None] = [None]
        self.leg = none + [self.kind(i) for i in range(1, len(rows))]

    @property
    def max_gap(self) -> int:
        given = self.profile.max_gap_s
        return round((max(120, 2.5 * self.profile.interval_s) if given is None else given) * SECOND)

    @property
    def doubt_gap(self) -> int:
        return max(300 * SECOND, self.max_gap)

    def kind(self, i: int) -> str | None:
        gap = self.t[i] - self.t[i - 1]
        if gap <= self.max_gap:
            return "moving"
        near = math.dist(self.xy[i], self.xy[i - 1]) <= 30.0
        silent = not self.profile.reports_when_still
        return "still" if silent and near and gap <= 1800 * SECOND else None

    def crossings(self, i: int) -> list[Place]:
        """Stretches of leg i inside, as shares of it."""
        a, b = self.xy[i - 1], self.xy[i]
        if self.leg[i] == "still" or a == b:
            return [(0.0, 1.0)] if self.inside[i - 1] else []
        cut = self.area.intersection(LineString([a, b]))
        parts = [part for part in getattr(cut, "geoms", [cut]) if part.length > POINT_M]
        length = math.dist(a, b)
        ends = [[math.dist(a, p.coords[k]) / length for k in (0, -1)] for p in parts]
        return sorted((min(pair), max(pair)) for pair in ends)

    def presences(self) -> list[Presence]:
        """[start, end, leg it starts on, leg it ends on], touching ones united."""
        found = []
        for i in range(len(self.t)):
            legs = [j for j in (i, i + 1) if 0 < j < len(self.t) and self.leg[j]]
            if self.inside[i] and not legs:
                found.append([self.t[i], self.t[i], i, i])
            if self.leg[i]:
                begin, lasting = self.t[i - 1], self.t[i] - self.t[i - 1]
                for a, b in self.crossings(i):
                    start, end = begin + round(a * lasting), begin + round(b * lasting)
                    if start < end:
                        found.append([start, end, i, i])
        united: list[Presence] = []
        for presence in found:
            if united and presence[0] <= united[-1][1]:
                united[-1][1], united[-1][3] = presence[1], presence[3]
            else:
                united.append(presence)
        return united

    def one_visit(self, before: Presence, after: Presence) -> bool:
        absence = after[0] - before[1]
        if not all(self.leg[before[3] : after[2] + 1][1:]):
            return False
        seen_out = any(
            out for t, out in zip(self.t, self.out, strict=True) if before[1] <= t <= after[0]
        )
        if absence <= round(self.profile.merge_gap_s * SECOND):
            return True
        return absence <= self.doubt_gap and not seen_out

    def visits(self) -> list[dict[str, Any]]:
        groups: list[list[Presence]] = []
        for presence in self.presences():
            if groups and self.one_visit(groups[-1][-1], presence):
                groups[-1].append(presence)
            else:
                groups.append([presence])
        return [self.told(group) for group in groups]

    def told(self, group: list[Presence]) -> dict[str, Any]:
        first, last = group[0][0], group[-1][1]
        held = [
            i
            for i, inside in enumerate(self.inside)
            if inside and any(p[0] <= self.t[i] <= p[1] for p in group)
        ]
        before = [t for t, out in zip(self.t, self.out, strict=True) if out and t <= first]
        after = [t for t, out in zip(self.t, self.out, strict=True) if out and t >= last]
        gap = self.max_gap
        outer = before[-1] if before else self.t[0] - gap, after[0] if after else self.t[-1] + gap
        inside = sum(p[1] - p[0] for p in group)
        return {
            "first_us": first,
            "last_us": last,
            "enter_us": self.enter(group[0]),
            "exit_us": self.exit(group[-1]),
            "outer_from_us": outer[0],
            "outer_to_us": outer[1],
            "enter_seen": bool(before),
            "exit_seen": bool(after),
            "low_us": self.low([i for i in held if self.sure[i]]),
            "inside_us": inside,
            "bridged_us": last - first - inside,
            "fixes": len(held),
            "mean_speed_mps": self.speed(held),
        }

    def pace(self, i: int) -> float:
        return math.dist(self.xy[i], self.xy[i - 1]) / (self.t[i] - self.t[i - 1])

    def enter(self, presence: Presence) -> int:
        start, i = presence[0], presence[2]
        if start == self.t[i - 1] and self.inside[i - 1]:
            i -= 1  # the leg before may have reached the boundary at its very end
        if i < 2 or self.leg[i] != "moving" or self.inside[i - 1] or not self.inside[i]:
            return start
        if self.leg[i - 1] != "moving":
            return start
        way = min((a for a, _ in self.crossings(i)), default=1.0)
        way *= math.dist(self.xy[i], self.xy[i - 1])
        return self.t[i - 1] + round(way / max(self.pace(i), self.pace(i - 1)))

    def exit(self, presence: Presence) -> int:
        end, i = presence[1], presence[3]
        if end == self.t[i] and self.inside[i]:
            i += 1
        if i + 1 >= len(self.t) or self.leg[i] != "moving" or self.inside[i]:
            return end
        if not self.inside[i - 1] or self.leg[i + 1] != "moving":
            return end
        way = 1.0 - max((b for _, b in self.crossings(i)), default=0.0)
        way *= math.dist(self.xy[i], self.xy[i - 1])
        return self.t[i] - round(way / max(self.pace(i), self.pace(i + 1)))

    def low(self, sure: list[int]) -> int:
        total = 0
        for i, j in pairwise(sure):
            close = j == i + 1 or self.t[j] - self.t[i] <= self.doubt_gap
            if close and all(self.leg[i + 1 : j + 1]) and not any(self.out[i + 1 : j]):
                total += self.t[j] - self.t[i]
        return total

    def speed(self, held: list[int]) -> float:
        if not held:
            return 0.0
        metres, time, anchor = 0.0, 0, held[0]
        for i in held:
            if self.t[i] - self.t[anchor] >= 30 * SECOND:
                metres += math.dist(self.xy[i], self.xy[anchor])
                time += self.t[i] - self.t[anchor]
                anchor = i
        return metres / time * SECOND if time else 0.0
