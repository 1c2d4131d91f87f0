"""What may still change the figures of some days."""

import datetime as dt
from dataclasses import dataclass

from app.access.viewer import Viewer
from app.compliance.groups import Period
from app.compliance.reckoning import Evidence
from app.compliance.tracking import settled_us
from app.storage import erasures, recomputes, visit_reads
from app.storage.engine import Reader
from app.storage.types import from_us


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Visits that are open, and whether visits are worked out anew or hours still looked through.

    Now, or as at the moment that the figures are of. `erased`: when something was last erased that
    they had been made of: then they may have been others before; None: never.
    """

    open_visits: int
    recomputing: bool
    surveying: bool
    erased: dt.datetime | None


async def unsettled(
    reader: Reader, viewer: Viewer, days: Period, evidence: Evidence, as_at: dt.datetime | None
) -> Unsettled:
    """What of some operational days is not settled."""
    start_us, end_us = days.times(evidence.plan.calendar)
    start, end = from_us(start_us), from_us(end_us)
    judged_us = min(end_us, settled_us(evidence.as_at_us))
    pending = evidence.hours.pending.start_us < judged_us
    return Unsettled(
        open_visits=await visit_reads.open_count(reader, viewer, start, end, as_at),
        recomputing=await recomputes.touching(reader, viewer, start, end, as_at),
        surveying=judged_us > start_us and bool(pending.any()),
        erased=await erasures.last_touching(reader, viewer, start, end),
    )
