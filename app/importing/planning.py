"""Plans as an import's rows, and what is stored of them, make them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

from app.compliance import existence
from app.compliance.calendar import Calendar
from app.compliance.notes import notes
from app.compliance.plan import DrawnTrial, ListedTrial, Plan, PlanError, Window
from app.importing.checks import named
from app.importing.entries import PlanHotspot, PlanWindow, Tables, Told, TrialDay
from app.importing.known import Known
from app.importing.problems import Findings
from app.importing.row import Row

Part = TypeVar("Part", PlanWindow, PlanHotspot, TrialDay)

# The field of a plan that a column gives, where it takes no more than that.
_FIELDS: Final = {
    "name": "name",
    "minimum": "minimum_minutes",
    "maximum": "maximum_minutes",
    "target": "coverage_target",
    "first_day": "first_day",
    "last_day": "last_day",
    "least_observability": "least_observability",
    "overdue": "overdue_minutes",
}
# The columns that a fault of a field is shown at, the first of them that has a value.
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    **{field: (column,) for column, field in _FIELDS.items()},
    "maximum_minutes": ("maximum", "minimum"),
    "trial": ("seed", "treated"),
    "trial.treated": ("treated",),
}
# The fields that are left out to look for what else is wrong.
_LEFT_OUT: Final = {
    "maximum_minutes": ("minimum_minutes", "maximum_minutes"),
    "last_day": ("last_day",),
    "trial": ("trial",),
    "trial.treated": ("trial",),
}
# Stands for windows that could not be read, to look for what else is wrong with their plan.
_UNREAD: Final = (Window("unread", dt.time(0), dt.time(1)),)


def plans(tables: Tables, known: Known, now_us: int, findings: Findings) -> list[Plan]:
    """Each plan that the import says something of, as it is to be.

    A table of plans gives windows and measures, one of hot spots those of the plan, one of trial
    days a listed trial; what no table says stays as it is stored. A new plan of which no hot spots
    are listed is for all of them.
    """
    placed = set(named(tables.rows.get("plan_hotspots", ()), "plan"))
    windows = _by_plan(tables.plans)
    spots, days = _by_plan(tables.plan_hotspots), _by_plan(tables.trial_days)
    made = []
    for key in {**windows, **spots, **days}:
        if key not in windows and key not in known.plans:
            continue  # has a problem
        listed = days.get(key, [])
        plan = _plan(key, windows.get(key, []), spots.get(key, []), known, relisted=bool(listed))
        if plan is not None:
            valid = existence.days_of(plan, known.versions, now_us)
            _require_places(plan, spots.get(key, []), known, valid, now_us)
            made.append(_with_trial(plan, listed, known, valid))
            findings.notes += [f"plan {key}: {note}" for note in notes(plan, valid)]
            if plan.hotspots is None and not {key} & (known.plans.keys() | placed):
                findings.notes.append(f"plan {key} is for all hot spots: no table lists any")
    return made


def _require_places(
    plan: Plan,
    spots: Sequence[Told[PlanHotspot]],
    known: Known,
    valid: existence.Days,
    now_us: int,
) -> None:
    """Puts down a problem for each hot spot that is not there when the plan first asks for it."""
    asked = max(plan.first_day, plan.calendar.day_of(now_us))
    for one in spots:
        key = one.entry.hotspot
        spot = known.hotspots.get(key)
        if spot is not None and (spot not in valid or asked < valid[spot][0]):
            what = existence.absence(repr(key), valid.get(spot), asked)
            one.row.problem("hotspot", f"the plan asks for it from {asked} on, and {what}")


def _by_plan(told: Sequence[Told[Part]]) -> dict[str, list[Told[Part]]]:
    found: dict[str, list[Told[Part]]] = {}
    for one in told:
        found.setdefault(one.entry.plan, []).append(one)
    return found


def _plan(
    key: str,
    windows: Sequence[Told[PlanWindow]],
    spots: Sequence[Told[PlanHotspot]],
    known: Known,
    *,
    relisted: bool,
) -> Plan | None:
    """A plan, without its trial where that is listed anew; None, and problems, if it makes none."""
    base = known.plans.get(key)
    rows = [one.row for one in windows] + [one.row for one in spots]
    if base is not None and not rows:
        return base
    said = _said(windows)
    given: dict[str, Any] = {"key": key, "name": key}
    if base is not None:
        given = {one.name: getattr(base, one.name) for one in fields(base)}
    given |= {_FIELDS[column]: value for column, (_, value) in said.items() if column in _FIELDS}
    if windows:
        read = tuple(one.entry.window for one in windows if one.entry.window is not None)
        given["windows"] = read or _UNREAD
    given |= _calendar(base, said) | _teams(said, known) | _lots(said, relisted=relisted)
    given |= _places(spots, known, {} if base is None else base.keys)
    if "first_day" not in given:
        if not any(row.has("first_day") for row in rows):
            rows[0].problem("first_day", f"it is empty, and {key!r} is a new plan")
        return None
    return _built(given, windows, said, rows[0])


_Said = Mapping[str, tuple[Row, Any]]
"""What the rows of a plan say of it as a whole, by column, and the first row that does."""


def _said(windows: Sequence[Told[PlanWindow]]) -> _Said:
    said: dict[str, tuple[Row, Any]] = {}
    for one in windows:
        for column, value in one.entry.values.items():
            row, before = said.setdefault(column, (one.row, value))
            if before != value:
                one.row.problem(column, f"it is of the whole plan, and another in row {row.number}")
    return said


def _calendar(base: Plan | None, said: _Said) -> dict[str, object]:
    calendar = Calendar() if base is None else base.calendar
    changed = {"zone": "timezone", "day_start": "day_start"}
    values = {field: said[column][1] for field, column in changed.items() if column in said}
    return {"calendar": replace(calendar, **values)}


def _places(
    spots: Sequence[Told[PlanHotspot]], known: Known, keys: Mapping[int, str]
) -> dict[str, object]:
    """The hot spots of a plan with their weights; `keys` are those known of it before."""
    entries = [one.entry for one in spots if one.entry.hotspot in known.hotspots]
    if not entries:
        return {}
    placed = {known.hotspots[one.hotspot]: one for one in entries}
    return {
        "hotspots": frozenset(placed),
        "keys": {**keys, **{id_: one.hotspot for id_, one in placed.items()}},
        "weights": {id_: one.weight for id_, one in placed.items()},
    }


def _teams(said: _Said, known: Known) -> dict[str, object]:
    if "teams" not in said:
        return {}
    row, names = said["teams"]
    for name in names:
        if name not in known.teams:
            row.problem("teams", f"there is no team {name!r}")
    return {"teams": frozenset(known.teams[name] for name in names if name in known.teams) or None}


def _lots(said: _Said, *, relisted: bool) -> dict[str, object]:
    """A drawn trial, which takes both its columns; none where a trial's days are listed."""
    if relisted:
        if "seed" in said:
            said["seed"][0].problem("seed", "a table lists the trial's days, too: leave one out")
        return {"trial": None}
    if "seed" in said and "treated" in said:
        return {"trial": DrawnTrial(said["seed"][1], said["treated"][1])}
    for column, other in (("seed", "treated"), ("treated", "seed")):
        if column in said:
            said[column][0].problem(other, f"it is empty; lots are drawn with it and {column!r}")
    return {}


