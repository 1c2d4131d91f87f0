"""What `beatkeeper capacity` is asked of: a plan of the database, or hot spots in a file."""

import datetime as dt
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from app.access.viewer import OPERATOR
from app.capacity.ground import metres, middle
from app.capacity.question import CapacityError, Demand, Ints
from app.compliance.calendar import DAY
from app.compliance.cells import NO_SLOT, REQUIRED, Cells, HotspotVersions, PlanVersion, cells, days
from app.compliance.plan import Plan
from app.storage import hotspots, plans
from app.storage.engine import Database
from app.storage.pages import Slice
from app.storage.types import from_us
from geofence.features import Feature, read_features
from geofence.hotspots import unwrapped
from geofence.model import MINUTE_US

LONGEST_SHIFT: Final = 720.0
"""Minutes from the first window's start to the last one's end that one shift can be."""
DAY_MINUTES: Final = 1440
LOOK_AHEAD: Final = 6 * DAY
MOST_SHAPES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked beside the hot spots: how long officers stay, and where (lat, lon) they start.

    `windows` are names of a plan's (none: all it has on the day), or times for a file's hot spots.
    """

    minutes: float
    windows: Sequence[str]
    station: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Required:
    """What each hot spot asks of a shift that lasts no longer than people do; a row a cell.

    `hotspot` is a place in the order of their rank; `start`, `end` are minutes since it begins.
    """

    hotspot: Ints
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    patrols: Ints
    minimum: float
    target: float


async def of_plan(
    database: Database, key: str, day: dt.date | None, ask: Ask, now_us: int
) -> Demand:
    """What the plan of that key wants on a day: by default the first from today on, of a week.

    Its hot spots are ranked by weight, then key. Raises CapacityError where it wants nothing.
    """
    async with database.read() as reader:
        plan = await plans.one(reader, OPERATOR, key)
        if plan is None:
            raise CapacityError(where="plan", what=f"there is no plan {key!r}")
        versions = await hotspots.columns(reader, OPERATOR, from_us(now_us))
        keys = await hotspots.keys(reader, OPERATOR)
        asked, rows = _asked(plan, versions, day, ask.windows, now_us)
        begins_us = int(asked.start_us[rows].min())
        page = await hotspots.page(
            reader, OPERATOR, Slice(MOST_SHAPES), from_us(begins_us), from_us(now_us)
        )
    shapes = {version.key: version.geometry for version in page.items}
    found: list[int] = np.unique(asked.hotspot[rows]).tolist()
    ranked = sorted(found, key=lambda spot: (-plan.weights.get(spot, 1.0), keys[spot]))
    required = Required(
        hotspot=np.argsort(ranked)[np.searchsorted(found, asked.hotspot[rows])],
        start=(asked.start_us[rows] - begins_us) / MINUTE_US,
        end=(asked.end_us[rows] - begins_us) / MINUTE_US,
        patrols=asked.required[rows],
        minimum=plan.minimum_minutes,
        target=plan.coverage_target,
    )
    return _demand([shapes[keys[spot]] for spot in ranked], required, ask)


def of_file(file: Path, patrols: int, minimum: float, target: float, ask: Ask) -> Demand:
    """What hot spots of a GeoJSON file want in windows such as 15:00-23:00.

    They are ranked by `properties.rank`, else by `properties.weight`, else as they stand. Raises
    CapacityError where the file or a window cannot be read.
    """
    features = sorted(_features(file), key=_rank)
    windows = _windows(ask.windows)
    count = len(features)
    required = Required(
        hotspot=np.tile(np.arange(count), len(windows)),
        start=np.repeat([float(start) for start, _ in windows], count),
        end=np.repeat([float(end) for _, end in windows], count),
        patrols=np.full(count * len(windows), patrols),
        minimum=minimum,
        target=target,
    )
    return _demand([feature.geometry for feature in features], required, ask)


def _asked(
    plan: Plan,
    versions: HotspotVersions,
    day: dt.date | None,
    windows: Sequence[str],
    now_us: int,
) -> tuple[Cells, npt.NDArray[np.bool_]]:
    """The cells of a day that asks for any, and which of them are required in those windows."""
    names = {window.name for window in plan.windows}
    for name in windows:
        if name not in names:
            raise CapacityError(where="window", what=f"plan {plan.key!r} has no window {name!r}")
    first = day or max(plan.calendar.day_of(now_us), plan.first_day)
    last = day or first + LOOK_AHEAD
    for date in days(first, last):
        asked = cells([PlanVersion(plan, now_us)], versions, date, date, now_us)
        rows = (asked.kind == REQUIRED) & (asked.slot != NO_SLOT)
        if windows:
            rows &= np.isin(asked.window, [i for i, n in enumerate(asked.windows) if n in windows])
        if rows.any():
            return asked, rows
    when = f"on {first}" if day else f"from {first} to {last}"
    raise CapacityError(where="plan", what=f"plan {plan.key!r} requires nothing {when}")


def _demand(shapes: Sequence[BaseGeometry], required: Required, ask: Ask) -> Demand:
    """Hot spots, by rank, in metres. Raises CapacityError where nobody works that long."""
    length = float(required.end.max(initial=0.0))
    if length > LONGEST_SHIFT:
        raise CapacityError(
            where="window",
            what=f"the windows reach over {length / 60:.4g} hours, which no shift of officers does:"
            " name those of one shift with --window",
        )
    lon, lat = shapely.get_coordinates(shapely.centroid(unwrapped(np.array(shapes, np.object_)))).T
    centre = middle(lon, lat)
    x_m, y_m = metres(lon, lat, centre)
    station = None
    if ask.station is not None:
        east, north = metres(np.array([ask.station[1]]), np.array([ask.station[0]]), centre)
        station = float(east[0]), float(north[0])
    return Demand(
        x_m=x_m,
        y_m=y_m,
        hotspot=required.hotspot,
        start=required.start,
        end=required.end,
        required=required.patrols,
        minutes=ask.minutes,
        minimum=required.minimum,
        target=required.target,
        station=station,
    )


def _features(file: Path) -> list[Feature]:
    try:
        collection = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise CapacityError(
            where="hotspots", what=f"{file} cannot be read: {exc.strerror or exc}"
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise CapacityError(where="hotspots", what=f"{file} is not JSON: {exc}") from exc
    features, faults = read_features(collection)
    if faults or not features:
        raise CapacityError(
            where="hotspots", what=f"{file} {faults[0] if faults else 'has no hot spots'}"
        )
    return features


def _rank(feature: Feature) -> tuple[float, float]:
    rank, weight = (feature.properties.get(name) for name in ("rank", "weight"))
    return (
        float(rank) if isinstance(rank, int | float) else math.inf,
        -float(weight) if isinstance(weight, int | float) else 0.0,
    )


def _windows(given: Sequence[str]) -> list[tuple[int, int]]:
    """Each window in minutes since the first begins; each begins no sooner than those before."""
    if not given:
        raise CapacityError(where="window", what="a file's hot spots need one: 15:00-23:00")
    times = [_minutes(text) for text in given]
    first = times[0][0]
    return [
        (begins, begins + ((end - start) % DAY_MINUTES or DAY_MINUTES))
        for start, end in times
        for begins in [(start - first) % DAY_MINUTES]
    ]


def _minutes(window: str) -> tuple[int, int]:
    """Minutes since midnight of its start and its end."""
    try:
        start, end = (dt.time.fromisoformat(part.strip()) for part in window.split("-"))
    except ValueError as exc:
        what = f"{window!r} is not two times such as 15:00-23:00"
        raise CapacityError(where="window", what=what) from exc
    return 60 * start.hour + start.minute, 60 * end.hour + end.minute
