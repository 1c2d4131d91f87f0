"""Weeks of simulated shifts, and what the engine and the figures make of their fixes."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from shapely.geometry import shape

from app.capacity.question import Demand, Floats, Staffing
from app.compliance.cells import NEVER_US, HotspotVersions, PlanVersion
from app.compliance.groups import Period
from app.compliance.intervals import Intervals
from app.compliance.plan import Plan, Window
from app.compliance.reckoning import Evidence
from app.compliance.report import Report, report
from app.compliance.visits import Assignments, VisitColumns
from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile, Span, Visits
from simulator import crews, week
from simulator.scenario import Plan as Asked
from simulator.town import GeoJson
from simulator.truth import PATROL_S

MONDAY = dt.date(2026, 3, 2)
LON, LAT = -1.55, 53.79
METRES_EAST, METRES_NORTH = 65_800.0, 111_300.0
RADIUS_M, APART_M = 75.0, 200.0
SECOND_US = 1_000_000
WEEK_US = 7 * 86_400 * SECOND_US


def scattered(count: int, side_m: float, seed: int) -> GeoJson:
    """Hexagons of 150 m across, apart from each other, in a square of so many metres."""
    rng = np.random.default_rng(seed)
    middles: list[np.ndarray] = []
    while len(middles) < count:
        middle = rng.uniform(0.0, side_m, 2)
        if all(np.hypot(*(middle - other)) >= APART_M for other in middles):
            middles.append(middle)
    corner = np.arange(7) * np.pi / 3
    hexagon = RADIUS_M * np.column_stack([np.cos(corner), np.sin(corner)])
    hexagon[-1] = hexagon[0]
    features: list[object] = []
    for number, middle in enumerate(middles):
        ring = (LON, LAT) + (middle + hexagon) / (METRES_EAST, METRES_NORTH)
        geometry = {"type": "Polygon", "coordinates": [ring.tolist()]}
        properties = {"id": f"H{number:02}", "name": f"Hexagon {number}"}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


@dataclass(frozen=True)
class Setting:
    """One way to staff a plan, as both the forecast and the simulator are told of it."""

    name: str
    staffing: Staffing
    hotspots: int = 40
    side_m: float = 3000.0
    patrols: int = 1
    minutes: float = 12.0

    def places(self) -> GeoJson:
        return scattered(self.hotspots, self.side_m, seed=len(self.name))

    def demand(self) -> Demand:
        """What the plan wants of a shift of eight hours."""
        middles = [np.mean(ring[:-1], axis=0) for ring in _rings(self.places())]
        x, y = ((np.array(middles) - (LON, LAT)) * (METRES_EAST, METRES_NORTH)).T
        return Demand(
            x_m=x,
            y_m=y,
            hotspot=np.arange(self.hotspots),
            start=np.zeros(self.hotspots),
            end=np.full(self.hotspots, 480.0),
            required=np.full(self.hotspots, self.patrols),
            minutes=self.minutes,
        )

    def shifts(self, days: int, seed: int) -> week.Week:
        """So many days of it, second by second."""
        told = crews.Staffing(
            officers=self.staffing.officers,
            crew=self.staffing.crew,
            speed_mps=self.staffing.speed_kmh / 3.6,
            calls_an_hour=self.staffing.calls_per_hour,
            call_s=60.0 * self.staffing.call_minutes,
            other_s=60.0 * self.staffing.other_minutes,
            abstraction=self.staffing.abstraction,
            patrols=self.patrols,
            stay_s=60.0 * self.minutes,
        )
        asked = Asked(patrols_per_window=self.patrols)
        return week.make(seed, self.places(), MONDAY, days, told, plan=asked)


def _rings(places: GeoJson) -> list[list[list[float]]]:
    features = places["features"]
    assert isinstance(features, list)
    return [feature["geometry"]["coordinates"][0] for feature in features]


def figures(made: week.Week) -> Report:
    """The report by day on a week whose fixes went through the engine."""
    days = [shift.day for shift in made.shifts]
    devices, every = np.arange(len(made.devices)), np.arange(len(made.ground.places))
    long_ago, never = np.zeros_like(every), np.full_like(every, NEVER_US)
    asked = made.plan
    window = Window("late", asked.window_start, asked.window_end, patrols=asked.patrols_per_window)
    found = visits(made)
    evidence = Evidence(
        plans=[PlanVersion(Plan("p", "P", (window,), days[0]), 0)],
        hotspots=HotspotVersions(every, long_ago, never, long_ago, never),
        visits=columns(found),
        assignments=Assignments(
            devices, devices, np.zeros_like(devices), np.full_like(devices, NEVER_US)
        ),
        as_at_us=int(found.outer_to_us.max(initial=0)) + WEEK_US,
    )
    return report(evidence, Period(days[0], days[-1]), "day")


def visits(made: week.Week) -> Visits:
    """What the engine finds in a week's fixes; hot spots are numbered as they stand."""
    features = made.hotspots["features"]
    assert isinstance(features, list)
    spots = Hotspots.prepare(
        [Hotspot(number, shape(one["geometry"])) for number, one in enumerate(features)]
    )
    profiles = {
        number: Profile(device.interval_s, assumed_accuracy_m=device.assumed_accuracy_m)
        for number, device in enumerate(made.devices)
    }
    parts = [made.fixes(shift) for shift in made.shifts]
    fixes = Fixes(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("device", "time_us", "lon", "lat", "accuracy_m")
        )
    )
    return run(fixes, spots, profiles)


def columns(visits: Visits) -> VisitColumns:
    """The engine's visits as compliance takes them."""
    row = np.repeat(np.arange(len(visits)), np.diff(visits.spans.offset))
    sure = visits.spans.kind == Span.SURE
    names = (
        *("device", "hotspot", "enter_us", "exit_us", "outer_from_us", "outer_to_us"),
        *("enter_seen", "exit_seen", "pass_through", "open"),
    )
    return VisitColumns(
        **{name: getattr(visits, name) for name in names},
        sure=Intervals(row[sure], visits.spans.start_us[sure], visits.spans.end_us[sure]),
    )


def coverage(made: week.Week) -> list[float]:
    """The coverage of each of its days, as the figures have it."""
    values = [row.figures.coverage.value for row in figures(made).rows]
    return [value for value in values if value is not None]


def ranks(brought: list[float], promised: Floats) -> Floats:
    """Where each shift lies among those promised, from 0 to 1; ties count half.

    Evenly spread over 0 to 1 if they are alike, so that the mean of n is 0.5, its standard error
    1 / sqrt(12 n) or, with ties, less: a promise that is off shows long before its range fails.
    """
    found = np.array(brought)[:, None]
    return np.asarray((promised < found).mean(axis=1) + 0.5 * (promised == found).mean(axis=1))


def missed_share(made: week.Week) -> tuple[float, int]:
    """The share of true stays of ten minutes that their device does not show so, and how many."""
    found = visits(made)
    devices = {device.name: number for number, device in enumerate(made.devices)}
    places = {place.id: number for number, place in enumerate(made.ground.places)}
    shown = []
    for shift in made.shifts:
        began_us = int(shift.start.timestamp()) * SECOND_US
        for stay in made.truth(shift).visits:
            if stay.dwell_s >= PATROL_S:
                there = found.device == devices[stay.device]
                there &= found.hotspot == places[stay.hotspot]
                there &= found.enter_us < began_us + stay.exit_s * SECOND_US
                there &= found.exit_us > began_us + stay.enter_s * SECOND_US
                shown.append(bool((found.dwell_us[there] >= PATROL_S * SECOND_US).any()))
    return 1.0 - float(np.mean(shown)), len(shown)
