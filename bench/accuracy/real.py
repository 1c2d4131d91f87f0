"""Phones whose carrier pressed a button at each place: the marks beside what is measured."""

import csv
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, TypedDict

import numpy as np
import polars as pl
import shapely
from shapely.geometry import shape

from accuracy.matching import PATROL_S
from accuracy.path import Stay
from accuracy.rules import Rule, ends
from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Fixes, Hotspot, Profile

MARKS_S: Final = 180.0  # the marks are good to one to three minutes
SHORTEST_S: Final = 60.0  # a stay below that is within the slack of its marks
COLUMNS: Final = ("lon", "lat", "accuracy_m")
RUNS: Final = {
    "uni_20190728": ("TRUTH_uni_20190728.csv", "mobilitynet_geofences_uni.geojson"),
    "multi_20191120": ("TRUTH_multi_20191120.csv", "mobilitynet_geofences_multi.geojson"),
}


class Seen(TypedDict):
    """One marked stay as one phone shows it; seconds, None where it shows none."""

    run: str
    phone: str
    place: str
    watched: bool  # marked throughout, not between two trips
    marked_s: float
    dwells_s: dict[Rule, float | None]
    low_s: float | None
    high_s: float | None
    ends_seen: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """The carrier's stay at a place: from arriving to leaving, in seconds since the Unix epoch."""

    place: str
    stay: Stay
    watched: bool


def observe(data: Path) -> list[Seen]:
    """What each phone shows of each marked stay; `data` is the folder of the shared data."""
    names, fixes = _read_tracks(data / "tracks" / "phones.csv")
    seen: list[Seen] = []
    for run_name, (truth, polygons) in RUNS.items():
        marks = read_marks(data / "truth" / truth)
        for number, name in enumerate(names):
            if name.startswith(run_name):
                mine = _usable(fixes.take(fixes.device == number))
                for mark in marks:
                    area = _area(data / "truth" / polygons, mark)
                    phone = name.removeprefix(run_name + "_")
                    seen.append(_seen(mine, mark, area, run_name, phone))
    return seen


def read_marks(file: Path) -> list[Mark]:
    """The stays that the carrier marked: from the end of one journey to the start of the next.

    Where one trip ends and the next begins at the same place, the carrier is taken to have stayed.
    """
    with file.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["level"] == "SECTION"]
    journeys = [row for row in rows if row["start_place"] != row["end_place"]]
    marks = [
        Mark(
            place=one["end_place"],
            stay=(float(one["end_unix"]), float(other["start_unix"])),
            watched=one["trip_id"] == other["trip_id"],
        )
        for one, other in pairwise(journeys)
        if one["end_place"] == other["start_place"]
    ]
    return [mark for mark in marks if mark.stay[1] - mark.stay[0] >= SHORTEST_S]


def _seen(fixes: Fixes, mark: Mark, area: shapely.Geometry, run_name: str, phone: str) -> Seen:
    visits = run(fixes, Hotspots.prepare([Hotspot(0, area)]), Profile(reports_when_still=False))
    inside = shapely.intersects_xy(area, fixes.lon, fixes.lat)
    by_rule = ends(visits, fixes, inside, 0)
    ours, (start, end) = by_rule["pace"], mark.stay
    overlap = np.minimum(ours.exit_s, end) - np.maximum(ours.enter_s, start)
    best = int(overlap.argmax()) if len(visits) and overlap.max() >= 0 else None
    return Seen(
        run=run_name,
        phone=phone,
        place=mark.place,
        watched=mark.watched,
        marked_s=round(end - start, 1),
        dwells_s={
            rule: None if best is None else _finite(e.exit_s[best] - e.enter_s[best])
            for rule, e in by_rule.items()
        },
        low_s=None if best is None else round(visits.low_us[best] / 1e6, 1),
        high_s=None if best is None else round(visits.high_us[best] / 1e6, 1),
        ends_seen=best is not None and bool(visits.enter_seen[best] & visits.exit_seen[best]),
    )


def verdict(seen: Seen) -> str:
    """What is said of ten minutes."""
    low_s, high_s = seen["low_s"], seen["high_s"]
    if low_s is None or high_s is None:
        return "no visit"
    if low_s >= PATROL_S:
        return "yes"
    return "no" if high_s < PATROL_S and seen["ends_seen"] else "uncertain"


def holds(seen: Seen, slack_s: float) -> bool:
    """Whether the bounds of a stay that was seen hold its marked length, give or take the slack."""
    low_s, high_s = seen["low_s"], seen["high_s"]
    if low_s is None or high_s is None:
        return False
    return low_s - slack_s <= seen["marked_s"] <= high_s + slack_s


def _read_tracks(file: Path) -> tuple[list[str], Fixes]:
    """The names of the devices of a file, and its fixes, device by number."""
    rows = pl.read_csv(file, schema_overrides={"accuracy_m": pl.Float64})
    names = rows["device"].unique().sort()
    time = rows["time"].str.to_datetime(time_unit="us", time_zone="UTC")
    return names.to_list(), Fixes(
        names.search_sorted(rows["device"]).to_numpy().astype(np.int64),
        time.dt.epoch("us").to_numpy(),
        *(rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in COLUMNS),
    )


def _finite(value: float) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None


def _usable(fixes: Fixes) -> Fixes:
    """The fixes that the method uses, in order: the last of those of one time is as good as any."""
    limit = Profile().max_accuracy_m
    fixes = fixes.take(~(fixes.accuracy_m > limit))
    _, first = np.unique(fixes.time_us, return_index=True)
    return fixes.take(first)


def _area(file: Path, mark: Mark) -> shapely.Geometry:
    """The place's polygon as it was on the day; drawn twice, it is both."""
    found = [
        shape(feature["geometry"])
        for feature in json.loads(file.read_text())["features"]
        if feature["properties"]["name"] == mark.place
        and feature["properties"].get("valid_start_ts", 0) <= mark.stay[0]
        and mark.stay[0] < feature["properties"].get("valid_end_ts", np.inf)
    ]
    return shapely.union_all(found)
