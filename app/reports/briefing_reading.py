"""Reads from storage what a briefing is made from."""

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.access.viewer import Right, Scope, Viewer
from app.compliance.calendar import DAY
from app.compliance.plan import Plan
from app.reports.briefing import Material, People, judged, read_for
from app.reports.briefing_changes import Situation
from app.reports.briefing_shift import shift
from app.reports.evidence import Basis, basis, evidence_of
from app.reports.table import OfPlan
from app.reports.unsettled import unsettled
from app.storage import briefings, hotspots, people
from app.storage.engine import Reader
from app.storage.errors import Refused
from app.storage.types import from_us, to_us

FARTHEST_AHEAD: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Asked:
    """For which team (its name; None: everybody) at what time (None: now) a plan is briefed."""

    plan: str
    team: str | None
    at: dt.datetime | None
    now: dt.datetime

    @property
    def moment(self) -> dt.datetime:
        """When the briefing is held."""
        return self.at or self.now

    @property
    def as_at(self) -> dt.datetime | None:
        """The past moment as at which things are told; None: as they are known now."""
        return self.at if self.moment <= self.now else None


async def material(reader: Reader, viewer: Viewer, asked: Asked) -> Material:
    """What is known for a briefing. Raises NotFound for the plan, Refused for team or time."""
    viewer.require(Right.READ_VISITS)
    if asked.moment > asked.now + FARTHEST_AHEAD:
        raise Refused(where="at", what=f"it is more than {FARTHEST_AHEAD.days} days ahead")
    named = [] if asked.team is None else [asked.team]
    team = next(iter(await people.team_ids(reader, named)), None)
    moment_us, known = to_us(asked.moment), asked.as_at or asked.now
    about = await basis(reader, viewer, asked.plan, known)
    days = read_for(about.plans[-1].plan.calendar, moment_us, to_us(known))
    wanted = OfPlan(asked.plan, days, asked.as_at, asked.now)
    evidence = await evidence_of(reader, viewer, about, wanted)
    week = await asyncio.to_thread(judged, evidence, moment_us)
    on = await asyncio.to_thread(shift, about.plans, about.hotspots, moment_us, to_us(known))
    since = from_us(evidence.plan.calendar.start_of(week.first))
    then = asked.moment if on is None else max(asked.moment, from_us(on.start_us))
    open_now = await unsettled(reader, viewer, week, evidence, asked.as_at)
    return Material(
        evidence=evidence,
        week=week,
        moment_us=moment_us,
        made_us=to_us(asked.now),
        team=team,
        shift=on,
        keys=await hotspots.keys(reader, viewer),
        before=await _situation(reader, viewer, _plan_at(about, since), since, since),
        after=await _situation(reader, viewer, evidence.plan, then, known),
        people=await _people(reader, viewer),
        open_visits=open_now.open_visits,
        unsettled=open_now.recomputing or open_now.surveying,
    )


def _plan_at(about: Basis, moment: dt.datetime) -> Plan | None:
    return next((one.plan for one in about.plans if one.known_at(to_us(moment))), None)


async def _situation(
    reader: Reader, viewer: Viewer, plan: Plan | None, on: dt.datetime, known: dt.datetime
) -> Situation:
    return Situation(
        plan=plan,
        places=await hotspots.valid(reader, viewer, on, known),
        words=await briefings.known(reader, viewer, known),
    )


async def _people(reader: Reader, viewer: Viewer) -> People:
    seen = await people.seen(reader, viewer)
    return People(await people.team_names(reader, viewer), _nameable(viewer, seen), seen.keys())


def _nameable(viewer: Viewer, seen: Mapping[int, tuple[str, str]]) -> Mapping[int, tuple[str, str]]:
    """The officers who may be thanked by name; who sees only themselves thanks teams."""
    several = viewer.scope_of(Right.READ_NAMES) in {Scope.TEAMS, Scope.EVERYBODY}
    return seen if several and viewer.permits(Right.READ_NAMES) else {}
