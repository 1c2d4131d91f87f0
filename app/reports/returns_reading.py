"""Reads from storage what a monthly return is made from."""

import datetime as dt
from typing import Final

from app.access.viewer import Right, Viewer
from app.compliance.calendar import DAY
from app.compliance.groups import Period
from app.reports.evidence import basis, evidence_of
from app.reports.returns import Month
from app.reports.table import OfPlan
from app.reports.unsettled import unsettled
from app.storage import hotspots, people
from app.storage.engine import Reader
from app.storage.errors import Refused
from app.storage.types import to_us

_LONGEST_MONTH: Final = 31 * DAY


async def month(
    reader: Reader,
    viewer: Viewer,
    plan: str,
    first: dt.date,
    *,
    as_at: dt.datetime | None,
    now: dt.datetime,
) -> Month:
    """What is known of the month that begins on a day.

    Raises NotFound for the plan, and Refused where none of the month's days has begun.
    """
    viewer.require(Right.READ_VISITS)
    last = (first + _LONGEST_MONTH).replace(day=1) - DAY
    asked = OfPlan(plan, Period(first, last), as_at, now)
    about = await basis(reader, viewer, asked)
    today = about.plans[-1].plan.calendar.day_of(to_us(as_at or now))
    if today < first:
        raise Refused(where="month", what=f"{first:%Y-%m} has not begun")
    days = Period(first, min(last, today))
    evidence = await evidence_of(reader, viewer, about, OfPlan(plan, days, as_at, now))
    return Month(
        evidence=evidence,
        days=days,
        hotspots=await hotspots.names(reader, viewer, as_at or now),
        seen=(await people.seen(reader, viewer)).keys(),
        unsettled=await unsettled(reader, viewer, days, evidence, as_at),
        made_us=to_us(now),
    )
