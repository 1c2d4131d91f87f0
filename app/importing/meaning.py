"""What a row of each table says: None, and problems put down, where it says too little."""

import datetime as dt
from typing import Final

from app.compliance.calendar import Calendar
from app.compliance.duty import overlong
from app.compliance.limits import (
    HEAVIEST,
    LONGEST_OVERDUE_MINUTES,
    LONGEST_PATROL_MINUTES,
    MOST_PATROLS,
)
from app.compliance.plan import EVERY_DAY, SEEDS, PlanError, Window
from app.importing.entries import (
    Abstraction,
    Assignment,
    Briefing,
    DutyTime,
    Officer,
    PlanHotspot,
    PlanWindow,
    Team,
    TrialDay,
)
from app.importing.grid import Cell
from app.importing.row import Read, Row
from app.importing.stretches import closed, stretch
from app.importing.times import day, is_midnight, minute_of_day
from app.importing.values import (
    name,
    names,
    note,
    time_zone,
    treatment,
    weekdays,
    whole,
    within,
    yes_or_no,
)

ORGANISATION: Final = "police"  # of officers of whom nothing is said
EVERYBODY: Final = {"everybody", "everyone", "all"}


def _minutes(most: int) -> Read[float]:
    return within(0, most, f"a number of minutes above 0, at most {most}")


_MINUTES: Final = _minutes(LONGEST_PATROL_MINUTES)
_SHARE: Final = within(0, 1, "a share: above 0 and at most 1, or with its sign, such as 90%")
_LEAST: Final = within(0, 1, "a share: 0 to 1, or with its sign, such as 80%", or_low=True)
_WEIGHT: Final = within(0, HEAVIEST, f"a weight: a number above 0, at most {HEAVIEST:g}")
_PATROLS: Final = whole(1, MOST_PATROLS)

# What the rows of a plan say of it as a whole: each of them, or only the first.
_OF_PLANS: Final[dict[str, Read[object]]] = {
    "name": name,
    "minimum": _MINUTES,
    "maximum": _MINUTES,
    "target": _SHARE,
    "first_day": day,
    "last_day": day,
    "timezone": time_zone,
    "day_start": minute_of_day,
    "teams": names,
    "least_observability": _LEAST,
    "overdue": _minutes(LONGEST_OVERDUE_MINUTES),
    "seed": whole(SEEDS.start, SEEDS.stop - 1),
    "treated": whole(1, 100_000),
}


def _end_of_window(cell: Cell) -> dt.time:
    return dt.time() if is_midnight(cell) else minute_of_day(cell)


def somebody(cell: Cell) -> str | None:
    """A name; None where it says everybody."""
    read = name(cell)
    return None if read.lower() in EVERYBODY else read


def team(row: Row) -> Team | None:
    """A team."""
    called = row.need("team", name)
    return None if called is None else Team(called)


def officer(row: Row) -> Officer | None:
    """An officer; a blank team is none, a blank organisation is ORGANISATION."""
    number, called = row.need("number", name), row.need("name", name)
    values: dict[str, str | None] = {}
    if "team" in row.section.columns:
        values["team"] = row.may("team", name)
    if "organisation" in row.section.columns:
        values["organisation"] = row.may("organisation", name) or ORGANISATION
    return None if number is None else Officer(number, called or "", values)


def assignment(row: Row, calendar: Calendar) -> Assignment | None:
    """Who had which device."""
    device, number = row.need("device", name), row.need("officer", name)
    times = stretch(row, calendar)
    if device is None or number is None or times is None:
        return None
    return Assignment(device, number, *times)


def duty(row: Row, calendar: Calendar) -> DutyTime | None:
    """When an officer was on duty."""
    number, times = row.need("officer", name), closed(row, calendar)
    if times is not None and (what := overlong(times[1] - times[0])) is not None:
        row.problem("end", what)
    return None if number is None or times is None else DutyTime(number, *times)


def abstraction(row: Row, calendar: Calendar) -> Abstraction | None:
    """Who was taken off the plan; everybody where neither officer nor team is named."""
    number, group = row.may("officer", somebody), row.may("team", somebody)
    why = row.need("reason", name)
    if number is not None and group is not None:
        row.problem("team", "name an officer, or a team, or neither: everybody")
    times = closed(row, calendar)
    return None if why is None or times is None else Abstraction(number, group, *times, why)


def plan_window(row: Row) -> PlanWindow | None:
    """A window, and what else the row says of its plan."""
    plan, called = row.need("plan", name), row.need("window", name)
    window = _window(row, called)
    read = {column: row.may(column, reading) for column, reading in _OF_PLANS.items()}
    values = {column: value for column, value in read.items() if value is not None}
    return None if plan is None else PlanWindow(plan, called, window, values)


def _window(row: Row, called: str | None) -> Window | None:
    start, end = row.need("start", minute_of_day), row.need("end", _end_of_window)
    days = row.may("days", weekdays)
    patrols, by_weight = row.may("patrols", _PATROLS), row.may("by_weight", yes_or_no)
    if called is None or start is None or end is None:
        return None
    try:
        return Window(called, start, end, days or EVERY_DAY, patrols or 1, by_weight or False)
    except PlanError as exc:
        row.problem("end", exc.what)
        return None


def plan_hotspot(row: Row) -> PlanHotspot | None:
    """A hot spot of a plan."""
    plan, spot = row.need("plan", name), row.need("hotspot", name)
    weight = row.may("weight", _WEIGHT)
    task, text = row.may("task", name), row.may("note", note)
    if text is not None and not row.has("task"):
        row.problem("task", "it is empty, and there is a note: a briefing begins with a task")
    if plan is None or spot is None:
        return None
    return PlanHotspot(plan, spot, 1.0 if weight is None else weight, task, text or "")


def trial_day(row: Row) -> TrialDay | None:
    """A place-day of a trial."""
    plan, spot = row.need("plan", name), row.need("hotspot", name)
    date, treated = row.need("day", day), row.need("arm", treatment)
    if plan is None or spot is None or date is None or treated is None:
        return None
    return TrialDay(plan, spot, date, treated)


def briefing(row: Row) -> Briefing | None:
    """A briefing."""
    spot, task, text = row.need("hotspot", name), row.need("task", name), row.may("note", note)
    return None if spot is None or task is None else Briefing(spot, task, text or "")
