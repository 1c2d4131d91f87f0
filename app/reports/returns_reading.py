"""Reads from storage what a monthly return is made from."""

import datetime as dt
from contextlib import suppress
from typing import Final

from app.access.viewer import Viewer
from app.compliance.calendar import DAY, FIRST_DAY, LAST_DAY
from app.compliance.groups import Period
from app.compliance.veil import LEAST_OFFICERS
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
    which: str,
    *,
    as_at: dt.datetime | None,
    now: dt.datetime,
    least: int = LEAST_OFFICERS,
) -> Month:
    """What is known of a month, such as 2026-10.

    Raises NotFound for the plan, and Refused for no month, or where none of its days has begun.
    """
    first = _first(which)
    last = (first + _LONGEST_MONTH).replace(day=1) - DAY
    about = await basis(reader, viewer, plan, as_at or now)
    today = about.plans[-1].plan.calendar.day_of(to_us(as_at or now))
    if today < first:
        raise Refused(where="month", what=f"{first:%Y-%m} has not begun")
    days = Period(first, min(last, today))
    evidence = await evidence_of(reader, viewer, about, OfPlan(plan, days, as_at, now))
    return Month(
        evidence=evidence,
        days=days,
        hotspots=await hotspots.names(reader, viewer, as_at or now),
        sight=await people.sight(reader, viewer, least),
        unsettled=await unsettled(reader, viewer, days, evidence, as_at),
        made_us=to_us(now),
    )


def _first(month: str) -> dt.date:
    with suppress(ValueError):
        first = dt.datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007 -- a month has no zone
        if FIRST_DAY < first < LAST_DAY.replace(day=1) and month == f"{first:%Y-%m}":
            return first
    earliest, latest = FIRST_DAY.replace(day=1) + _LONGEST_MONTH, LAST_DAY.replace(day=1) - DAY
    raise Refused(where="month", what=f"give it as 2026-10, {earliest:%Y-%m} to {latest:%Y-%m}")
