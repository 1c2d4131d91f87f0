"""Every figure of a group of cells, each with its n, and with its range where data leave one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.compliance.cells import CONTROL, REQUIRED, REST, Cells
from app.compliance.groups import OUTSIDE
from app.compliance.intervals import Ints
from app.compliance.layout import Layout
from app.compliance.predictability import Predictability
from app.compliance.recency import Recency
from app.compliance.shifts import Observability, Staffing
from app.compliance.tally import BANDS, Tally
from geofence.model import MINUTE_US


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `n` (0 to 1), and the lowest and highest that uncertain data leave possible.

    None where nothing was required: neither 0 nor 100 %. The value alone is None where too little
    was observed.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int | float


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over `n`; None over none, or where too little was observed."""

    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Background:
    """Presence besides patrols in windows: pass-throughs, and stays outside all windows.

    Minutes a place-day, of which there are `n`; of windows and shifts, pass-throughs a cell.
    """

    minutes: float
    per_day: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Control:
    """What a trial's controls got; `contaminated` are cells with a qualifying patrol."""

    cells: int
    contaminated: Share
    patrols: int
    patrol_minutes: float
    background_minutes: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Coverage, compliance and their companions of one group of cells; times in minutes."""

    cells: int
    cells_covered: int
    cells_complete: int
    cells_uncertain: int
    cells_unmeasurable: int
    cells_excused: int
    cells_answered: int
    cells_unfinished: int
    days: int
    coverage: Share
    compliance_cells: Share
    compliance_patrols: Share
    compliance_minutes: Share
    mean_patrol_minutes: Mean
    excused: Share
    as_treated: Share
    as_assigned: Share
    observability: Observability
    measurable: bool | None
    patrols: int
    patrols_qualifying: int
    bands: dict[str, int]
    surplus_patrols: int
    surplus_minutes: float
    pass_throughs: int
    patrol_minutes: float
    officer_minutes: float
    person_hours: float
    background: Background
    nearby_minutes: float | None
    strictness: float | None
    recency: Recency
    predictability: Predictability
    abstracted_hours: float | None
    control: Control | None


@dataclass(frozen=True, slots=True)
class Companions:
    """Of each group, what does not add up over its cells."""

    staffing: Sequence[Staffing]
    recency: Sequence[Recency]
    predictability: Sequence[Predictability]


# A group's sums stand in rows of their own by kind: what is required, controls' windows, and the
# rest of days, that of controls apart.
_CONTROLS: Final = CONTROL - REQUIRED
_REST: Final = REST - REQUIRED
_CONTROLS_REST: Final = _REST + 1
_STRATA: Final = 4


def figures(
    tally: Tally, cells: Cells, layout: Layout, companions: Companions, *, trial: bool
) -> list[Figures]:
    """The figures of each group; `trial`: whether there is one, and so figures of controls."""
    stratum = np.where(cells.control & (cells.kind == REST), _CONTROLS_REST, cells.kind)
    groups = layout.groups
    size = len(groups) * _STRATA
    group = np.where(groups.label == OUTSIDE, size, groups.label * _STRATA + stratum)
    sums = tally.grouped(group, size + 1)
    return [
        _figures(sums, number, days, companions, trial=trial)
        for number, days in enumerate(layout.days)
    ]


def _figures(
    sums: Tally, number: int, days: int, companions: Companions, *, trial: bool
) -> Figures:
    row = number * _STRATA
    staffing = companions.staffing[number]
    known = staffing.measurable is not False
    both_known = staffing.both_measurable is not False
    cells, qualifying = int(sums.cells[row]), int(sums.qualifying[row])
    controls = int(sums.cells[row + _CONTROLS])
    surveyed = int(sums.surveyed_cells[row]) > 0
    return Figures(
        cells=cells,
        cells_covered=int(sums.covered[row, 1]),
        cells_complete=int(sums.complete[row, 1]),
        cells_uncertain=int(sums.uncertain_cells[row]),
        cells_unmeasurable=int(sums.unmeasurable_cells[row]),
        cells_excused=int(sums.excused_cells[row]),
        cells_answered=int(sums.answered_cells[row]),
        cells_unfinished=int(sums.unfinished_cells[row]),
        days=days,
        coverage=_share(sums.covered[row], cells, known=known),
        compliance_cells=_share(sums.complete[row], cells, known=known),
        compliance_patrols=_share(sums.made[row], int(sums.required[row]), known=known),
        compliance_minutes=_share(
            sums.minutes_us[row] / MINUTE_US, _minutes(sums.required_us[row]), known=known
        ),
        mean_patrol_minutes=Mean(
            _minutes(sums.qualifying_us[row]) / qualifying if qualifying and known else None,
            qualifying,
        ),
        excused=_share(*_excused(sums, row), known=known),
        as_treated=_share(
            sums.covered[row] + sums.covered[row + _CONTROLS], cells + controls, known=both_known
        ),
        as_assigned=_share(
            # The most that a control can have had is the least that it can have been spared.
            sums.covered[row] + controls - sums.covered[row + _CONTROLS][::-1],
            cells + controls,
            known=both_known,
        ),
        observability=staffing.observability,
        measurable=staffing.measurable,
        patrols=int(sums.patrols[row]),
        patrols_qualifying=qualifying,
        bands=dict(zip(BANDS, sums.bands[row].tolist(), strict=True)),
        surplus_patrols=int(sums.surplus[row]),
        surplus_minutes=_minutes(sums.surplus_us[row]),
        pass_throughs=int(sums.pass_throughs[row]),
        patrol_minutes=_minutes(sums.patrol_us[row]),
        officer_minutes=_minutes(sums.officer_us[row]),
        person_hours=_minutes(sums.officer_us[row]) / 60,
        background=_background(sums, row),
        nearby_minutes=_minutes(sums.nearby_us[row]) if surveyed else None,
        strictness=_strictness(sums, row) if surveyed else None,
        recency=companions.recency[number],
        predictability=companions.predictability[number],
        abstracted_hours=staffing.abstracted_hours,
        control=_control(sums, row, staffing) if trial else None,
    )


def _excused(sums: Tally, row: int) -> tuple[Ints, int]:
    """Cells covered, as shares have them, without those that are excused; and how many are left."""
    low, value, high = sums.covered[row]
    left = int(sums.cells[row] - sums.excused_cells[row])
    return np.array([low, value, high - sums.doubtfully_excused_cells[row]]), left


def _background(sums: Tally, row: int) -> Background:
    minutes = _minutes(sums.background_us[row] + sums.background_us[row + _REST])
    # Windows and shifts have no rest of the day.
    number = int(sums.cells[row + _REST]) or int(sums.cells[row])
    return Background(minutes, minutes / number if number else None, number)


def _strictness(sums: Tally, row: int) -> float | None:
    both = float(sums.inside_us[row] + sums.nearby_us[row])
    return float(sums.inside_us[row]) / both if both else None


def _control(sums: Tally, row: int, staffing: Staffing) -> Control:
    own, known = row + _CONTROLS, staffing.controls_measurable is not False
    return Control(
        cells=int(sums.cells[own]),
        contaminated=_share(sums.covered[own], int(sums.cells[own]), known=known),
        patrols=int(sums.patrols[own]),
        patrol_minutes=_minutes(sums.patrol_us[own]),
        background_minutes=_minutes(
            sums.background_us[own] + sums.background_us[row + _CONTROLS_REST]
        ),
    )


def _share(parts: npt.NDArray[np.generic], whole: float, *, known: bool) -> Share:
    if not whole:
        return Share(None, None, None, whole)
    low, value, high = (part / whole for part in parts.tolist())
    # Where nothing can have been missed, too little was observed of nothing.
    return Share(value if known or low == high else None, low, high, whole)


def _minutes(time_us: np.int64) -> float:
    return float(time_us / MINUTE_US)
