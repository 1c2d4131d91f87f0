"""Whether the hot spots of a plan exist on its days: what to refuse, and what to say."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from app.compliance.cells import NEVER_US, HotspotVersions
from app.compliance.plan import ListedTrial, Plan, PlanError

_MOST_NAMED = 5  # hot spots in a sentence: as many as one reads

Lasts = tuple[dt.date, dt.date | None]
"""A hot spot's first operational day, and its last (None: without end)."""
Days = Mapping[int, Lasts]


def days_of(plan: Plan, hotspots: HotspotVersions, known_us: int) -> Days:
    """Each hot spot's first operational day, and its last (None: without end), as believed then.

    By the plan's calendar; those that are never valid are left out.
    """
    calendar = plan.calendar
    believed = (hotspots.known_from_us <= known_us) & (known_us < hotspots.known_to_us)
    first_us: dict[int, int] = {}
    end_us: dict[int, int] = {}
    columns = (hotspots.hotspot, hotspots.valid_from_us, hotspots.valid_to_us)
    for spot, start, end in zip(*(column[believed].tolist() for column in columns), strict=True):
        first_us[spot] = min(start, first_us.get(spot, NEVER_US))
        end_us[spot] = max(end, end_us.get(spot, start))
    return {
        spot: (
            calendar.day_of(start),
            None if end_us[spot] == NEVER_US else calendar.day_of(end_us[spot] - 1),
        )
        for spot, start in first_us.items()
    }


def absence(hotspot: str, lasts: Lasts | None, day: dt.date) -> str | None:
    """What is wrong with asking for a hot spot on a day, by the days it `lasts`; None: nothing."""
    if lasts is None:
        return f"{hotspot} is valid on no day"
    first, last = lasts
    if first <= day and (last is None or day <= last):
        return None
    until = "on" if last is None else f"to {last}"
    return f"{hotspot} is not valid on {day}: it is from {first} {until}"


def require_valid(plan: Plan, days: Days) -> None:
    """Raises PlanError where a trial lists a hot spot on a day on which it is not valid."""
    if not isinstance(plan.trial, ListedTrial):
        return
    for index, (spot, day) in enumerate(plan.trial.days):
        where, what = f"trial.days[{index}]", absence(plan.named(spot), days.get(spot), day)
        if what is not None:
            raise PlanError(where, what)


def notes(plan: Plan, days: Days) -> list[str]:
    """What to know of hot spots that are not there on all days, or any, of their plan."""
    if plan.hotspots is None:
        some = any(_meets(plan, *lasts) for lasts in days.values())
        return [] if some else ["no hot spot is valid on its days, so that nothing is asked for"]
    named = sorted(plan.hotspots or (), key=plan.named)
    late: dict[dt.date, list[str]] = {}
    early: dict[dt.date, list[str]] = {}
    never = [plan.named(spot) for spot in named if spot not in days]
    for spot in named:
        first, last = days.get(spot, (plan.first_day, None))
        if first > plan.first_day:
            late.setdefault(first, []).append(plan.named(spot))
        if last is not None and (plan.last_day is None or last < plan.last_day):
            early.setdefault(last, []).append(plan.named(spot))
    return list(_sentences(never, late, early))


def _meets(plan: Plan, first: dt.date, last: dt.date | None) -> bool:
    """Whether days from one to another include any of the plan's."""
    begun = plan.last_day is None or first <= plan.last_day
    return begun and (last is None or plan.first_day <= last)


def _sentences(
    never: list[str], late: Mapping[dt.date, list[str]], early: Mapping[dt.date, list[str]]
) -> Iterator[str]:
    if never:
        yield f"{listed(never)}: valid on no day, so that nothing is asked for there"
    for day, keys in sorted(late.items()):
        yield f"{listed(keys)}: valid from {day} on, so that nothing is asked for there before"
    for day, keys in sorted(early.items()):
        yield f"{listed(keys)}: valid until {day}, so that nothing is asked for there after"


def listed(keys: Iterable[str]) -> str:
    """The first few, and how many more there are."""
    keys = list(keys)
    more = len(keys) - _MOST_NAMED
    shown = ", ".join(keys[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
