"""What rows say that is wrong beside other rows, or beside what is stored."""

import datetime as dt
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from app.compliance.cells import NEVER_US
from app.importing.entries import Assignment, Briefing, Entry, Tables, Told
from app.importing.headings import squeezed
from app.importing.known import Known
from app.importing.meaning import somebody
from app.importing.row import Read, Row
from app.importing.values import name

Other = TypeVar("Other")
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def once(tables: Tables) -> Tables:
    """The rows that say something for the first time; others have a problem that names it."""
    return Tables(
        teams=_once(tables.teams, "team", lambda one: one.name),
        officers=_once(tables.officers, "number", lambda one: one.number),
        assignments=_once(tables.assignments, None, lambda one: one),
        duty=_once(tables.duty, None, lambda one: one),
        abstractions=_once(tables.abstractions, None, lambda one: one),
        plans=_once(tables.plans, "window", lambda one: (one.plan, one.name or id(one))),
        plan_hotspots=_once(tables.plan_hotspots, "hotspot", lambda one: (one.plan, one.hotspot)),
        trial_days=_once(tables.trial_days, "day", lambda one: (one.plan, one.hotspot, one.day)),
        briefings=_briefings(tables),
        rows=tables.rows,
    )


def _once(
    told: Sequence[Told[Entry]], column: str | None, key: Callable[[Entry], Hashable]
) -> list[Told[Entry]]:
    first: dict[Hashable, Told[Entry]] = {}
    for one in told:
        earlier = first.setdefault(key(one.entry), one)
        if earlier is not one:
            same = earlier.entry == one.entry
            says = "it says the same as" if same else "it contradicts"
            one.row.problem(column, f"{says} {_place(earlier, one)}")
    return list(first.values())


def _place(earlier: Told[Entry], later: Told[Other]) -> str:
    """Where a row is, as seen from another."""
    sheet = earlier.row.section.sheet
    same = sheet == later.row.section.sheet
    return f"row {earlier.row.number}" if same else f"{sheet}, row {earlier.row.number}"


def _briefings(tables: Tables) -> list[Told[Briefing]]:
    """One briefing a hot spot: of the table of them, and of those of plans' hot spots."""
    of_plans = [
        Told(one.row, Briefing(one.entry.hotspot, one.entry.task, one.entry.note))
        for one in tables.plan_hotspots
        if one.entry.task is not None
    ]
    first: dict[str, Told[Briefing]] = {}
    for one in (*tables.briefings, *of_plans):
        earlier = first.setdefault(one.entry.hotspot, one)
        if earlier.entry != one.entry:
            what = f"the briefing of {one.entry.hotspot!r} is another than in "
            one.row.problem("task", what + _place(earlier, one))
    return list(first.values())


def references(tables: Tables, known: Known) -> None:
    """Puts down a problem wherever a row names what there is not, also in rows that are wrong."""
    for table, column, read, there in (
        ("assignments", "officer", name, known.officers),
        ("assignments", "device", name, known.devices),
        ("duty", "officer", name, known.officers),
        ("abstractions", "officer", somebody, known.officers),
        ("abstractions", "team", somebody, known.teams),
        ("plan_hotspots", "hotspot", name, known.hotspots),
        ("trial_days", "hotspot", name, known.hotspots),
        ("briefings", "hotspot", name, known.hotspots),
    ):
        _refer(tables.rows.get(table, ()), column, read, there)
    plans = known.plans.keys() | set(named(tables.rows.get("plans", ()), "plan"))
    for table in ("plan_hotspots", "trial_days"):
        for row in tables.rows.get(table, ()):
            plan = row.says("plan", name)
            if plan is not None and plan not in plans:
                what = f"there is no plan {plan!r}, stored or in a table of plans"
                row.problem("plan", what)


def teams_of_officers(tables: Tables, teams: Collection[str]) -> None:
    """Puts down a problem where an officer is of a team that there is not."""
    _refer(tables.rows.get("officers", ()), "team", name, teams)


def named(rows: Iterable[Row], column: str) -> Iterator[str]:
    """The names that a column has in rows."""
    said = (row.says(column, name) for row in rows)
    return (one for one in said if one is not None)


def _refer(
    rows: Iterable[Row], column: str, read: Read[str | None], there: Collection[str]
) -> None:
    noun = {"hotspot": "hot spot"}.get(column, column)
    alike: dict[str, str] | None = None
    for row in rows:
        wanted = row.says(column, read)
        if wanted is not None and wanted not in there:
            alike = alike or {_rough(known): known for known in there}
            meant = alike.get(_rough(wanted))
            hint = "" if meant is None else f"; is {meant!r} meant?"
            row.problem(column, f"there is no {noun} {wanted!r}{hint}")


def _rough(name: str) -> str:
    """A name without case, spaces, signs, and the zeros in front that a spreadsheet drops."""
    return squeezed(name).lstrip("0")


@dataclass(frozen=True, slots=True)
class _Span:
    """When an officer has a device, by a row of the import or (`told` None) as it is stored."""

    start_us: int
    end_us: int
    officer: str
    told: Told[Assignment] | None


def overlaps(told: Sequence[Told[Assignment]], known: Known) -> None:
    """Puts down a problem where a device would be with two officers at once.

    Both in the import, or one of them stored. A row of the device, officer and start of a stored
    assignment replaces that. Rows of unknown devices are passed over.
    """
    spans: dict[int, list[_Span]] = {}
    replaced = set()
    for row in told:
        one = row.entry
        device = known.devices.get(one.device)
        if device is not None:
            span = _Span(one.start_us, _end(one.end_us), one.officer, row)
            spans.setdefault(device, []).append(span)
            replaced.add((device, one.officer, one.start_us))
    for old in known.assignments:
        if (old.device, old.officer, old.start_us) not in replaced:
            span = _Span(old.start_us, _end(old.end_us), old.officer, None)
            spans.setdefault(old.device, []).append(span)
    for of_device in spans.values():
        last: _Span | None = None
        for span in sorted(of_device, key=lambda one: one.start_us):
            if last is not None and span.start_us < last.end_us:
                _overlap(last, span)
            last = span if last is None or span.end_us > last.end_us else last


def _end(end_us: int | None) -> int:
    return NEVER_US if end_us is None else end_us


def _overlap(one: _Span, other: _Span) -> None:
    """Puts down that two spans overlap, at the later row of the two."""
    if one.told is None and other.told is None:
        return  # was there before
    if one.told is None or (other.told is not None and other.told.row.number > one.told.row.number):
        one, other = other, one
    if one.told is not None:
        where = "as is stored" if other.told is None else _place(other.told, one.told)
        until = "on" if other.end_us == NEVER_US else f"to {_shown(other.end_us)}"
        when = f"from {_shown(other.start_us)} {until} ({where})"
        what = f"{one.told.entry.device!r} is with officer {other.officer!r} {when}, which overlaps"
        one.told.row.problem("start", what)


def _shown(time_us: int) -> str:
    return (_EPOCH + dt.timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")
