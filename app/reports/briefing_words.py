"""What a briefing says, in sentences that can be read aloud; what is unknown is said to be."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from app.compliance.calendar import DAY
from app.compliance.figures import Figures, Mean, Share
from app.compliance.groups import Period
from app.compliance.plan import Plan
from app.reports.briefing import Owed, Pack, Spot, Thanks
from app.reports.briefing_past import Past
from app.reports.wording import counted, date, goal, hours, lapse, percent, span
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
    """How the last day and the week went."""
    latest, week = pack.latest, pack.week
    if pack.team is not None:
        yield f"These figures are of the whole plan, not of {pack.team} alone."
    if week.figures is None:
        yield (
            f"From {date(week.days.first)} to {date(week.days.last)} the plan asked for nothing: "
            "there are no figures yet."
        )
    else:
        day = date(latest.days.last)
        when = f"Yesterday, {day}," if _is_yesterday(pack) else f"On {day},"
        yield from _went(when, latest, pack.plan)
        yield from _beside("yesterday" if _is_yesterday(pack) else "that day", latest)
        yield from _went(f"In {_week(pack)},", week, pack.plan)
        yield from _unrecorded(week)
        yield from _beside("in the week", week)
        yield _observability(week.figures, pack.plan)
    if pack.unfinished is not None:
        yield from _so_far(pack.unfinished)


def _is_yesterday(pack: Pack) -> bool:
    """Whether the last day that is judged is the one before the briefing's."""
    return pack.week.days.last == pack.plan.calendar.day_of(pack.moment_us) - DAY


def _week(pack: Pack) -> str:
    if _is_yesterday(pack):
        return "the last seven days"
    return f"the seven days to {date(pack.week.days.last)}"


def _went(when: str, past: Past, plan: Plan) -> Iterator[str]:
    if past.figures is None:
        yield f"{when} the plan asked for nothing."
        return
    if not past.recorded:
        asked = counted(past.figures.cells, "cell")
        yield (f"{when} nothing was recorded, of {asked}: whether anybody patrolled is not known.")
        return
    share, target = past.figures.coverage, plan.coverage_target
    if share.value is None:
        yield (
            f"{when} coverage cannot be measured, as too little was observed: as far as was seen, "
            f"{_covered(past.figures)}, and it may be {span(share.low, share.high, target)}."
        )
        return
    between = span(share.low, share.high, target, to="and")
    known = percent(share.value, target)
    around = "" if between == known else f"; between {between}"
    yield f"{when} {_covered(past.figures)} ({known}{around}). {_verdict(share, plan)}"


def _unrecorded(week: Past) -> Iterator[str]:
    if week.recorded and week.unrecorded:
        yield (
            f"Nothing was recorded on the days of {counted(week.unrecorded, 'cell')} of these: "
            "they may have been covered, but count as owed."
        )


def _covered(figures: Figures) -> str:
    were = "was" if 1 in {figures.cells_covered, figures.cells} else "were"
    return f"{figures.cells_covered:,} of {counted(figures.cells, 'cell')} {were} covered"


def _so_far(past: Past) -> Iterator[str]:
    """Of days that may still get their patrols there is no verdict, and no share."""
    if past.figures is not None:
        left = counted(past.figures.cells_unfinished, "cell")
        yield (
            f"{_days(past.days)} not over: so far {_covered(past.figures)}, and the windows of "
            f"{left} were still to end. That is in none of these figures."
        )


def _days(days: Period) -> str:
    if days.first == days.last:
        return f"{date(days.first)} was"
    return f"{date(days.first)} to {date(days.last)} were"


def _verdict(share: Share, plan: Plan) -> str:
    target = f"The target is {goal(plan.coverage_target)}"
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
    told = f"Devices were observed {_observed(seen.value, plan)} of their time on duty"
    if figures.measurable is False:
        return f"{told}: too little to tell; {goal(plan.least_observability)} are needed."
    return f"{told}."


def changed(pack: Pack) -> str:
    """From when on it says what changed."""
    return f"What changed since {date(pack.week.days.first)}"


def figures(pack: Pack) -> Iterator[tuple[str, str, str]]:
    """The table of figures, its head first: what it is, on the last day, and in the week.

    Nothing where nothing was recorded in the week.
    """
    latest, week = pack.latest, pack.week
    if not week.recorded:
        return
    if _is_yesterday(pack):
        yield "Figures", "Yesterday", "Last seven days"
    else:
        yield "Figures", date(latest.days.last), "Seven days to then"
    for what, told in _TABLE.items():
        yield what, _asked(told, latest, pack.plan), _asked(told, week, pack.plan)


def _asked(told: "_Told", past: Past, plan: Plan) -> str:
    if past.figures is None:
        return "nothing asked for"
    return told(past.figures, plan) if past.recorded else "nothing recorded"


def _share(share: Share, plan: Plan) -> str:
    if not share.n:
        return "nothing asked for"
    target = plan.coverage_target
    known = "not measurable" if share.value is None else percent(share.value, target)
    between = span(share.low, share.high, target)
    around = "" if between == known else f" ({between})"
    return f"{known}{around} of {share.n:,.0f}"


def _observed(share: float | None, plan: Plan) -> str:
    return percent(share, plan.least_observability)


def _mean(mean: Mean) -> str:
    if not mean.n:
        return "none known"
    if mean.value is None:
        return f"too little observed to say, of {mean.n:,}"
    return f"{mean.value:.1f} min, of {mean.n:,}"


_Told = Callable[[Figures, Plan], str]
_TABLE: Final[Mapping[str, _Told]] = {
    "Coverage: cells with a patrol": lambda one, plan: _share(one.coverage, plan),
    "Cells with all their patrols": lambda one, plan: _share(one.compliance_cells, plan),
    "Patrols made of those asked for": lambda one, plan: _share(one.compliance_patrols, plan),
    "Minutes patrolled of those asked for": lambda one, plan: _share(one.compliance_minutes, plan),
    "Mean length of a patrol": lambda one, _: _mean(one.mean_patrol_minutes),
    "Observed, of time on duty": lambda one, plan: _observed(one.observability.value, plan),
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
        yield f"{pack.team} made {counted(given.own, 'patrol')} that count in {_week(pack)}."
    if given.most:
        named = "; ".join(f"{name} ({number:,})" for name, number in given.most)
        yield f"Thanks for the most patrols that count in {_week(pack)}: {named}{_more(given)}."
    else:
        yield f"Nobody who may be named here made a patrol that counts in {_week(pack)}."
    if given.folded:
        yield (
            f"Not named: {counted(given.folded, 'team')}, of whom so few were out that it would "
            "tell who they were."
        )


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
        f"{least} minutes on; a double crew is one patrol. “Owed” are the patrols that "
        f"{_week(pack)} asked for and did not get."
    )
    if pack.spots:
        yield "The order of the hot spots is drawn by lot for each shift: nobody can foresee it."
    yield (
        f"As known at {moment(pack.as_at_us, zone)}, “last patrol” too; "
        f"made at {moment(pack.made_us, zone)}."
    )
    if pack.open_visits:
        yield f"{counted(pack.open_visits, 'visit')} of the week not over: figures may change."
    if pack.unsettled:
        yield "Some of these days are still being worked out: figures may change."
    if pack.erased is not None:
        yield f"Something of these days was erased on {date(pack.erased.date())}."
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
