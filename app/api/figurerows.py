"""What each row of figures is of, by each of the ways to ask for them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pydantic import Field

from app.api.fields import Moment, Schema, example
from app.api.figures import EXAMPLE, Figures
from app.compliance import report
from app.compliance.groups import Grouping, Key


class HotspotKey(Schema):
    """Which hot spot a row is of."""

    hotspot: str
    name: str


class WindowKey(Schema):
    """Which schedule window a row is of."""

    window: str


class ShiftKey(Schema):
    """Which window on which operational day a row is of."""

    day: dt.date
    window: str


class DayKey(Schema):
    """Which operational day a row is of."""

    day: dt.date


class WeekKey(Schema):
    """Which week a row is of, by its Monday."""

    week: dt.date


class MonthKey(Schema):
    """Which month a row is of."""

    month: str


class TeamKey(Schema):
    """Which team's visits a row counts; null: nobody's, or somebody's of no team.

    Null, too, for teams that would tell of too few officers: see `folded`.
    """

    team: str | None


class OrganisationKey(Schema):
    """Which organisation's visits a row counts; null: nobody's.

    Null, too, for those that would tell of too few officers: see `folded`.
    """

    organisation: str | None


class SourceKey(Schema):
    """Visits of which kind of device a row counts."""

    source: str


class OfficerKey(Schema):
    """Which officer's visits a row counts."""

    officer: str = Field(description="their number, or a pseudonym for who sees no names")
    name: str | None = Field(description="null for who sees no names")


class Trend(Schema):
    """How coverage goes on from row to row; null where one of the two is."""

    against_target: float | None
    change: float | None


class HotspotRow(Figures, HotspotKey):
    """The figures of a hot spot."""


class WindowRow(Figures, WindowKey):
    """The figures of a schedule window."""


class ShiftRow(Figures, ShiftKey):
    """The figures of a window on an operational day."""


class DayRow(Trend, Figures, DayKey):
    """The figures of an operational day."""


class WeekRow(Trend, Figures, WeekKey):
    """The figures of a week: of those of its days that were asked for."""


class MonthRow(Trend, Figures, MonthKey):
    """The figures of a month: of those of its days that were asked for."""


class TeamRow(Figures, TeamKey):
    """What a team's visits make of the cells."""


class OrganisationRow(Figures, OrganisationKey):
    """What an organisation's visits make of the cells."""


class SourceRow(Figures, SourceKey):
    """What the visits of a kind of device make of the cells."""


class OfficerRow(Figures, OfficerKey):
    """What an officer's visits make of the cells."""


Row = (
    HotspotRow
    | WindowRow
    | ShiftRow
    | DayRow
    | WeekRow
    | MonthRow
    | TeamRow
    | OrganisationRow
    | SourceRow
    | OfficerRow
)
_ROWS: Mapping[Grouping, type[Row]] = {
    "hotspot": HotspotRow,
    "window": WindowRow,
    "shift": ShiftRow,
    "day": DayRow,
    "week": WeekRow,
    "month": MonthRow,
    "team": TeamRow,
    "organisation": OrganisationRow,
    "source": SourceRow,
    "officer": OfficerRow,
}


@dataclass(frozen=True, slots=True)
class Names:
    """Keys and names of hot spots, names of teams, numbers and names of officers; each by id.

    Of an officer who is not to be named a pseudonym, and no name.
    """

    hotspots: Mapping[int, tuple[str, str]]
    teams: Mapping[int, str]
    officers: Mapping[int, tuple[str, str | None]]


def shown(by: Grouping, row: report.Row, names: Names) -> Row:
    """A row of a report as people read it."""
    key, kind = _key(by, row.key, names), _ROWS[by]
    figures = {name: getattr(row.figures, name) for name in Figures.model_fields}
    trend = {} if row.trend is None else asdict(row.trend)
    return kind.model_validate(key | figures | trend)


def columns(by: Grouping) -> list[str]:
    """The columns that tell what a row is of."""
    if by == "total":
        return []
    others = Figures.model_fields.keys() | Trend.model_fields.keys()
    return [name for name in _ROWS[by].model_fields if name not in others]


def _key(by: Grouping, key: Key, names: Names) -> dict[str, object]:
    match by, key:
        case "hotspot", int():
            return dict(zip(("hotspot", "name"), names.hotspots[key], strict=True))
        case "officer", int():
            return dict(zip(("officer", "name"), names.officers[key], strict=True))
        case "team", int():
            return {"team": names.teams[key]}
        case "shift", (day, window):
            return {"day": day, "window": window}
        case "month", dt.date():
            return {"month": f"{key:%Y-%m}"}
        case _:
            return {by: key}


class Abstracted(Schema):
    """Officers' hours on duty that were taken off the plan for one reason."""

    reason: str
    hours: float


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
            "surveying": False,
            "erased": None,
            "retrospective": False,
            "folded": None,
            "abstractions": [{"reason": "bonfire night", "hours": 6.0}],
            "total": EXAMPLE,
            "rows": [{"hotspot": "HS1", "name": "Market Place", **EXAMPLE}],
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
    surveying: bool = Field(
        description="hours of these days are still to be looked through for what was observed"
    )
    erased: Moment | None = Field(
        description="when something of these days was last erased: figures of before may differ"
    )
    retrospective: bool = Field(description="the plan was loaded after some of the days began")
    folded: str | None = Field(
        description="that some teams, or organisations, have no row of their own, and why"
    )
    abstractions: list[Abstracted] = Field(
        description="of duty in these cells' slots, by reason; without the reasons of single "
        "officers whom you may not know"
    )
    total: Figures
    rows: list[Row] = Field(
        description="of places and times, which add up; or of makers, by whose visits alone the "
        "same cells are counted"
    )
