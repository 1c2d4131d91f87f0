"""Takes tables of files into the database: all of them in one transaction, or nothing."""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.access.viewer import Viewer
from app.compliance.calendar import Calendar
from app.compliance.plan import Plan
from app.importing import checks, planning, reading
from app.importing.entries import Officer, Tables
from app.importing.known import Held, Known
from app.importing.problems import Findings, Unsound
from app.importing.reading import Given
from app.storage import (
    abstractions,
    briefings,
    directory,
    duty,
    hotspots,
    people,
    plans,
    roster,
)
from app.storage.engine import Database, Writer
from app.storage.roster import Carried
from app.storage.types import from_us, to_us


@dataclass(frozen=True, slots=True)
class Count:
    """What became of a table: its rows, and how many things were new, changed, or as before.

    Those of `plans` are plans. None where a table only says more of plans.
    """

    table: str
    rows: int
    created: int | None = None
    changed: int | None = None
    unchanged: int | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import, and what to know of it."""

    dry_run: bool
    tables: Sequence[Count]
    notes: Sequence[str]


class _Undone(Exception):
    """Ends the transaction of a dry run, once it has done all; tells what that was."""

    def __init__(self, counts: Sequence[Count]) -> None:
        super().__init__()
        self.counts = counts


async def take(
    database: Database,
    viewer: Viewer,
    given: Sequence[Given],
    *,
    table: str | None,
    calendar: Calendar,
    now: dt.datetime,
    dry_run: bool,
) -> Imported:
    """Takes files in, after everything in them was looked at; a dry run leaves no trace.

    `table` says what each file's first sheet holds, where nothing in it does; local times are the
    calendar's. Raises NoTables, and Unsound with every problem there is.
    """
    findings = Findings()
    tables = await asyncio.to_thread(_read, given, table, calendar, findings)
    counts: Sequence[Count]
    try:
        async with database.write() as writer:
            counts = await _Import(writer, viewer, now, dry_run, findings).run(tables)
    except _Undone as done:
        counts = done.counts
    return Imported(dry_run, counts, findings.notes)


def _read(
    given: Sequence[Given], table: str | None, calendar: Calendar, findings: Findings
) -> Tables:
    return checks.once(reading.read(given, table, calendar, findings))


@dataclass(frozen=True, slots=True)
class _Import:
    """One import, in its transaction."""

    writer: Writer
    viewer: Viewer
    now: dt.datetime
    dry_run: bool
    findings: Findings

    async def run(self, told: Tables) -> Sequence[Count]:
        """Stores everything. Raises Unsound where there is any problem, _Undone in a dry run."""
        # Teams and officers come first: what the others say is then of those who are there.
        teams = await self._teams(told)
        officers = await self._officers(told)
        known = await self._known(told)
        made = await asyncio.to_thread(self._checked, told, known)
        counts = [
            teams,
            officers,
            await self._assignments(told, known),
            await self._duty(told),
            await self._abstractions(told),
            await self._plans(told, made, known.plans),
            Count("plan_hotspots", len(told.plan_hotspots)),
            Count("trial_days", len(told.trial_days)),
            await self._briefings(told, known),
        ]
        counts = [count for count in counts if count.rows]
        if self.dry_run:
            raise _Undone(counts)
        return counts

    async def _teams(self, told: Tables) -> Count:
        names = [one.entry.name for one in told.teams]
        return _count("teams", len(names), created=await roster.add_teams(self.writer, names))

    async def _officers(self, told: Tables) -> Count:
        teams = await self._team_ids()
        checks.teams_of_officers(told, teams)
        given = {one.entry.number: _officer(one.entry, teams) for one in told.officers}
        created, changed = await roster.put_officers(self.writer, given, self.now)
        return _count("officers", len(given), created, changed)

    async def _team_ids(self) -> dict[str, int]:
        found = await people.team_names(self.writer, self.viewer)
        return {name: id_ for id_, name in found.items()}

    async def _known(self, told: Tables) -> Known:
        devices = await directory.everybody(self.writer)
        listed = {one.entry.device for one in told.assignments}
        held = await roster.carried(
            self.writer, {devices[name] for name in listed if name in devices}
        )
        keys = await hotspots.keys(self.writer, self.viewer)
        return Known(
            teams=await self._team_ids(),
            officers=await people.numbers(self.writer, self.viewer),
            devices=devices,
            hotspots={key: id_ for id_, key in keys.items()},
            versions=await hotspots.columns(self.writer, self.viewer, self.now),
            plans=await self._plans_known(told),
            assignments=[_held(one) for one in held],
        )

    async def _plans_known(self, told: Tables) -> dict[str, Plan]:
        of_plans = ("plans", "plan_hotspots", "trial_days")
        rows = [row for table in of_plans for row in told.rows.get(table, ())]
        keys = set(checks.named(rows, "plan"))
        found = {key: await plans.one(self.writer, self.viewer, key) for key in keys}
        return {key: plan for key, plan in found.items() if plan is not None}

    def _checked(self, told: Tables, known: Known) -> list[Plan]:
        checks.references(told, known)
        checks.overlaps(told.assignments, known)
        made = planning.plans(told, known, to_us(self.now), self.findings)
        if self.findings.count:
            raise Unsound(self.findings)
        return made

    async def _assignments(self, told: Tables, known: Known) -> Count:
        given = await asyncio.to_thread(_carried, told, known)
        created, changed = await roster.put_assignments(self.writer, given, self.now)
        return _count("assignments", len(given), created, changed)

    async def _duty(self, told: Tables) -> Count:
        given = await asyncio.to_thread(_duty_times, told)
        newest = await roster.newest(self.writer, "duty_times")
        ids = await duty.create(self.writer, given, self.now)
        return _count("duty", len(given), created=sum(id_ > newest for id_ in ids))

    async def _abstractions(self, told: Tables) -> Count:
        given = await asyncio.to_thread(_taken_off, told)
        everybodys = sum(one.officer is None and one.team is None for one in given)
        if everybodys:
            self.findings.notes.append(
                f"{everybodys} abstractions are of everybody: they name neither officer nor team"
            )
        newest = await roster.newest(self.writer, "abstractions")
        ids = await abstractions.create(self.writer, given, self.now)
        return _count("abstractions", len(given), created=sum(id_ > newest for id_ in ids))

    async def _plans(self, told: Tables, made: Sequence[Plan], before: Mapping[str, Plan]) -> Count:
        for plan in made:
            await plans.put(self.writer, plan, self.now)
        created = sum(plan.key not in before for plan in made)
        unchanged = sum(plan == before.get(plan.key) for plan in made)
        rows = len(told.plans) or len(made)
        return Count("plans", rows, created, len(made) - created - unchanged, unchanged)

    async def _briefings(self, told: Tables, known: Known) -> Count:
        given = {
            known.hotspots[one.entry.hotspot]: briefings.Words(one.entry.task, one.entry.note)
            for one in told.briefings
        }
        created = len(given.keys() - await briefings.briefed(self.writer))
        stored = await briefings.put(self.writer, given, self.now)
        return _count("briefings", len(given), created, stored - created)


def _count(table: str, rows: int, created: int, changed: int = 0) -> Count:
    return Count(table, rows, created, changed, rows - created - changed)


def _officer(said: Officer, teams: Mapping[str, int]) -> dict[str, object]:
    """An officer's columns: those that the table has, or all of one who is new."""
    values: dict[str, object] = {"name": said.name}
    if "team" in said.values:
        values["team_id"] = teams.get(said.values["team"] or "")
    if "organisation" in said.values:
        values["organisation"] = said.values["organisation"]
    return values


def _carried(told: Tables, known: Known) -> list[Carried]:
    return [
        Carried(
            known.devices[one.entry.device],
            one.entry.officer,
            known.officers[one.entry.officer],
            from_us(one.entry.start_us),
            None if one.entry.end_us is None else from_us(one.entry.end_us),
        )
        for one in told.assignments
    ]


def _duty_times(told: Tables) -> list[duty.DutyTime]:
    return [
        duty.DutyTime(one.entry.officer, from_us(one.entry.start_us), from_us(one.entry.end_us))
        for one in told.duty
    ]


def _taken_off(told: Tables) -> list[abstractions.Abstraction]:
    return [
        abstractions.Abstraction(
            from_us(one.entry.start_us),
            from_us(one.entry.end_us),
            one.entry.reason,
            one.entry.officer,
            one.entry.team,
        )
        for one in told.abstractions
    ]


def _held(one: Carried) -> Held:
    end_us = None if one.end is None else to_us(one.end)
    return Held(one.device, one.officer, to_us(one.start), end_us)
