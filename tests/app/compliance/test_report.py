"""Reports as a whole: rows add up, order does not matter, clocks may change, makers have theirs."""

import datetime as dt
from dataclasses import asdict, fields, replace
from typing import TypeAlias, TypeVar

import numpy as np
import pytest
from columnmaking import CASES
from compliance_rows import Visit, assignments, ints, visits
from hypothesis import given, settings
from hypothesis import strategies as st

from app.compliance.calendar import DAY, Calendar
from app.compliance.cells import NEVER_US, HotspotVersions, PlanVersion
from app.compliance.duty import DutyTimes, Officers
from app.compliance.figures import Figures, Share
from app.compliance.groups import Grouping, Makers, Parts, Period
from app.compliance.intervals import Intervals
from app.compliance.plan import ListedTrial, Plan, Window
from app.compliance.reckoning import Evidence
from app.compliance.report import report
from app.compliance.veil import Sight
from app.compliance.visits import Assignments, VisitColumns
from geofence.model import MINUTE_US

SUMS = (
    *("cells", "cells_covered", "cells_complete", "cells_uncertain", "cells_unmeasurable"),
    *("cells_excused", "cells_answered", "cells_unfinished", "patrols", "patrols_qualifying"),
    *("surplus_patrols", "surplus_minutes", "pass_throughs", "patrol_minutes", "officer_minutes"),
)
SHARES = (
    *("coverage", "compliance_cells", "compliance_patrols", "compliance_minutes"),
    *("excused", "as_treated", "as_assigned"),
)
Columns = TypeVar("Columns")


Case: TypeAlias = tuple[Evidence, Period]


def summed(rows: list[Figures], name: str) -> float:
    return sum(getattr(row, name) for row in rows)


@given(CASES, st.sampled_from(["hotspot", "day", "week", "month", "window", "shift"]))
@settings(max_examples=60)
def test_rows_of_places_and_times_add_up_to_the_total(case: Case, by: Parts) -> None:
    answer = report(*case, by)
    rows = [row.figures for row in answer.rows]
    for name in SUMS:
        assert summed(rows, name) == pytest.approx(getattr(answer.total, name)), name
    for name in SHARES:
        whole = getattr(answer.total, name)
        parts = [getattr(row, name) for row in rows]
        assert sum(part.n for part in parts) == pytest.approx(whole.n), name
        high = sum((part.high or 0) * part.n for part in parts)
        assert high == pytest.approx((whole.high or 0) * whole.n), name
    if by not in {"window", "shift"}:
        minutes = sum(row.background.minutes for row in rows)
        assert minutes == pytest.approx(answer.total.background.minutes)
        assert sum(row.background.n for row in rows) == answer.total.background.n
    if answer.total.control:
        controls = [row.control.cells for row in rows if row.control]
        assert sum(controls) == answer.total.control.cells


@given(CASES, st.sampled_from(["team", "organisation", "officer"]))
@settings(max_examples=60)
def test_officers_time_adds_up_over_whoever_spent_it(case: Case, by: Makers) -> None:
    answer = report(*case, by)
    rows = [row.figures for row in answer.rows]
    for name in ("officer_minutes", "person_hours"):
        assert summed(rows, name) == pytest.approx(getattr(answer.total, name))


@given(CASES, st.sampled_from(["hotspot", "day", "team", "source", "officer"]))
@settings(max_examples=40)
def test_no_share_is_over_one_and_each_lies_in_its_range(case: Case, by: Grouping) -> None:
    answer = report(*case, by)
    for found in [answer.total, *(row.figures for row in answer.rows)]:
        assert sum(found.bands.values()) == found.patrols
        shares = [getattr(found, name) for name in SHARES]
        shares += [found.control.contaminated] if found.control else []
        for share in shares:
            if share.n:
                assert 0 <= share.low <= share.high <= 1
                assert share.value is None or share.low <= share.value <= share.high


