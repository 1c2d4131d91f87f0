"""A shift briefing: how the plan was kept, what is owed where, what changed, whom to thank."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.compliance.calendar import DAY, Calendar
from app.compliance.figures import Figures
from app.compliance.groups import Period
from app.compliance.plan import Plan
from app.compliance.reckoning import Evidence
from app.compliance.report import Row, report
from app.compliance.veil import Sight
from app.reports.briefing_changes import Situation, changes
from app.reports.briefing_past import Past, known, past, past_of
from app.reports.briefing_shift import Shift, by_lot
from app.reports.recorded import recorded, unknown
from app.storage.briefings import Words
from app.storage.hotspots import HotspotVersion

WEEK: Final = 7  # operational days
MOST_THANKED: Final = 5


@dataclass(frozen=True, slots=True)
class People:
    """Whom a briefing may name: teams, and officers (number and name), by id.

    `sight` is of whoever it is made for, so that no figure of a team gives an officer away.
    """

    teams: Mapping[int, str]
    officers: Mapping[int, tuple[str, str]]
    sight: Sight


@dataclass(frozen=True, slots=True)
class Material:
    """What a briefing is made from; times in microseconds UTC.

    `week` are the days that it judges; `evidence` is of these and all later ones up to its own.
    `team`: whom it is for, an id (None: everybody). `keys` are those of hot spots by id;
    `unsettled`: figures are still made.
    """

    evidence: Evidence
    week: Period
    moment_us: int
    made_us: int
    team: int | None
    shift: Shift | None
    keys: Mapping[int, str]
    before: Situation
    after: Situation
    people: People
    open_visits: int
    unsettled: bool
    erased: dt.datetime | None

    @property
    def today(self) -> dt.date:
        """The operational day of the briefing."""
        return self.evidence.plan.calendar.day_of(self.moment_us)


@dataclass(frozen=True, slots=True)
class Owed:
    """Patrols owed to a hot spot over the week, and the fewest and most that this may be.

    `patrols` None: too little was observed to say.
    """

    patrols: int | None
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Spot:
    """A hot spot of the shift, with its number on the map and the patrols that it is due.

    `owed` None: the week asked for nothing there. `since_minutes`: since the last qualifying
    patrol; None: there was none since the week began.
    """

    number: int
    place: HotspotVersion
    due: int
    owed: Owed | None
    since_minutes: float | None
    words: Words | None


@dataclass(frozen=True, slots=True)
class Thanks:
    """Who made the most qualifying patrols in the week, with how many each.

    `more`: how many others made as many as the last of these. `officers`: whether they are
    officers, else teams. `own`: those of the team that the briefing is for; None: not to be told.
    `folded`: how many teams are left out, as too few officers made theirs.
    """

    most: Sequence[tuple[str, int]]
    more: int
    officers: bool
    own: int | None
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Pack:
    """A shift briefing.

    `latest` is the last day of the `week` that it judges, and `days` are those of the week on which
    something was asked for. `unfinished` (None: there are none) are the days after it, which were
    not over. `spots` are in an order drawn by lot; `owed` those owed the most, the worst first.
    """

    plan: Plan
    team: str | None
    made_us: int
    as_at_us: int
    moment_us: int
    shift: Shift | None
    latest: Past
    week: Past
    unfinished: Past | None
    days: Mapping[dt.date, Figures]
    spots: Sequence[Spot]
    owed: Sequence[Spot]
    changes: Sequence[str]
    thanks: Thanks
    open_visits: int
    unsettled: bool
    erased: dt.datetime | None
    retrospective: bool


def read_for(calendar: Calendar, moment_us: int, known_us: int) -> Period:
    """The days of which evidence is needed, for a moment as far as known at one no later."""
    return Period(calendar.day_of(known_us) - (WEEK + 1) * DAY, calendar.day_of(moment_us))


def judged(evidence: Evidence, moment_us: int) -> Period:
    """The last seven operational days before a moment's, such that all their windows were over.

    Who prints tomorrow's briefing this evening, or has a window that goes on past the day's end,
    reads nothing of a day that may still get its patrols as if it had missed them.
    """
    calendar = evidence.plan.calendar
    last = min(calendar.day_of(moment_us) - DAY, calendar.day_of(evidence.as_at_us))
    while report(evidence, Period(last, last), "total").total.cells_unfinished:
        last -= DAY
    return Period(last - (WEEK - 1) * DAY, last)


def pack(material: Material) -> Pack:
    """The briefing that some material makes."""
    evidence, week, on = material.evidence, material.week, material.shift
    sight = material.people.sight
    by_day = report(evidence, week, "day", sight)
    spots = _spots(material, week)
    owed = [spot for spot in spots if spot.owed is not None and spot.owed.high]
    return Pack(
        plan=evidence.plan,
        team=None if material.team is None else material.people.teams[material.team],
        made_us=material.made_us,
        as_at_us=evidence.as_at_us,
        moment_us=material.moment_us,
        shift=on,
        latest=past(Period(week.last, week.last), evidence, sight),
        week=past_of(week, by_day),
        unfinished=_unfinished(material),
        days={row.key: known(row.figures) for row in by_day.rows if isinstance(row.key, dt.date)},
        spots=spots,
        owed=sorted(owed, key=_urgency),
        changes=changes(material.before, material.after, () if on is None else on.required),
        thanks=_thanks(material, week),
        open_visits=material.open_visits,
        unsettled=material.unsettled,
        erased=material.erased,
        retrospective=by_day.retrospective,
    )


def _unfinished(material: Material) -> Past | None:
    evidence = material.evidence
    begun = evidence.plan.calendar.day_of(evidence.as_at_us)
    days = Period(material.week.last + DAY, min(begun, material.today - DAY))
    return past(days, evidence, material.people.sight) if days.first <= days.last else None


def _spots(material: Material, week: Period) -> list[Spot]:
    """The hot spots of the shift: what others are owed is not its business, or a trial's secret."""
    if material.shift is None:
        return []
    by_spot = _by_spot(material.evidence, week)
    # Who was at one hot spot was not at another; of all of them together nothing may be known.
    if not any(map(recorded, by_spot.values())):
        by_spot = {spot: unknown(figures) for spot, figures in by_spot.items()}
    # Whoever was there today is not forgotten, but today is not over, and nothing owed yet.
    lately = _by_spot(material.evidence, Period(week.first, material.today))
    order = by_lot(material.shift, material.evidence.plan.key, material.keys)
    there = [spot for spot in order if spot in material.after.places]
    return [
        Spot(
            number=number,
            place=material.after.places[spot],
            due=material.shift.required[spot],
            owed=_owed(by_spot.get(spot)),
            since_minutes=lately[spot].recency.longest_minutes if spot in lately else None,
            words=material.after.words.get(spot),
        )
        for number, spot in enumerate(there, 1)
    ]


