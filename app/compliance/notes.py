"""What to know of a plan that can be meant, but may not be what was meant."""

from collections.abc import Iterator

from app.compliance import existence
from app.compliance.existence import Days, listed
from app.compliance.plan import Plan, Window
from app.compliance.visits import LEAST_US
from geofence.model import MINUTE_US

_DAY = 24 * 60
_WEEK = 7 * _DAY


def notes(plan: Plan, days: Days) -> list[str]:
    """Sentences about lengths, windows and hot spots; `days` is when each hot spot exists."""
    return [*_lengths(plan), *_overlaps(plan), *existence.notes(plan, days)]


def _lengths(plan: Plan) -> Iterator[str]:
    if plan.minimum_us < LEAST_US:
        least = LEAST_US / MINUTE_US
        yield (
            f"minimum_minutes: a patrol is at least {least:g} minutes long, and what is shorter a "
            f"pass-through, so that {plan.minimum_minutes:g} asks for {least:g}"
        )


def _overlaps(plan: Plan) -> Iterator[str]:
    # In the order of their starts, one that overlaps any before it overlaps that which ends last.
    times = sorted(_week(plan), key=lambda one: one[:2])
    names = set()
    for (_, end, name), (start, _, later) in _after_longest(times):
        if start < end:
            names |= {name, later}
    if names:
        yield (
            f"windows {listed(sorted(names))}: they overlap, and a patrol counts for one of them "
            "only, for the one that holds most of it"
        )


def _after_longest(
    times: list[tuple[int, int, str]],
) -> Iterator[tuple[tuple[int, int, str], tuple[int, int, str]]]:
    """Each but the first, after whichever of those before it ends last."""
    longest = times[0]
    for one in times[1:]:
        yield longest, one
        longest = max(longest, one, key=lambda each: each[1])


def _week(plan: Plan) -> Iterator[tuple[int, int, str]]:
    """Windows of a week, and of the day after it, in minutes by the clocks on the wall."""
    for window in plan.windows:
        start, end = _times(plan, window)
        for day in window.weekdays:
            yield start + day * _DAY, end + day * _DAY, window.name
            if day == 0:
                yield start + _WEEK, end + _WEEK, window.name


def _times(plan: Plan, window: Window) -> tuple[int, int]:
    """When it begins and ends, from the midnight on that its operational day has."""
    start = window.start.hour * 60 + window.start.minute
    end = window.end.hour * 60 + window.end.minute
    later = _DAY if window.start < plan.calendar.day_start else 0
    return start + later, end + later + (_DAY if window.end <= window.start else 0)
