"""Place-days: how each hot spot was assigned on each day, and what it got."""

from dataclasses import replace
from typing import TypeAlias

import plaincolumns
import polars as pl
import pytest
import worked
from columnmaking import CASES
from hypothesis import given, settings
from reckoned import reckoned

from app.compliance.calendar import DAY
from app.compliance.groups import Period
from app.compliance.plan import ListedTrial
from app.compliance.reckoning import Evidence
from app.compliance.report import report
from app.reports.place_days import PLACE_DAYS, rows

Case: TypeAlias = tuple[Evidence, Period]
COUNTS = {
    "cells": "cells",
    "cells_covered": "cells_covered",
    "cells_complete": "cells_complete",
    "cells_uncertain": "cells_uncertain",
    "cells_unmeasurable": "cells_unmeasurable",
    "cells_excused": "cells_excused",
    "cells_answered": "cells_answered",
    "cells_unfinished": "cells_unfinished",
    "patrols": "patrols",
    "patrols_qualifying": "qualifying",
    "patrol_minutes": "patrol_minutes",
    "officer_minutes": "officer_minutes",
}


@given(CASES)
@settings(max_examples=40)
def test_place_days_add_up_to_the_figures_of_both_arms(case: Case) -> None:
    found, figures = rows(reckoned(*case)), report(*case, "total").total
    assert found.select("hotspot", "day").is_duplicated().sum() == 0
    due, controls = (
        found.filter((pl.col("assigned") == "control") == arm) for arm in (False, True)
    )
    for name, column in COUNTS.items():
        assert due[column].sum() == pytest.approx(getattr(figures, name)), name
    assert due["background_minutes"].sum() == pytest.approx(figures.background.minutes)
    assert len(due) == figures.background.n
    if figures.control is not None:
        assert controls["cells"].sum() == figures.control.cells
        assert controls["patrol_minutes"].sum() == pytest.approx(figures.control.patrol_minutes)
        background = figures.control.background_minutes
        assert controls["background_minutes"].sum() == pytest.approx(background)


@given(CASES)
@settings(max_examples=30)
def test_a_place_day_was_treated_if_any_of_its_windows_was(case: Case) -> None:
    evidence, period = case
    found = rows(reckoned(*case))
    for number in range((period.last - period.first).days + 1):
        day = period.first + number * DAY
        for row in report(evidence, Period(day, day), "hotspot").rows:
            (place,) = found.filter(hotspot=f"HS{row.key}", day=day).iter_rows(named=True)
            control = row.figures.control
            if place["assigned"] == "control":
                assert control is not None
                share = control.contaminated
            else:
                share = row.figures.coverage
            assert place["treated_low"] == bool(share.low)
            assert place["treated_high"] == bool(share.high)
            assert place["treated"] or not place["contaminated"]


@pytest.mark.parametrize(
    ("name", "assigned", "treated"),
    [
        ("evening", ["required"] * 3, [True, True, False]),
        ("trial", ["treatment", "control", "treatment"], [True, True, False]),
    ],
)
def test_an_evenings_place_days_are_as_the_definitions_work_them_out(
    name: str, assigned: list[str], treated: list[bool]
) -> None:
    evening = worked.worlds()[name]
    day = evening.plan.first_day
    found = rows(reckoned(plaincolumns.evidence(evening), Period(day, day)))
    assert found.schema == PLACE_DAYS.schema
    order = [f"HS{worked.SPOTS[spot]}" for spot in ("north", "market", "station")]
    found = found.sort(pl.col("hotspot").replace_strict(order, range(3)))
    assert found["assigned"].to_list() == assigned
    assert found["treated"].to_list() == treated
    assert found["contaminated"].to_list() == [a == "control" for a in assigned]
    assert found["patrol_minutes"].to_list() == [27, 28.5, 4]
    assert found["qualifying"].to_list() == [1, 2, 0]
    assert found["background_minutes"].to_list() == [0, 0, 13]


def test_of_a_listed_trial_what_is_not_listed_is_neither_treated_nor_control() -> None:
    evening = worked.worlds()["evening"]
    day, north, market = evening.plan.first_day, worked.SPOTS["north"], worked.SPOTS["market"]
    trial = ListedTrial({(north, day): True, (market, day): False, (north, day + DAY): True})
    # On the second day, a Saturday, no window asks for anything.
    fridays = tuple(replace(one, weekdays=frozenset({4})) for one in evening.plan.windows)
    plan = replace(evening.plan, trial=trial, windows=fridays, last_day=None)
    evidence = plaincolumns.evidence(replace(evening, plan=plan))
    found = rows(reckoned(evidence, Period(day, day + DAY)))
    arms = {(row["hotspot"], row["day"]): row for row in found.iter_rows(named=True)}
    station = worked.SPOTS["station"]
    told = {
        (spot, date): (arms[f"HS{spot}", date]["assigned"], arms[f"HS{spot}", date]["cells"])
        for spot in (north, market, station)
        for date in (day, day + DAY)
    }
    assert told == {
        (north, day): ("treatment", 2),
        (market, day): ("control", 2),
        (station, day): ("none", 0),
        (north, day + DAY): ("treatment", 0),
        (market, day + DAY): ("none", 0),
        (station, day + DAY): ("none", 0),
    }
