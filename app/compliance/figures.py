"""Coverage and compliance, each with its range and its n, of any group of cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.compliance.intervals import Ints
from app.compliance.plan import MINUTE_US
from app.compliance.tally import BANDS, Tally
from app.compliance.visits import Bools


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `n` (0 to 1), and the lowest and highest that uncertain data leave possible.

    None where nothing was required: neither 0 nor 100 %.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int | float


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over `n`; None over none."""

    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Coverage and compliance of one group of cells; times in minutes."""

    cells: int
    cells_covered: int
    cells_complete: int
    cells_uncertain: int
    cells_unfinished: int
    coverage: Share
    compliance_cells: Share
    compliance_patrols: Share
    compliance_minutes: Share
    mean_patrol_minutes: Mean
    patrols: int
    patrols_qualifying: int
    bands: dict[str, int]
    surplus_patrols: int
    surplus_minutes: float
    pass_throughs: int
    patrol_minutes: float
    officer_minutes: float
    person_hours: float


def total(tally: Tally, chosen: Bools) -> Figures:
    """The figures of the chosen cells (a mask) together."""
    return _figures(tally.grouped(np.where(chosen, 0, 1), 2), 0)


def by(tally: Tally, chosen: Bools, key: Ints) -> list[tuple[int, Figures]]:
    """The figures of the chosen cells (a mask) for each key, a column, in ascending order."""
    keys = np.unique(key[chosen])
    # Cells that are not chosen make a group of their own, which is left out.
    group = np.where(chosen, np.searchsorted(keys, key), len(keys))
    sums = tally.grouped(group, len(keys) + 1)
    return [(number, _figures(sums, row)) for row, number in enumerate(keys.tolist())]


def _figures(sums: Tally, row: int) -> Figures:
    cells, qualifying = int(sums.cells[row]), int(sums.qualifying[row])
    return Figures(
        cells=cells,
        cells_covered=int(sums.covered[row, 1]),
        cells_complete=int(sums.complete[row, 1]),
        cells_uncertain=int(sums.uncertain_cells[row]),
        cells_unfinished=int(sums.unfinished_cells[row]),
        coverage=_share(sums.covered[row].tolist(), cells),
        compliance_cells=_share(sums.complete[row].tolist(), cells),
        compliance_patrols=_share(sums.made[row].tolist(), int(sums.required[row])),
        compliance_minutes=_share(
            (sums.minutes_us[row] / MINUTE_US).tolist(), _minutes(sums.required_us[row])
        ),
        mean_patrol_minutes=Mean(
            _minutes(sums.qualifying_us[row]) / qualifying if qualifying else None, qualifying
        ),
        patrols=int(sums.patrols[row]),
        patrols_qualifying=qualifying,
        bands=dict(zip(BANDS, sums.bands[row].tolist(), strict=True)),
        surplus_patrols=int(sums.surplus[row]),
        surplus_minutes=_minutes(sums.surplus_us[row]),
        pass_throughs=int(sums.pass_throughs[row]),
        patrol_minutes=_minutes(sums.patrol_us[row]),
        officer_minutes=_minutes(sums.officer_us[row]),
        person_hours=_minutes(sums.officer_us[row]) / 60,
    )


def _share(parts: Sequence[float], whole: float) -> Share:
    if not whole:
        return Share(None, None, None, whole)
    low, value, high = (part / whole for part in parts)
    return Share(value, low, high, whole)


def _minutes(time_us: np.int64) -> float:
    return float(time_us / MINUTE_US)