def _built(
    given: dict[str, Any], windows: Sequence[Told[PlanWindow]], said: _Said, row: Row
) -> Plan | None:
    """The plan of these fields; None, and a problem for each fault, where it cannot be meant.

    `row` is where faults are put down that come from no row of it alone.
    """
    sound = True
    while True:
        try:
            plan = Plan(**given)
        except PlanError as exc:
            sound = False
            _blame(exc, windows, said, row)
            left_out = [field for field in _LEFT_OUT.get(exc.where, ()) if field in given]
            if not left_out:
                return None
            given = {field: value for field, value in given.items() if field not in left_out}
        else:
            return plan if sound else None


def _blame(fault: PlanError, windows: Sequence[Told[PlanWindow]], said: _Said, row: Row) -> None:
    """Puts down a fault of a plan at the row and column that it comes from."""
    for one in windows:
        if fault.where == f"windows[{one.entry.name}]":
            one.row.problem("by_weight", fault.what)
            return
    columns = [column for column in _COLUMNS.get(fault.where, ()) if column in said]
    if columns:
        said[columns[0]][0].problem(columns[0], fault.what)
    else:
        row.problem(None, str(fault))


def _with_trial(
    plan: Plan, days: Sequence[Told[TrialDay]], known: Known, valid: existence.Days
) -> Plan:
    """The plan with the trial that its rows list; a problem for each that it cannot have."""
    listed = {}
    for one in days:
        entry = one.entry
        spot = known.hotspots.get(entry.hotspot)
        if spot is None:
            continue  # has a problem
        absent = existence.absence(repr(entry.hotspot), valid.get(spot), entry.day)
        if plan.hotspots is not None and spot not in plan.hotspots:
            one.row.problem("hotspot", f"{entry.hotspot!r} is not among the hot spots of the plan")
        elif not plan.runs_on(entry.day):
            one.row.problem("day", f"{entry.day} is not a day of the plan")
        elif absent is not None:
            one.row.problem("day", absent)
        else:
            listed[spot, entry.day] = entry.treatment
    if not listed:
        return plan
    spots = {spot for spot, _ in listed}
    keys = {id_: key for key, id_ in known.hotspots.items() if id_ in spots}
    try:
        return replace(plan, trial=ListedTrial(listed), keys={**keys, **plan.keys})
    except PlanError as exc:
        days[0].row.problem(None, str(exc))
        return plan
