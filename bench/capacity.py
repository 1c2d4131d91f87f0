"""What `beatkeeper capacity` promises beside what simulated shifts then bring, as a table.

`PYTHONPATH=tests/support .venv/bin/python bench/capacity.py --shifts 100` makes that of
docs/capacity.md: minutes, mostly the simulator's. Both are told the same of a shift and share no
code; the fixes of the shifts go through the engine and the figures.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from capacity_weeks import Setting, figures, missed_share, ranks

from app.capacity.forecast import Forecast, forecast
from app.capacity.question import Floats, Staffing
from app.capacity.shifts import work

SETTINGS = (
    *(Setting("4 officers", Staffing(4), hotspots=count) for count in (40, 30, 20)),
    *(Setting("6 officers", Staffing(6), hotspots=count) for count in (40, 30, 20)),
    *(Setting("12 officers", Staffing(12), hotspots=count, patrols=3) for count in (40, 30, 20)),
    Setting("6 officers on foot (5 km/h)", Staffing(6, speed_kmh=5.0)),
    Setting("6 officers on foot, detour 1.5", Staffing(6, speed_kmh=5.0, detour=1.5)),
    Setting("6 officers, 30 km/h, 1.2 calls/h", Staffing(6, speed_kmh=30.0, calls_per_hour=1.2)),
    Setting("6 officers, no calls, 9 km across", Staffing(6, calls_per_hour=0.0), side_m=9000.0),
    Setting("10 officers, 40 % taken off", Staffing(10, abstraction=0.4)),
    Setting("4 officers, each alone", Staffing(4, crew=1)),
)
RUNS = 2000
HEAD = (
    "| setting | hot spots x patrols | promised: mean, range | brought: mean, range"
    " | in range | rank | cells uncertain |\n|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Brought:
    """What shifts brought: the coverage of each, and the mean number of uncertain cells."""

    coverage: list[float]
    uncertain: float


def bring(setting: Setting, shifts: int, seed: int) -> Brought:
    """So many shifts through the engine and the figures."""
    report = figures(setting.shifts(shifts, seed))
    values = [row.figures.coverage.value for row in report.rows]
    found = [value for value in values if value is not None]
    return Brought(found, report.total.cells_uncertain / report.total.cells)


def row(setting: Setting, said: Forecast, rank: Floats, brought: Brought) -> str:
    """A line of the table."""
    found = np.array(brought.coverage)
    low, high = np.percentile(found, (5, 95), method="inverted_cdf")
    held = ((said.low <= found) & (found <= said.high)).mean()
    return (
        f"| {setting.name} | {setting.hotspots} x {setting.patrols}"
        f" | {said.coverage:.0%}, {said.low:.0%} to {said.high:.0%}"
        f" | {found.mean():.0%}, {low:.0%} to {high:.0%}"
        f" | {held:.0%} | {rank.mean():.2f} | {brought.uncertain:.1%} |"
    )


def main() -> None:
    """Prints the table, and the share of patrols that a device misses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shifts", type=int, default=100, help="of each setting")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(HEAD)
    held = 0
    found: list[Floats] = []
    for setting in SETTINGS:
        given = setting.staffing, setting.demand(), RUNS
        said = forecast(*given, np.random.default_rng(asked.seed))
        promised = work(*given, np.random.default_rng(asked.seed)).coverage()
        brought = bring(setting, asked.shifts, asked.seed)
        found.append(ranks(brought.coverage, promised))
        print(row(setting, said, found[-1], brought), flush=True)
        held += sum(said.low <= one <= said.high for one in brought.coverage)
    rank = np.concatenate(found)
    print(
        f"\n{held} of {len(rank)} shifts are in their range; their mean rank is {rank.mean():.3f}."
    )
    for minutes in (11.0, 12.0, 15.0):
        alone = Setting("alone", Staffing(24, 1, abstraction=0.0), patrols=8, minutes=minutes)
        missed, patrols = missed_share(alone.shifts(4, asked.seed))
        print(f"Stays of {minutes:g} min: a device misses {missed:.1%} of {patrols} patrols.")


if __name__ == "__main__":
    main()