def _by_spot(evidence: Evidence, days: Period) -> dict[int, Figures]:
    rows = report(evidence, days, "hotspot").rows
    return {row.key: row.figures for row in rows if isinstance(row.key, int)}


def _owed(figures: Figures | None) -> Owed | None:
    """Of each cell no more counts than it requires: what one had too many of, another lacks."""
    if figures is None or not figures.cells:
        return None
    made = figures.compliance_patrols
    lacking = [
        None if share is None else round((1 - share) * made.n)
        for share in (made.value, made.low, made.high)
    ]
    patrols, high, low = lacking
    return Owed(patrols, low or 0, high or 0)


def _urgency(spot: Spot) -> tuple[int, float, int]:
    """Most owed first (at least, where that is not known), then longest without a patrol."""
    owed = 0 if spot.owed is None else spot.owed.patrols
    least = spot.owed.low if owed is None and spot.owed is not None else owed or 0
    waited = float("inf") if spot.since_minutes is None else spot.since_minutes
    return -least, -waited, spot.number


def _thanks(material: Material, week: Period) -> Thanks:
    people, evidence = material.people, material.evidence
    by_team = report(evidence, week, "team", people.sight)
    teams = by_team.rows
    own = next((row for row in teams if row.key == material.team is not None), None)
    officers = _of_team(material)
    theirs = replace(people.sight, followed=officers)
    rows = report(evidence, week, "officer", theirs).rows if officers else teams
    made = sorted(_made(rows, people, officers=bool(officers)), key=lambda one: (-one[1], one[0]))
    most = made[:MOST_THANKED]
    more = sum(number == most[-1][1] for _, number in made[MOST_THANKED:])
    return Thanks(
        most,
        more,
        bool(officers),
        None if own is None else own.figures.patrols_qualifying,
        0 if officers else by_team.folded,
    )


def _of_team(material: Material) -> list[int]:
    """The officers who may be named: those of the team, if it is for one."""
    officers, nameable = material.evidence.officers, material.people.officers
    posts = zip(officers.officer.tolist(), officers.team.tolist(), strict=True)
    return [
        officer for officer, team in posts if officer in nameable and material.team in {None, team}
    ]


def _made(rows: Sequence[Row], people: People, *, officers: bool) -> list[tuple[str, int]]:
    named = (
        {id_: " ".join(both) for id_, both in people.officers.items()} if officers else people.teams
    )
    return [
        (named[row.key], row.figures.patrols_qualifying)
        for row in rows
        if isinstance(row.key, int) and row.figures.patrols_qualifying
    ]