@given(CASES, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_what_is_known_does_not_matter(case: Case, random: object) -> None:
    given_, period = case

    def shuffled(columns: Columns) -> Columns:
        names = [field.name for field in fields(columns)]  # type: ignore[arg-type] # a dataclass
        arrays = {n: v for n in names if isinstance(v := getattr(columns, n), np.ndarray)}
        order = list(range(len(next(iter(arrays.values())))))
        random.shuffle(order)  # type: ignore[attr-defined] # hypothesis' own Random
        kept = np.array(order, dtype=np.int64)
        return replace(columns, **{name: value[kept] for name, value in arrays.items()})  # type: ignore[type-var] # a dataclass

    mixed = replace(
        given_,
        visits=_reordered(given_.visits, random),
        **{
            name: shuffled(getattr(given_, name))
            for name in ("assignments", "duty", "abstractions", "officers", "hours", "nearby")
        },
    )
    for by in ("shift", "team"):
        one, other = report(given_, period, by), report(mixed, period, by)
        assert [row.key for row in one.rows] == [row.key for row in other.rows]
        assert [asdict(row.figures) for row in one.rows] == [asdict(r.figures) for r in other.rows]


def _reordered(visits: VisitColumns, random: object) -> VisitColumns:
    """The same visits in another order, and their sure stretches with them."""
    order = list(range(len(visits)))
    random.shuffle(order)  # type: ignore[attr-defined] # hypothesis' own Random
    kept = np.array(order, dtype=np.int64)
    rows = {
        field.name: getattr(visits, field.name)[kept]
        for field in fields(visits)
        if field.name != "sure"
    }
    place = np.empty(len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    by_place = np.argsort(place[visits.sure.group], kind="stable")
    sure = visits.sure.take(by_place)
    return VisitColumns(**rows, sure=Intervals(place[sure.group], sure.start_us, sure.end_us))


# A night that the clocks go forward in (00:30 to 04:30 has three hours), and one that has five.
NIGHT = Window("night", dt.time(0, 30), dt.time(4, 30), patrols=2)
LONDON = Calendar()


def night(day: dt.date, *done: Visit) -> Evidence:
    """One hot spot and one night; visits in minutes from 00:30 of the date after `day`."""
    start_us = LONDON.at(day + DAY, dt.time(0, 30))
    found = visits(*done)
    moved = {
        name: getattr(found, name) + start_us
        for name in ("enter_us", "exit_us", "outer_from_us", "outer_to_us")
    }
    sure = Intervals(found.sure.group, found.sure.start_us + start_us, found.sure.end_us + start_us)
    long_ago, never = ints([0]), ints([NEVER_US])
    return Evidence(
        plans=[PlanVersion(Plan("p", "P", (NIGHT,), dt.date(2026, 1, 1)), 0)],
        hotspots=HotspotVersions(ints([1]), long_ago, never, long_ago, never),
        visits=replace(found, sure=sure, **moved),
        assignments=assignments(),
        as_at_us=start_us + 30 * 24 * 60 * MINUTE_US,
    )


@pytest.mark.parametrize(
    ("day", "hours"),
    [(dt.date(2026, 3, 27), 4), (dt.date(2026, 3, 28), 3), (dt.date(2026, 10, 24), 5)],
)
def test_a_night_in_which_the_clocks_are_changed_is_as_long_as_it_was(
    day: dt.date, hours: int
) -> None:
    length = hours * 60
    done = (
        Visit(1, 1, 5, 17),
        Visit(1, 1, length - 11, length),  # the last there is of the window
        Visit(1, 1, length + 1, length + 13),  # after it
    )
    answer = report(night(day, *done), Period(day, day), "day")
    assert [row.key for row in answer.rows] == [day]
    assert answer.total.compliance_patrols == Share(1, 1, 1, 2)
    assert answer.total.patrol_minutes == 23
    assert answer.total.background.minutes == 12
    # The operational day ends at 06:00, 90 minutes after the window.
    assert answer.total.recency.mean_minutes == 90


def test_days_of_one_week_are_the_same_alone_and_together() -> None:
    day = dt.date(2026, 3, 28)
    known = night(day, Visit(1, 1, 5, 17), Visit(1, 1, 23 * 60 + 5, 23 * 60 + 17))
    both = report(known, Period(day, day + DAY), "day").rows
    for row in both:
        alone = report(known, Period(row.key, row.key), "day")  # type: ignore[arg-type] # a day
        assert [one.figures for one in alone.rows] == [row.figures]
        assert alone.total == row.figures
    assert [row.figures.patrols for row in both] == [1, 1]


def test_trend_is_of_days_weeks_and_months_only() -> None:
    day = dt.date(2026, 3, 27)
    known = night(day, Visit(1, 1, 5, 17))
    period = Period(day, day + 3 * DAY)
    trends = [row.trend for row in report(known, period, "week").rows]
    assert [trend and trend.change for trend in trends] == [None, -1 / 3]
    assert trends[0] is not None
    assert trends[0].against_target == pytest.approx(1 / 3 - 0.9)
    assert [row.trend for row in report(known, period, "hotspot").rows] == [None]


def test_trend_goes_by_the_target_that_each_day_had() -> None:
    day = dt.date(2026, 3, 27)
    known = night(day, Visit(1, 1, 5, 17))
    changed_us = LONDON.start_of(day) + 1
    after = replace(known.plan, coverage_target=0.5)
    versions = [PlanVersion(known.plan, 0, changed_us), PlanVersion(after, changed_us)]
    changed = replace(known, plans=versions)
    rows = report(changed, Period(day, day + DAY), "day").rows
    assert [row.trend and row.trend.against_target for row in rows] == pytest.approx([0.1, -0.5])
    # Of a week with both, the higher.
    (week,) = report(changed, Period(day, day + DAY), "week").rows
    assert week.trend is not None
    assert week.trend.against_target == pytest.approx(-0.4)


def test_controls_that_the_plan_no_longer_has_are_told_of_the_days_that_had_them() -> None:
    day = dt.date(2026, 3, 27)
    known = night(day, Visit(1, 1, 5, 17))
    changed_us = LONDON.start_of(day + DAY)
    trial = replace(known.plan, trial=ListedTrial({(1, day): False}))
    versions = [PlanVersion(trial, 0, changed_us), PlanVersion(known.plan, changed_us)]
    answer = report(replace(known, plans=versions), Period(day, day + DAY), "day")
    assert answer.total.control is not None
    assert (answer.total.control.cells, answer.total.control.patrols) == (1, 1)
    later = report(replace(known, plans=versions), Period(day + DAY, day + DAY), "day")
    assert later.total.control is None


def test_a_team_of_few_on_one_day_has_no_row_of_two() -> None:
    """Else its row of the first day taken off that of both would be that officer's own."""
    day, least = dt.date(2026, 3, 25), Sight(known=(), least=3)
    start_us, day_us = LONDON.start_of(day), 24 * 60 * MINUTE_US
    held = [(officer, 0, 2 if officer in {1, 2, 3, 4} else 1) for officer in range(1, 7)]
    known = replace(
        night(day),
        officers=Officers(ints(range(1, 7)), ints([10] * 3 + [20] * 3), ints([0] * 6), ("police",)),
        assignments=Assignments(
            device=ints([officer for officer, _, _ in held]),
            officer=ints([officer for officer, _, _ in held]),
            start_us=ints([start_us + first * day_us for _, first, _ in held]),
            end_us=ints([start_us + end * day_us for _, _, end in held]),
        ),
    )

    def teams(evidence: Evidence, first: dt.date, last: dt.date) -> list[object]:
        return [row.key for row in report(evidence, Period(first, last), "team", least).rows]

    assert teams(known, day, day) == [10, 20]
    assert teams(known, day + DAY, day + DAY) == teams(known, day, day + DAY) == [None]
    # On duty without a device, one has hours of duty, which a row tells of as well.
    alone = DutyTimes(ints([5]), ints([start_us]), ints([start_us + MINUTE_US]))
    assert teams(replace(known, duty=alone), day, day) == [None, 10]
