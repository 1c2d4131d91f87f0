"""What a briefing says, in sentences that can be read aloud; what is unknown is said to be."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from app.compliance.figures import Figures, Mean, Share
from app.compliance.plan import Plan
from app.reports.briefing import Owed, Pack, Past, Spot, Thanks
from app.reports.wording import counted, date, hours, is_settled, lapse, percent, span
from app.storage.types import from_us


def shift(pack: Pack) -> str:
    """Which shift it is."""
    if pack.shift is None:
        return "The plan asks for nothing in the next seven days."
    on, zone = pack.shift, pack.plan.calendar.zone
    times = f"{clock(on.start_us, zone)} to {clock(on.end_us, zone)}"
    return f"{on.window}, {date(on.day)}, {times}"


def due(pack: Pack) -> str:
    """What the shift is to do."""
    if pack.shift is None:
        return ""
    patrols = sum(pack.shift.required.values())
    low, high = f"{pack.plan.minimum_minutes:g}", f"{pack.plan.maximum_minutes:g}"
    return (
        f"This shift: {counted(patrols, 'patrol')} of {low} to {high} minutes, "
        f"at {counted(len(pack.spots), 'hot spot')}."
    )


def headlines(pack: Pack) -> Iterator[str]:
    """How yesterday and the week went."""
    yesterday, week = pack.yesterday, pack.week
    if week.figures is None:
        yield (
            f"From {date(week.days.first)} to {date(week.days.last)} the plan asked for nothing: "
            "there are no figures yet."
        )
        return
    when = f"Yesterday, {date(yesterday.days.first)},"
    if yesterday.figures is None:
        yield f"{when} the plan asked for nothing."
    else:
        yield from _coverage(when, yesterday.figures, pack.plan)
        yield from _beside("yesterday", yesterday)
    yield from _coverage("In the last seven days", week.figures, pack.plan)
    yield from _beside("in the week", week)
    yield _observability(week.figures, pack.plan)


def _coverage(when: str, figures: Figures, plan: Plan) -> Iterator[str]:
    share = figures.coverage
    covered = f"{figures.cells_covered:,} of {counted(figures.cells, 'cell')}"
    were = "was" if figures.cells_covered == 1 else "were"
    if share.value is None:
        yield (
            f"{when} coverage cannot be measured, as too little was observed: as far as was seen, "
            f"{covered} {were} covered, and it may be {span(share.low, share.high)}."
        )
        return
    known = percent(share.value) + ("" if is_settled(share) else f"; between {_between(share)}")
    yield f"{when} {covered} {were} covered ({known}). {_verdict(share, plan)}"
    if figures.cells_unfinished:
        yield f"Of these, the windows of {counted(figures.cells_unfinished, 'cell')} were not over."


def _between(share: Share) -> str:
    return span(share.low, share.high).replace(" to ", " and ")


def _verdict(share: Share, plan: Plan) -> str:
    target = f"The target is {percent(plan.coverage_target)}"
    if share.low is not None and share.low >= plan.coverage_target:
        return f"{target}, and was met."
    if share.high is not None and share.high < plan.coverage_target:
        return f"{target}, and was missed."
    return f"{target}; the data leave open whether it was met."


def _beside(when: str, past: Past) -> Iterator[str]:
    """What stands beside a figure: it changes none."""
    for reason, spent in past.abstractions.items():
        yield f"Taken off the plan {when}: {hours(spent)} of officers' duty, for {reason}."
    figures = past.figures
    if figures is not None and figures.cells_answered:
        cells = counted(figures.cells_answered, "cell")
        yield f"Of {cells} not covered {when}, officers said why they could not attend."


def _observability(figures: Figures, plan: Plan) -> str:
    seen = figures.observability
    if seen.value is None:
        return "How well devices were observed is not known: no duty times are."
    told = f"Devices were observed {percent(seen.value)} of their time on duty"
    if figures.measurable is False:
        return f"{told}: too little to tell; {percent(plan.least_observability)} are needed."
    return f"{told}."


def figures(pack: Pack) -> Iterator[tuple[str, str, str]]:
    """The rows of the table of figures: what it is, yesterday, and in the week."""
    yesterday, week = pack.yesterday.figures, pack.week.figures
    for what, told in _TABLE.items():
        yield what, told(yesterday), told(week)


def _share(share: Share) -> str:
    if not share.n:
        return _NOTHING
    known = "not measurable" if share.value is None else percent(share.value)
    around = "" if is_settled(share) else f" ({span(share.low, share.high)})"
    return f"{known}{around} of {share.n:,.0f}"


def _mean(mean: Mean) -> str:
    if not mean.n:
        return "no patrols"
    return "not measurable" if mean.value is None else f"{mean.value:.1f} min, of {mean.n:,}"


def _told(of: Callable[[Figures], str]) -> Callable[[Figures | None], str]:
    return lambda figures: _NOTHING if figures is None else of(figures)


_NOTHING: Final = "nothing asked for"
_TABLE: Final = {
    "Coverage: cells with a patrol": _told(lambda one: _share(one.coverage)),
    "Cells with all their patrols": _told(lambda one: _share(one.compliance_cells)),
    "Patrols made of those asked for": _told(lambda one: _share(one.compliance_patrols)),
    "Minutes patrolled of those asked for": _told(lambda one: _share(one.compliance_minutes)),
    "Mean length of a patrol": _told(lambda one: _mean(one.mean_patrol_minutes)),
    "Observed, of time on duty": _told(lambda one: percent(one.observability.value)),
}


def owed(owed: Owed | None) -> str:
    """How many patrols."""
    if owed is None:
        return "new"
    if owed.low == owed.high:
        return f"{owed.low}"
    around = f"{owed.low} to {owed.high}"
    return f"{around}?" if owed.patrols is None else f"{owed.patrols} ({around})"


def since(spot: Spot) -> str:
    """How long ago the last qualifying patrol of a hot spot was."""
    return "none known" if spot.since_minutes is None else lapse(spot.since_minutes)


def thanks(pack: Pack) -> Iterator[str]:
    """Whom to thank."""
    given = pack.thanks
    if given.own is not None and pack.team is not None:
        yield f"{pack.team} made {counted(given.own, 'patrol')} that count in the last seven days."
    if not given.most:
        yield "Nobody who may be named here made a patrol that counts in the last seven days."
        return
    named = "; ".join(f"{name} ({number:,})" for name, number in given.most)
    yield f"Thanks for the most patrols that count in the last seven days: {named}{_more(given)}."


def _more(given: Thanks) -> str:
    if not given.more:
        return ""
    return f"; and {counted(given.more, 'other')} with as many as the last"


def foot(pack: Pack) -> Iterator[str]:
    """How the figures are meant, and what may still change them."""
    zone = pack.plan.calendar.zone
    least = f"{pack.plan.minimum_minutes:g}"
    yield (
        "A cell is one hot spot in one window on one day. A patrol counts from "
        f"{least} minutes on; a double crew is one patrol. “Owed” are the patrols that the last "
        "seven days asked for and did not get."
    )
    if pack.spots:
        yield "The order of the hot spots is drawn by lot for each shift: nobody can foresee it."
    yield f"As known at {moment(pack.as_at_us, zone)}; made at {moment(pack.made_us, zone)}."
    if pack.open_visits:
        yield f"{counted(pack.open_visits, 'visit')} of the week not over: figures may change."
    if pack.unsettled:
        yield "Some of these days are still being worked out: figures may change."
    if pack.retrospective:
        yield "The plan was loaded after some of these days began."


def moment(time_us: int, zone: ZoneInfo) -> str:
    """A moment by the plan's clocks."""
    local = from_us(time_us).astimezone(zone)
    return f"{date(local.date())}, {local:%H:%M %Z}"


def clock(time_us: int, zone: ZoneInfo) -> str:
    """The time of day by the plan's clocks."""
    local: dt.datetime = from_us(time_us).astimezone(zone)
    return f"{local:%H:%M}"
