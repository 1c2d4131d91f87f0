"""Random patrols around awkward hot spots, and a small store around the engine."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box
from shapely.affinity import affine_transform, rotate, translate

from geofence.engine import Ends, Withdrawn, advance
from geofence.geodesy import METRES_PER_DEGREE
from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import Fixes, Hotspot, Profile, Profiles, Span, Visits
from geofence.replay import replay
from geofence.track import Tail

LON0, LAT0 = -2.98, 53.41
EAST = METRES_PER_DEGREE * math.cos(math.radians(LAT0))
START_US = 1_700_000_000_000_000
SECOND = 1_000_000


Key: TypeAlias = tuple[int, int, int]  # device, hot spot, first_us
Visit: TypeAlias = dict[str, Any]  # its columns by name
Shape: TypeAlias = Polygon | MultiPolygon
Row: TypeAlias = tuple[int, int, float, float, float]


def degrees(shape: Shape, lon0: float = LON0, lat0: float = LAT0) -> Shape:
    """A shape in metres, in degrees around a place."""
    east = METRES_PER_DEGREE * math.cos(math.radians(lat0))
    return affine_transform(shape, [1 / east, 0, 0, 1 / METRES_PER_DEGREE, lon0, lat0])


def torn(shape: Shape) -> Shape:
    """A shape in degrees, cut where it crosses the antimeridian (RFC 7946, section 3.1.9)."""
    west, east = box(-540, -90, -180, 90), box(180, -90, 540, 90)
    sides = [shape & box(-180, -90, 180, 90)]
    sides += [translate(shape & west, 360), translate(shape & east, -360)]
    parts = [part for side in sides for part in getattr(side, "geoms", [side]) if part.area]
    return MultiPolygon(parts) if len(parts) > 1 else parts[0]


def square(x: float, y: float, half: float) -> Polygon:
    return box(x - half, y - half, x + half, y + half)


ELL = Polygon([(-100, -100), (100, -100), (100, -50), (-50, -50), (-50, 100), (-100, 100)])
RING = square(0, 0, 100).difference(square(0, 0, 50))
PAIR = MultiPolygon([square(-75, 0, 50), square(75, 0, 50)])
STAR = Polygon(
    [
        (r * math.sin(k * math.pi / 5), r * math.cos(k * math.pi / 5))
        for k, r in enumerate([120, 45] * 5)
    ]
)
STREET = rotate(box(-180, -4, 180, 4), 33)
DISC = Point(0, 0).buffer(60)
SHAPES = [square(0, 0, 50), ELL, RING, PAIR, STAR, square(50, 50, 75), DISC, STREET]
# Longitude and latitude of the middle: at home, near the poles, about the antimeridian.
Middle: TypeAlias = tuple[float, float]
HOME = LON0, LAT0
MIDDLES = [HOME, (24.9, 85.0), (-65.3, -85.0), (180.0, 0.0), (-180.0, 71.2), (179.9996, -16.5)]


def hotspots(middle: Middle = HOME) -> list[Hotspot]:
    """Every shape as a hot spot, some with buffers, one in two versions, one only for a while."""
    noon = START_US + 1000 * SECOND
    shapes = [torn(degrees(shape, *middle)) for shape in SHAPES]
    return [
        *(Hotspot(i, shape) for i, shape in enumerate(shapes)),
        Hotspot(20, shapes[0], buffer_m=24.683),
        Hotspot(21, shapes[3], buffer_m=19.317),
        Hotspot(22, shapes[2], buffer_m=11.173),
        Hotspot(23, shapes[7], buffer_m=8.519),
        Hotspot(30, shapes[0], valid_to_us=noon),
        Hotspot(30, shapes[5], valid_from_us=noon),
        Hotspot(31, shapes[5], 0.0, START_US + 300 * SECOND, START_US + 700 * SECOND),
    ]


@cache
def prepared(middle: Middle = HOME) -> Hotspots:
    return Hotspots.prepare(hotspots(middle))


GAPS_S = [0, 0.5, 1, 15, 30, 60, 90, 119, 120, 121, 150, 180, 299, 300, 301, 400, 1800, 1801, 4000]
ACCURACIES_M = [math.nan, math.nan, 0.0, 5.0, 12.5, 30.0, 100.0, 150.0, -1.0, math.inf]
PLACES_M = st.integers(-8, 8).map(lambda n: 25.0 * n) | st.floats(-200, 200).map(
    lambda x: round(x, 2)
)


@st.composite
def strolls(draw: st.DrawFn, devices: int = 2, most: int = 120) -> Fixes:
    """Walks about the middle as devices report them: in bursts, with errors, with fixes missed."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = []
    for device in range(1, devices + 1):
        n, every = draw(st.integers(0, most)), draw(st.sampled_from([1, 5, 15, 60]))
        time_us = START_US + np.cumsum(random.integers(1, 2_000_000 * every, n))
        time_us += np.cumsum(random.choice([0, 0, 0, 0, 0, 0, 0, 90, 200, 900], n)) * SECOND
        places = np.zeros((n, 2))
        for i, step in enumerate(random.normal(0, 1.5 * every, (n, 2))):
            # Drawn back to the middle, so that it comes and goes.
            places[i] = 0.93 * places[i - 1] + step if i else step
        places += random.normal(0, draw(st.sampled_from([0.0, 5.0, 20.0])), (n, 2))
        accuracy = random.choice(ACCURACIES_M, n)
        rows = zip(time_us.tolist(), *places.T.tolist(), accuracy.tolist(), strict=True)
        parts += [(device, *row) for row in rows]
    return fixes(parts)


