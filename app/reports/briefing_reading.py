"""Reads from storage what a briefing is made from."""

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Final

from app.access.viewer import Right, Scope, Viewer
from app.compliance.calendar import DAY
from app.compliance.plan import Plan
from app.compliance.veil import LEAST_OFFICERS
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
    """For which team (its name; None: everybody) at what time (None: now) a plan is briefed.

    Nothing is said of fewer officers than the `least` whom the viewer does not know.
    """

    plan: str
    team: str | None
    at: dt.datetime | None
    now: dt.datetime
    least: int = LEAST_OFFICERS

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
        people=await _people(reader, viewer, asked.least),
        open_visits=open_now.open_visits,
        unsettled=open_now.recomputing or open_now.surveying,
        erased=open_now.erased,
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


async def _people(reader: Reader, viewer: Viewer, least: int) -> People:
    sight = await people.sight(reader, viewer, least)
    # Who sees only themselves thanks teams.
    alone = viewer.scope_of(Right.READ_NAMES) is Scope.SELF
    thanked = {} if alone else await people.nameable(reader, viewer)
    return People(await people.team_names(reader, viewer), thanked, sight)
