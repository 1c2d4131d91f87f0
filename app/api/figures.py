"""How the figures of a plan are shown, and flattened for tables."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from app.api.fields import Moment, Schema, example
from app.compliance.report import Grouping


class Share(Schema):
    """A share (0 to 1) of `n`, and how low and high it may be, given what is uncertain."""

    model_config = ConfigDict(from_attributes=True)

    value: float | None
    low: float | None
    high: float | None
    n: int | float


class Mean(Schema):
    """A mean over `n`."""

    model_config = ConfigDict(from_attributes=True)

    value: float | None
    n: int


class Figures(Schema):
    """Coverage and the four figures of compliance; null where nothing was required."""

    model_config = ConfigDict(from_attributes=True)

    cells: int = Field(description="required: hot spot x window x operational day")
    cells_covered: int = Field(description="with at least one qualifying patrol")
    cells_complete: int = Field(description="with all the patrols required")
    cells_uncertain: int = Field(description="where the data do not settle which")
    cells_unfinished: int = Field(description="whose window was still to end")
    coverage: Share = Field(description="cells covered / cells")
    compliance_cells: Share = Field(description="cells complete / cells")
    compliance_patrols: Share = Field(description="qualifying, capped a cell / required")
    compliance_minutes: Share = Field(description="in the window, capped a cell / required")
    mean_patrol_minutes: Mean = Field(description="of qualifying patrols")
    patrols: int = Field(description="of any length from 2 minutes, in some window")
    patrols_qualifying: int
    bands: dict[str, int] = Field(description="patrols by minutes")
    surplus_patrols: int = Field(description="longer than the maximum; no failure")
    surplus_minutes: float = Field(description="of theirs past the maximum")
    pass_throughs: int = Field(description="visits too short to be a patrol")
    patrol_minutes: float = Field(description="a double crew counts once")
    officer_minutes: float = Field(description="each officer counts, each once")
    person_hours: float = Field(description="officer-minutes / 60")


class HotspotKey(Schema):
    """Which hot spot a row is of."""

    hotspot: str
    name: str


class DayKey(Schema):
    """Which operational day a row is of."""

    day: dt.date


class WindowKey(Schema):
    """Which schedule window a row is of."""

    window: str


class HotspotRow(Figures, HotspotKey):
    """The figures of a hot spot."""


class DayRow(Figures, DayKey):
    """The figures of an operational day."""


class WindowRow(Figures, WindowKey):
    """The figures of a schedule window."""


Row = HotspotRow | DayRow | WindowRow

_SHARE = {"value": 0.75, "low": 0.7, "high": 0.8, "n": 20}
_FIGURES = {
    "cells": 20,
    "cells_covered": 15,
    "cells_complete": 15,
    "cells_uncertain": 2,
    "cells_unfinished": 0,
    "coverage": _SHARE,
    "compliance_cells": _SHARE,
    "compliance_patrols": _SHARE,
    "compliance_minutes": {"value": 0.82, "low": 0.77, "high": 0.86, "n": 200},
    "mean_patrol_minutes": {"value": 12.4, "n": 16},
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
}


class Compliance(Schema):
    """What became of a plan on the operational days `from` to `to`, both included."""

    model_config = example(
        {
            "plan": "autumn",
            "from": "2026-01-15",
            "to": "2026-01-15",
            "as_at": "2026-01-16T09:00:00.000000Z",
            "by": "hotspot",
            "method": 1,
            "coverage_target": 0.9,
            "open_visits": 0,
            "recomputing": False,
            "retrospective": False,
            "total": _FIGURES,
            "rows": [{"hotspot": "HS1", "name": "Market Place", **_FIGURES}],
        }
    )

    plan: str
    first: dt.date = Field(serialization_alias="from")
    last: dt.date = Field(serialization_alias="to")
    as_at: Moment = Field(description="ask again with this: the same, without visits open then")
    by: Grouping
    method: int = Field(description="version of the dwell method")
    coverage_target: float
    open_visits: int = Field(
        description="not over: counted as they stand in a live figure, left out of one as at a "
        "moment; the figures may change"
    )
    recomputing: bool = Field(
        description="visits of these days are, or at that moment were, being worked out anew"
    )
    retrospective: bool = Field(description="the plan was loaded after some of the days began")
    total: Figures
    rows: list[Row]


def flat(row: Mapping[str, Any]) -> dict[str, object]:
    """A row of figures without nesting: `coverage` is the value, `coverage_low` its low."""
    cells: dict[str, object] = {}
    for name, value in row.items():
        if not isinstance(value, Mapping):
            cells[name] = value
            continue
        stem = "patrols" if name == "bands" else name
        for part, number in value.items():
            cells[name if part == "value" else f"{stem}_{part}"] = number
    return cells