@st.composite
def walks(draw: st.DrawFn, devices: int = 2, most: int = 40) -> Fixes:
    """Fixes in device-time order, several of them at one time now and then."""
    rows = []
    for device in range(1, devices + 1):
        time, x, y = START_US, 0.0, 0.0
        for _ in range(draw(st.integers(0, most))):
            time += round(draw(st.sampled_from(GAPS_S)) * SECOND)
            stays = draw(st.integers(0, 2)) == 0
            x, y = (x, y) if stays else (draw(PLACES_M), draw(PLACES_M))
            rows.append((device, time, x, y, draw(st.sampled_from(ACCURACIES_M))))
    return fixes(rows)


def fixes(rows: Sequence[Row]) -> Fixes:
    """Fixes from (device, microseconds, metres east, metres north, accuracy in metres)."""
    table = np.array([row[2:] for row in rows], float).reshape(-1, 3)
    return Fixes(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        LON0 + table[:, 0] / EAST,
        LAT0 + table[:, 1] / METRES_PER_DEGREE,
        table[:, 2],
    )


def track(
    *steps: tuple[float, float, float], device: int = 1, accuracy_m: float = math.nan
) -> Fixes:
    """Fixes of one device from (seconds, metres east, metres north)."""
    return fixes([(device, START_US + round(s * SECOND), x, y, accuracy_m) for s, x, y in steps])


def moved(fixes: Fixes, middle: Middle) -> Fixes:
    """Fixes at home, as far in metres from another middle; longitudes from -180 to 180."""
    east = METRES_PER_DEGREE * math.cos(math.radians(middle[1]))
    lon = middle[0] + (fixes.lon - LON0) * EAST / east
    lon = np.where(np.abs(lon) > 180, lon - np.copysign(360, lon), lon)
    return replace(fixes, lon=lon, lat=middle[1] + (fixes.lat - LAT0))


tracks = walks() | strolls()
middles = st.sampled_from(MIDDLES)
profiles = st.builds(
    Profile,
    interval_s=st.sampled_from([15.0, 15.0, 60.0]),
    max_gap_s=st.sampled_from([None, None, 60.0, 120.0, 400.0]),
    merge_gap_s=st.sampled_from([120.0, 120.0, 0.0, 30.0, 600.0]),
    reports_when_still=st.booleans(),
    assumed_accuracy_m=st.sampled_from([0.0, 15.0]),
    max_accuracy_m=st.sampled_from([100.0, 100.0, 20.0]),
    min_visit_s=st.sampled_from([120.0, 0.0]),
    still_gap_s=st.sampled_from([1800.0, 300.0]),
    still_radius_m=st.sampled_from([30.0, 100.0]),
)


def told(visits: Visits) -> dict[Key, Visit]:
    """Each visit by device, hot spot and first crossing, with all that is said of it."""
    names = [f.name for f in fields(Visits) if f.name not in {"spans", "continues"}]
    columns = [getattr(visits, name).tolist() for name in names]
    found = {}
    for i, row in enumerate(zip(*columns, strict=True)):
        visit = dict(zip(names, row, strict=True))
        a, b = visits.spans.offset[i], visits.spans.offset[i + 1]
        spans = (visits.spans.kind, visits.spans.start_us, visits.spans.end_us)
        visit["spans"] = list(zip(*(s[a:b].tolist() for s in spans), strict=True))
        found[visit["device"], visit["hotspot"], visit["first_us"]] = visit
    assert len(found) == len(visits)
    return found


