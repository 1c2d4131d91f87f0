import datetime as dt

import numpy as np
import pytest

from app.compliance.calendar import Calendar
from app.compliance.cells import NEVER_US, HotspotVersions, PlanVersion
from app.compliance.plan import DrawnTrial, Plan, Window
from app.reports.briefing_shift import Shift, by_lot, shift

DAY = dt.date(2026, 1, 15)
WINDOWS = (
    Window("early", dt.time(7), dt.time(15)),
    Window("late", dt.time(14), dt.time(22), patrols=2),
)
PLAN = Plan("p", "Plan", WINDOWS, DAY, DAY + dt.timedelta(days=1), calendar=Calendar())
KEYS = {1: "HS1", 2: "HS2", 3: "HS3", 4: "HS4"}


def at(text: str) -> int:
    return round(dt.datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1_000_000


def briefed(moment: str, plan: Plan = PLAN) -> Shift | None:
    ids, always = np.arange(1, 5), np.full(4, NEVER_US)
    spots = HotspotVersions(ids, 0 * ids, always, 0 * ids, always)
    return shift([PlanVersion(plan, 0)], spots, at(moment), at(moment))


@pytest.mark.parametrize(
    ("moment", "window", "day"),
    [
        ("2026-01-12T12:00", "early", DAY),  # the first there is
        ("2026-01-15T06:30", "early", DAY),
        ("2026-01-15T12:59", "early", DAY),
        ("2026-01-15T13:00", "late", DAY),  # an hour before it starts
        ("2026-01-15T21:59", "late", DAY),
        ("2026-01-15T22:00", "early", DAY + dt.timedelta(days=1)),
    ],
)
def test_the_shift_under_way_or_about_to_begin_is_briefed(
    moment: str, window: str, day: dt.date
) -> None:
    found = briefed(moment)
    assert found is not None
    assert (found.window, found.day) == (window, day)
    assert found.required == dict.fromkeys(KEYS, 2 if window == "late" else 1)


@pytest.mark.parametrize("moment", ["2026-01-16T22:00", "2026-01-01T12:00"])
def test_no_shift_is_briefed_where_none_is_near(moment: str) -> None:
    assert briefed(moment) is None


def test_a_trials_controls_are_not_briefed() -> None:
    trial = Plan(
        "p",
        "Trial",
        WINDOWS,
        DAY,
        hotspots=frozenset(KEYS),
        keys=KEYS,
        trial=DrawnTrial(1, 2),
    )
    found = briefed("2026-01-15T08:00", trial)
    assert found is not None
    assert len(found.required) == 2


def test_the_order_is_drawn_anew_for_each_shift_and_the_same_for_all_who_ask() -> None:
    keys = {number: f"HS{number}" for number in range(20)}
    shifts = [
        Shift(window, DAY + dt.timedelta(days=day), 0, 1, dict.fromkeys(keys, 1))
        for window in ("early", "late")
        for day in range(5)
    ]
    orders = [tuple(by_lot(one, "p", keys)) for one in shifts]
    assert len(set(orders)) == len(orders)
    assert all(sorted(order) == sorted(keys) for order in orders)
    again = by_lot(shifts[0], "p", dict(reversed(keys.items())))
    assert tuple(again) == orders[0]
    # The first in line is not always the same few.
    assert len({order[0] for order in orders}) > 3
