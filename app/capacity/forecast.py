"""The coverage to expect of a plan's shift with so many hot spots, and how far it may stray."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.capacity.question import CapacityError, Demand, Staffing
from app.capacity.shifts import work

MOST_RUNS: Final = 20_000
MOST_WORK: Final = 10_000_000
"""Runs x crews x cells: about half a minute."""
SPREAD: Final = (5.0, 50.0, 95.0)
"""Percentiles of the range and its middle: nine shifts of ten lie within."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What to expect of shifts with so many hot spots.

    `coverage` is the mean share (0 to 1) of required cells with a patrol that counts; nine of ten
    shifts lie from `low` to `high`. `complete` is the mean share of cells with all patrols,
    `chance` that of shifts which reach the `target`. All else is a mean a shift: `patrols` made,
    and those of them `counted` up to what is required; `patrol_minutes`; `spare_minutes`, which
    crews have left over.
    """

    hotspots: int
    cells: int
    required: int
    target: float
    coverage: float
    low: float
    median: float
    high: float
    chance: float
    complete: float
    patrols: float
    counted: float
    patrol_minutes: float
    spare_minutes: float
    runs: int


def first(demand: Demand, hotspots: int) -> Demand:
    """The same of the first so many hot spots. The station stays where it was."""
    kept = demand.hotspot < hotspots
    return replace(
        demand,
        x_m=demand.x_m[:hotspots],
        y_m=demand.y_m[:hotspots],
        hotspot=demand.hotspot[kept],
        start=demand.start[kept],
        end=demand.end[kept],
        required=demand.required[kept],
        station=demand.starting_point,
    )


def forecast(staffing: Staffing, demand: Demand, runs: int, rng: np.random.Generator) -> Forecast:
    """What so many simulated shifts say. Raises CapacityError where nobody could answer."""
    if not 1 <= runs <= MOST_RUNS:
        raise CapacityError(where="runs", what=f"{runs} is not from 1 to {MOST_RUNS}")
    _check_work(staffing, demand, runs)
    done = work(staffing, demand, runs, rng)
    coverage = done.coverage()
    # Shares that occurred, so that the range holds nine of ten shifts however coarse they are.
    low, median, high = np.percentile(coverage, SPREAD, method="inverted_cdf").tolist()
    made = np.minimum(done.counted, demand.required)
    return Forecast(
        hotspots=len(demand.x_m),
        cells=len(demand.hotspot),
        required=int(demand.required.sum()),
        target=demand.target,
        coverage=float(coverage.mean()),
        low=low,
        median=median,
        high=high,
        chance=float((coverage >= demand.target).mean()),
        complete=float((made == demand.required).mean()),
        patrols=float(done.patrols.mean()),
        counted=float(made.sum(axis=1).mean()),
        patrol_minutes=float(done.patrol_minutes.mean()),
        spare_minutes=float(done.spare_minutes.mean()),
        runs=runs,
    )


def _check_work(staffing: Staffing, demand: Demand, runs: int) -> None:
    cells = len(demand.hotspot)
    most = max(1, MOST_WORK // (staffing.crews * cells))
    if runs > most:
        raise CapacityError(
            where="runs",
            what=f"{runs} with {staffing.crews} crews and {cells} cells would take minutes:"
            f" at most {most}",
        )