def better(one: Row, other: Row) -> Row:
    """Of two fixes with one key, the more accurate; then the smaller longitude, latitude."""

    def rank(fix: Row) -> tuple[float, float, float]:
        known = math.isfinite(fix[4]) and fix[4] >= 0
        return (fix[4] if known else math.inf, fix[2], fix[3])

    return min(one, other, key=rank)


@dataclass
class Store:
    """What the service does around the engine: fixes once each, visits, memory as packed bytes."""

    hotspots: Hotspots
    profiles: Profiles
    fixes: dict[tuple[int, int], Row] = field(default_factory=dict)
    visits: dict[Key, Visit] = field(default_factory=dict)
    tail: Tail = field(default_factory=lambda: Memory.empty().tail)
    near: dict[int, bytes] = field(default_factory=dict)
    replays: int = 0

    def take_in(self, batch: Fixes) -> None:
        """Store a batch and bring the visits up to date."""
        new = self._keep(batch)
        if not new:
            return
        memory = Memory.unpack(self.tail, self.near)
        step = advance(memory, _columns(sorted(new)), self.hotspots, self.profiles)
        self._withdraw(step.withdrawn)
        self._end(step.ends)
        self._tell(step.visits)
        memory = memory.joined(step.memory)
        first = dict(zip(memory.tail.device.tolist(), memory.tail.first_us.tolist(), strict=True))
        late = {d: min(row[1] for row in new if row[0] == d) for d in step.needs_from}
        needs = step.needs_from
        while needs:
            self.replays += 1
            rows = [f for f in self.fixes.values() if f[0] in needs and f[1] >= needs[f[0]]]
            again = replay(_columns(rows), needs, late, first, self.hotspots, self.profiles)
            for key in list(self.visits):
                if key[0] in again.cut_us and key[2] > again.cut_us[key[0]]:
                    del self.visits[key]
            self.visits |= told(again.visits)
            memory = memory.joined(again.memory)
            needs = again.needs_from
        self.tail, self.near = memory.tail, memory.pack()

    def _keep(self, batch: Fixes) -> list[Row]:
        """Store the fixes of a batch that are new, or better than those they replace."""
        columns = (batch.device, batch.time_us, batch.lon, batch.lat, batch.accuracy_m)
        new = {}
        for row in zip(*(c.tolist() for c in columns), strict=True):
            key = row[:2]
            best = better(self.fixes[key], row) if key in self.fixes else row
            if repr(best) != repr(self.fixes.get(key)):
                self.fixes[key] = new[key] = best
        return list(new.values())

    def _tell(self, visits: Visits) -> None:
        """Store visits; those that continue keep the spans before the ones that are told anew."""
        for (key, visit), continues in zip(
            told(visits).items(), visits.continues.tolist(), strict=True
        ):
            assert not continues or key in self.visits
            spans = list(visit["spans"])
            for kind in Span if continues else ():
                since = min((start for k, start, _ in spans if k == kind), default=math.inf)
                old = self.visits[key]["spans"]
                spans += [span for span in old if span[0] == kind and span[1] < since]
            self.visits[key] = visit | {"spans": sorted(spans)}

    def _withdraw(self, gone: Withdrawn) -> None:
        for key in zip(
            gone.device.tolist(), gone.hotspot.tolist(), gone.first_us.tolist(), strict=True
        ):
            del self.visits[key]

    def _end(self, ends: Ends) -> None:
        for device, hotspot, since, to, outer_to, seen in zip(
            *(getattr(ends, f.name).tolist() for f in fields(ends)), strict=True
        ):
            for key, visit in self.visits.items():
                if key[:2] == (device, hotspot) and since <= key[2] <= to:
                    visit |= {"outer_to_us": outer_to, "exit_seen": seen, "open": not seen}


def _columns(rows: Sequence[Row]) -> Fixes:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    kinds = (np.int64, np.int64, float, float, float)
    return Fixes(*(np.array(c, kind) for c, kind in zip(columns, kinds, strict=True)))
