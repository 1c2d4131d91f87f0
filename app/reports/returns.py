"""A funder's monthly return: the figures of a plan's month, as fields that a template may show."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.compliance.calendar import DAY
from app.compliance.figures import Figures
from app.compliance.groups import Period
from app.compliance.reckoning import Evidence
from app.compliance.report import report
from app.compliance.veil import Sight
from app.reports.recorded import recorded
from app.reports.unsettled import Unsettled
from app.reports.wording import counted, date
from app.storage.types import from_us
from geofence.model import METHOD

Value = str | int | float | bool | dt.date | None
Record = Mapping[str, Value]
Fields = Mapping[str, Value | Record | Sequence[Record]]

PERSON_HOURS: Final = (
    "Person-hours are the time that officers spent on patrols of 2 minutes or more at the plan's "
    "hot spots: each officer counts, each once. A patrol belongs to the window that holds most of "
    "it, and counts whole; presence outside all windows, and by devices that nobody was assigned "
    "to, is not in them."
)
UNASSIGNED: Final = "unassigned"

ONCE: Final[Mapping[str, str]] = {
    "plan": "the plan's key",
    "plan_name": "the plan's name",
    "month": "the month, as 2026-10",
    "month_name": "the month, as October 2026",
    "first_day": "the first operational day that is counted",
    "last_day": "the last operational day that is counted",
    "as_at": "the moment as at which things were known, with its offset from UTC",
    "made": "when the return was made, with its offset from UTC",
    "method": "the version of the dwell method",
    "coverage_target_percent": "the share of cells that the plan wants covered",
    "minimum_minutes": "from so many minutes on a patrol qualifies",
    "maximum_minutes": "past so many minutes a patrol's time is surplus",
    "open_visits": "visits of the month that are not over: counted as they stand, and may change",
    "settled": "whether nothing of the month is still to end or being worked out",
    "retrospective": "whether the plan was loaded after some of the days began",
    "remarks": "what the figures leave open, in sentences; empty: nothing",
    "definition": "what person-hours are, in sentences",
}
PLAIN: Final[Mapping[str, str]] = {
    "person_hours": "officers' time on patrols, in hours",
    "officer_minutes": "the same in minutes",
    "patrol_minutes": "time patrolled, in minutes; a double crew counts once",
    "patrols": "patrols of 2 minutes or more that belong to a window",
    "patrols_qualifying": "of these, those that lasted the plan's minimum",
    "days": "operational days on which something was required",
    "cells": "what was required: hot spot x window x operational day",
    "cells_covered": "cells with at least one qualifying patrol",
    "cells_complete": "cells with all the patrols required",
    "cells_uncertain": "cells of which the data do not settle whether they are covered or complete",
    "cells_unmeasurable": "cells not covered, and too little was observed",
    "cells_excused": "cells not covered, and officers were abstracted",
    "cells_unfinished": "cells whose window was not over",
    "measurable": "whether enough was observed; not known without duty times",
    "abstracted_hours": "officers' hours on duty taken off the plan; not known without duty times",
}
SHARES: Final[Mapping[str, str]] = {
    "coverage": "cells covered of those required",
    "compliance_cells": "cells complete of those required",
    "compliance_patrols": "qualifying patrols, of each cell at most those required, of these",
    "compliance_minutes": "minutes in windows, of each cell at most those required, of these",
}
MEANS: Final[Mapping[str, str]] = {
    "mean_patrol_minutes": "mean length of qualifying patrols, in minutes",
    "observability_percent": "time on duty with a device that was observed, in per cent; not known "
    "without duty times",
}
FIGURES: Final[Mapping[str, str]] = {
    **PLAIN,
    **{
        f"{name}_{end}": f"{about}{more}"
        for name, about in SHARES.items()
        for end, more in (
            ("percent", ", in per cent; not known where too little was observed"),
            ("low_percent", ": the lowest that the data leave possible"),
            ("high_percent", ": the highest that the data leave possible"),
        )
    },
    **MEANS,
}
# The lists that a template can go through, what one of each is called, and its fields.
LISTS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "organisations": (
        "organisation",
        {
            "name": "police, council wardens, ...; unassigned: nobody's, or of an organisation "
            "that would tell of too few officers whom you may not know",
            **FIGURES,
        },
    ),
    "hotspots": ("hotspot", {"key": "its id", "name": "what it is called", **FIGURES}),
    "abstractions": (
        "abstraction",
        {"reason": "why officers were taken off the plan", "hours": "their hours on duty"},
    ),
}


@dataclass(frozen=True, slots=True)
class Month:
    """What is known of a plan's month; `days` are those of it that have begun.

    `hotspots`: key and name by id. `sight` is of whoever it is made for, so that no row of an
    organisation gives an officer away.
    """

    evidence: Evidence
    days: Period
    hotspots: Mapping[int, tuple[str, str]]
    sight: Sight
    unsettled: Unsettled
    made_us: int


def catalogue() -> Iterator[tuple[str, str]]:
    """Every field, as a template names it, and what it means."""
    yield from ONCE.items()
    for name, about in FIGURES.items():
        yield f"total.{name}", about
    for one, fields in LISTS.values():
        for name, about in fields.items():
            yield f"{one}.{name}", about


def fields(month: Month) -> Fields:
    """What the fields are in a month."""
    whole = report(month.evidence, month.days, "hotspot", month.sight)
    made = report(month.evidence, month.days, "organisation", month.sight)
    total = whole.total
    return {
        **_once(month, total, made.folded, retrospective=whole.retrospective),
        "total": _record(total),
        "organisations": [
            {"name": UNASSIGNED if row.key is None else str(row.key), **_record(row.figures)}
            for row in made.rows
            if row.key is not None or row.figures.patrols
        ],
        "hotspots": [
            {"key": key, "name": name, **_record(row.figures)}
            for row in whole.rows
            if isinstance(row.key, int)
            for key, name in [month.hotspots[row.key]]
        ],
        "abstractions": [
            {"reason": reason, "hours": spent} for reason, spent in whole.abstractions.items()
        ],
    }


def _once(month: Month, total: Figures, folded: int, *, retrospective: bool) -> Record:
    plan, zone = month.evidence.plan, month.evidence.plan.calendar.zone
    first, left = month.days.first, month.unsettled
    changing = left.open_visits or left.recomputing or left.surveying
    return {
        "plan": plan.key,
        "plan_name": plan.name,
        "month": f"{first:%Y-%m}",
        "month_name": f"{first:%B %Y}",
        "first_day": first,
        "last_day": month.days.last,
        "as_at": from_us(month.evidence.as_at_us).astimezone(zone).isoformat(" ", "seconds"),
        "made": from_us(month.made_us).astimezone(zone).isoformat(" ", "seconds"),
        "method": METHOD,
        "coverage_target_percent": _percent(plan.coverage_target),
        "minimum_minutes": plan.minimum_minutes,
        "maximum_minutes": plan.maximum_minutes,
        "open_visits": left.open_visits,
        "settled": not (changing or _goes_on(month, total)),
        "retrospective": retrospective,
        "remarks": " ".join(_remarks(month, total, folded, retrospective=retrospective)),
        "definition": PERSON_HOURS,
    }


def _goes_on(month: Month, total: Figures) -> bool:
    """Whether the month has days to come, or windows that are not over."""
    return (month.days.last + DAY).day != 1 or total.cells_unfinished > 0


def _remarks(month: Month, total: Figures, folded: int, *, retrospective: bool) -> Iterator[str]:
    left = month.unsettled
    if not total.cells:
        yield "The plan asked for nothing on these days."
    if _goes_on(month, total):
        yield f"The month is counted up to {date(month.days.last)}, and is not over."
    if left.open_visits:
        yield f"{counted(left.open_visits, 'visit')} not over: these figures may change."
    if left.recomputing or left.surveying:
        yield "Some of these days are still being worked out: these figures may change."
    if left.erased is not None:
        yield f"Something of these days was erased on {date(left.erased.date())}."
    if total.cells_uncertain:
        yield f"The data leave {counted(total.cells_uncertain, 'cell')} open."
    yield from _observed(total)
    if retrospective:
        yield "The plan was loaded after some of these days began."
    if folded:
        yield (
            f"Not told apart: {counted(folded, 'organisation')}, as that would tell of fewer than "
            f"{month.sight.least} officers."
        )


def _observed(total: Figures) -> Iterator[str]:
    if total.cells and not recorded(total):
        yield "Nothing was recorded on these days: whether anybody patrolled is not known."
    if total.measurable is False and total.coverage.value is None:
        yield "Too little was observed to measure coverage."
    if total.measurable is False and total.mean_patrol_minutes.n:
        yield "Too little was observed to say how long patrols were on average."
    if total.measurable is None:
        yield "How well devices were observed is not known."


def _record(figures: Figures) -> Record:
    found: dict[str, Value] = {name: getattr(figures, name) for name in PLAIN}
    for name in SHARES:
        share = getattr(figures, name)
        ends = {"": share.value, "_low": share.low, "_high": share.high}
        found |= {f"{name}{end}_percent": _percent(value) for end, value in ends.items()}
    found["mean_patrol_minutes"] = figures.mean_patrol_minutes.value
    found["observability_percent"] = _percent(figures.observability.value)
    return found


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
