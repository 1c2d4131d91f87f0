"""What the rows of each table say, once their cells are read. Times are microseconds UTC."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.compliance.plan import Window
from app.importing.row import Row

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Told(Generic[Entry]):
    """What a row says, and the row, for what is found wrong with it later."""

    row: Row
    entry: Entry


@dataclass(frozen=True, slots=True)
class Team:
    """A team by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer; `team` and `organisation` are in `values` where the table has such columns."""

    number: str
    name: str
    values: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who had which device, from when until when (None: has it still)."""

    device: str
    officer: str
    start_us: int
    end_us: int | None


@dataclass(frozen=True, slots=True)
class DutyTime:
    """When an officer was on duty."""

    officer: str
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Abstraction:
    """Why an officer, a team or, with neither, everybody was taken off the plan, and when."""

    officer: str | None
    team: str | None
    start_us: int
    end_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class PlanWindow:
    """One window of a plan, and what the row says of the plan as a whole, by column.

    `window` is None where it could not be read.
    """

    plan: str
    name: str | None
    window: Window | None
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PlanHotspot:
    """One hot spot of a plan, and a briefing for it, if the row has one."""

    plan: str
    hotspot: str
    weight: float
    task: str | None
    note: str


@dataclass(frozen=True, slots=True)
class TrialDay:
    """Whether a hot spot is under treatment on an operational day, or a control."""

    plan: str
    hotspot: str
    day: dt.date
    treatment: bool


@dataclass(frozen=True, slots=True)
class Briefing:
    """What officers are to do at a hot spot, and what they are to know."""

    hotspot: str
    task: str
    note: str


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything that the tables of an import say.

    `rows` are all rows by table, also those that say too little to be told.
    """

    teams: list[Told[Team]] = field(default_factory=list)
    officers: list[Told[Officer]] = field(default_factory=list)
    assignments: list[Told[Assignment]] = field(default_factory=list)
    duty: list[Told[DutyTime]] = field(default_factory=list)
    abstractions: list[Told[Abstraction]] = field(default_factory=list)
    plans: list[Told[PlanWindow]] = field(default_factory=list)
    plan_hotspots: list[Told[PlanHotspot]] = field(default_factory=list)
    trial_days: list[Told[TrialDay]] = field(default_factory=list)
    briefings: list[Told[Briefing]] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
