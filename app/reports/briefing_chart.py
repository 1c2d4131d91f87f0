"""How the days of the week were covered: a bar each, with its range, against the target."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.compliance.cells import days as days_of
from app.compliance.figures import Figures, Share
from app.compliance.groups import Period
from app.reports.wording import goal, percent

WIDTH: Final = 250.0  # of paper, in points
HEIGHT: Final = 120.0
_TOP, _FOOT, _LEFT = 14.0, 26.0, 26.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A day: where it stands, what is written below and above it, and its heights on paper.

    `value` None: not measurable, or nothing was asked for; `low` and `high` None: the latter.
    """

    x: float
    width: float
    day: str
    label: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, and the heights of the foot, the target and 100 %."""

    bars: Sequence[Bar]
    foot: float
    target: float
    top: float
    left: float
    target_label: str


def chart(week: Period, found: Mapping[dt.date, Figures], target: float) -> Chart:
    """The chart of a week's coverage."""
    every = list(days_of(week.first, week.last))
    step = (WIDTH - _LEFT) / len(every)
    bars = [
        _bar(_LEFT + step * (number + 0.2), step * 0.6, day, found.get(day), target)
        for number, day in enumerate(every)
    ]
    return Chart(bars, _y(0), _y(target), _y(1), _LEFT, goal(target))


def _bar(x: float, width: float, day: dt.date, figures: Figures | None, target: float) -> Bar:
    share = Share(None, None, None, 0) if figures is None else figures.coverage
    heights = (None if one is None else _y(one) for one in (share.value, share.low, share.high))
    known = "?" if share.value is None else percent(share.value, target)
    label = "none" if share.high is None else known
    return Bar(x, width, f"{day:%a} {day.day}", label, *heights)


def _y(share: float) -> float:
    return round(HEIGHT - _FOOT - share * (HEIGHT - _FOOT - _TOP), 1)
