"""What has changed of a plan, its hot spots and their tasks, in sentences."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.compliance.existence import listed
from app.compliance.plan import EVERY_DAY, Plan, Window
from app.reports.wording import goal
from app.storage.briefings import Words
from app.storage.hotspots import HotspotVersion

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Situation:
    """A plan (None: there was none), the hot spots that there are, and what to do at each; by id.

    As known at a moment.
    """

    plan: Plan | None
    places: Mapping[int, HotspotVersion]
    words: Mapping[int, Words]


def changes(before: Situation, after: Situation, tasked: Iterable[int]) -> list[str]:
    """What is otherwise than it was; of tasks, those at the hot spots (ids) that are `tasked`."""
    if after.plan is None:
        return []
    if before.plan is None:
        return ["The plan is new."]
    told = [*_of_plan(before.plan, after.plan), *_of_places(before, after)]
    return [*told, *_of_tasks(before, after, tasked)]


# What is said of a plan, and how.
_MEASURES: Mapping[str, Callable[[Plan], str]] = {
    "The coverage target": lambda plan: goal(plan.coverage_target),
    "The shortest patrol that counts": lambda plan: f"{plan.minimum_minutes:g} minutes",
    "The longest, past which time is surplus,": lambda plan: f"{plan.maximum_minutes:g} minutes",
    "The first day of the plan": lambda plan: f"{plan.first_day}",
    "The last day of the plan": lambda plan: (
        "open" if plan.last_day is None else f"{plan.last_day}"
    ),
}


def _of_plan(before: Plan, after: Plan) -> Iterator[str]:
    for what, of in _MEASURES.items():
        if of(before) != of(after):
            yield f"{what} is now {of(after)}; it was {of(before)}."
    old, new = ({one.name: one for one in plan.windows} for plan in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"The window {name} is no longer in the plan."
        elif name not in old:
            yield f"The window {name} is new: {_window(new[name])}."
        elif old[name] != new[name]:
            yield f"The window {name} is now {_window(new[name])}; it was {_window(old[name])}."
    if before.trial != after.trial:
        yield "Which hot spots are a trial's on which days was changed."


def _window(window: Window) -> str:
    days = (
        ""
        if window.weekdays == EVERY_DAY
        else ", " + " ".join(_WEEKDAYS[day] for day in sorted(window.weekdays))
    )
    plural = "" if window.patrols == 1 else "s"
    each = "in all" if window.by_weight else "each"
    return (
        f"{window.start:%H:%M} to {window.end:%H:%M}{days}, {window.patrols} patrol{plural} {each}"
    )


def _of_places(before: Situation, after: Situation) -> Iterator[str]:
    old, new = _asked(before), _asked(after)
    added = [place for id_, place in new.items() if id_ not in old]
    gone = [place for id_, place in old.items() if id_ not in new]
    both = [(old[id_], place) for id_, place in new.items() if id_ in old]
    if added:
        yield f"New in the plan: {_named(added)}."
    if gone:
        yield f"No longer in the plan: {_named(gone)}."
    redrawn = [place for was, place in both if not was.same_shape(place)]
    if redrawn:
        yield f"Redrawn: {_named(redrawn)}."
    for was, place in both:
        if was.name != place.name:
            yield f"{place.key} is now called {place.name}; it was {was.name}."


def _asked(situation: Situation) -> Mapping[int, HotspotVersion]:
    """The hot spots of the plan that there are."""
    named = None if situation.plan is None else situation.plan.hotspots
    if named is None:
        return situation.places
    return {id_: place for id_, place in situation.places.items() if id_ in named}


def _named(places: Iterable[HotspotVersion]) -> str:
    return listed(sorted(f"{place.key} {place.name}".strip() for place in places))


def _of_tasks(before: Situation, after: Situation, tasked: Iterable[int]) -> Iterator[str]:
    changed = [id_ for id_ in tasked if before.words.get(id_) != after.words.get(id_)]
    found = [after.places[id_] for id_ in changed if id_ in after.places]
    if found:
        yield f"What to do was changed at {_named(found)}."
