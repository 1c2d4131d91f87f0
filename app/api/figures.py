"""How the figures of a plan are shown, and flattened for tables."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from app.api.fields import Schema


class Share(Schema):
    """A share (0 to 1) of `n`, and how low and high it may be, given what is uncertain."""

    model_config = ConfigDict(from_attributes=True)

    value: float | None = Field(description="null over none, or in doubt: too little observed")
    low: float | None
    high: float | None
    n: int | float


class Mean(Schema):
    """A mean over `n`."""

    model_config = ConfigDict(from_attributes=True)

    value: float | None
    n: int


class Observability(Schema):
    """The share of `n` tracked minutes that was observed; null where no duty time is known."""

    model_config = ConfigDict(from_attributes=True)

    value: float | None
    n: int = Field(description="minutes on duty with a device, of the slots of these cells")


class Background(Schema):
    """Presence besides patrols in windows: pass-throughs, and stays outside all windows."""

    model_config = ConfigDict(from_attributes=True)

    minutes: float
    per_day: float | None = Field(description="minutes / n")
    n: int = Field(description="hot spots x days; of windows and shifts, cells")


class Recency(Schema):
    """Minutes since the last qualifying patrol, at the end of these days or as at the moment."""

    model_config = ConfigDict(from_attributes=True)

    mean_minutes: float | None
    longest_minutes: float | None
    n: int = Field(description="hot spots with one")
    none: int = Field(description="hot spots without any")


class Predictability(Schema):
    """The share of `n` arrivals within 15 minutes of the modal time of their hot spot."""

    model_config = ConfigDict(from_attributes=True)

    value: float | None
    n: int = Field(description="qualifying patrols")
    modal_time: str | None = Field(description="local, where they are of one hot spot")


class Control(Schema):
    """What was done where a trial's controls were, and nothing was required."""

    model_config = ConfigDict(from_attributes=True)

    cells: int
    contaminated: Share = Field(description="with at least one qualifying patrol / cells")
    patrols: int
    patrol_minutes: float
    background_minutes: float


class Figures(Schema):
    """Coverage, the four figures of compliance, and what belongs beside them."""

    model_config = ConfigDict(from_attributes=True)

    cells: int = Field(description="required: hot spot x window x operational day")
    cells_covered: int = Field(description="with at least one qualifying patrol")
    cells_complete: int = Field(description="with all the patrols required")
    cells_uncertain: int = Field(
        description="of which the data do not settle whether they are covered, or whether complete"
    )
    cells_unmeasurable: int = Field(description="not covered, and too little was observed")
    cells_excused: int = Field(description="not covered, and officers were abstracted")
    cells_answered: int = Field(description="not covered, and an officer said why")
    cells_unfinished: int = Field(description="whose window was still to end")
    days: int = Field(description="operational days with cells")
    coverage: Share = Field(description="cells covered / cells (intention to treat)")
    compliance_cells: Share = Field(description="cells complete / cells")
    compliance_patrols: Share = Field(description="qualifying, capped a cell / required")
    compliance_minutes: Share = Field(description="in the window, capped a cell / required")
    mean_patrol_minutes: Mean = Field(description="of qualifying patrols")
    excused: Share = Field(description="coverage without excused cells")
    as_treated: Share = Field(description="cells and controls with a qualifying patrol / all")
    as_assigned: Share = Field(description="cells covered and controls kept free / all")
    observability: Observability
    measurable: bool | None = Field(description="enough was observed; null: not known")
    patrols: int = Field(description="of any length from 2 minutes, in some window")
    patrols_qualifying: int
    bands: dict[str, int] = Field(description="patrols by minutes")
    surplus_patrols: int = Field(description="longer than the maximum; no failure")
    surplus_minutes: float = Field(description="of theirs past the maximum")
    pass_throughs: int = Field(
        description="presence of under 2 minutes, in some window; visits to a hot spot that "
        "overlap or touch are one"
    )
    patrol_minutes: float = Field(description="a double crew counts once")
    officer_minutes: float = Field(description="each officer counts, each once")
    person_hours: float = Field(description="officer-minutes / 60")
    background: Background
    nearby_minutes: float | None = Field(
        description="in windows, outside, but within 50 m; null: not surveyed"
    )
    strictness: float | None = Field(
        description="patrols' minutes in windows / (these and nearby_minutes)"
    )
    recency: Recency
    predictability: Predictability
    abstracted_hours: float | None = Field(
        description="of officers' duty in these slots; null: no duty time is known, or by source"
    )
    control: Control | None = Field(description="null where no day had a trial's control")


_SHARE = {"value": 0.75, "low": 0.7, "high": 0.8, "n": 20}
EXAMPLE: Mapping[str, object] = {
    "cells": 20,
    "cells_covered": 15,
    "cells_complete": 15,
    "cells_uncertain": 2,
    "cells_unmeasurable": 0,
    "cells_excused": 2,
    "cells_answered": 1,
    "cells_unfinished": 0,
    "days": 1,
    "coverage": _SHARE,
    "compliance_cells": _SHARE,
    "compliance_patrols": _SHARE,
    "compliance_minutes": {"value": 0.82, "low": 0.77, "high": 0.86, "n": 200},
    "mean_patrol_minutes": {"value": 12.4, "n": 16},
    "excused": {"value": 0.83, "low": 0.78, "high": 0.89, "n": 18},
    "as_treated": _SHARE,
    "as_assigned": _SHARE,
    "observability": {"value": 0.94, "n": 3840},
    "measurable": True,
    "patrols": 19,
    "patrols_qualifying": 16,
    "bands": {
        "under_2": 0,
        "2_to_5": 1,
        "5_to_10": 2,
        "10_to_15": 14,
        "15_to_20": 2,
        "over_20": 0,
    },
    "surplus_patrols": 2,
    "surplus_minutes": 3.5,
    "pass_throughs": 7,
    "patrol_minutes": 212.0,
    "officer_minutes": 340.0,
    "person_hours": 5.67,
    "background": {"minutes": 31.0, "per_day": 1.55, "n": 20},
    "nearby_minutes": 44.0,
    "strictness": 0.83,
    "recency": {"mean_minutes": 95.0, "longest_minutes": 240.0, "n": 15, "none": 5},
    "predictability": {"value": 0.31, "n": 16, "modal_time": None},
    "abstracted_hours": 6.0,
    "control": None,
}


def flat(row: Mapping[str, Any]) -> dict[str, object]:
    """A row of figures without nesting: `coverage` is the value, `coverage_low` its low."""
    cells: dict[str, object] = {}
    for name, value in row.items():
        if not isinstance(value, Mapping):
            cells[name] = value
            continue
        stem = "patrols" if name == "bands" else name
        for part, number in flat(value).items():
            cells[name if part == "value" else f"{stem}_{part}"] = number
    return cells
