"""Exported patrols are those that figures count, each once."""

from typing import TypeAlias

import plaincolumns
import polars as pl
import pytest
import worked
from columnmaking import CASES
from hypothesis import given, settings
from reckoned import reckoned

from app.compliance.groups import Period
from app.compliance.reckoning import Evidence
from app.compliance.report import report
from app.compliance.tally import BANDS
from app.reports import cell_rows
from app.reports.patrol_rows import PATROLS, rows

Case: TypeAlias = tuple[Evidence, Period]


@given(CASES)
@settings(max_examples=40)
def test_patrols_add_up_to_the_figures(case: Case) -> None:
    found, figures = rows(reckoned(*case)), report(*case, "total").total
    asked = found.filter(kind="required")
    assert len(asked) == figures.patrols
    assert asked["qualifying"].sum() == figures.patrols_qualifying
    assert asked["minutes"].sum() == pytest.approx(figures.patrol_minutes)
    assert asked["officer_minutes"].sum() == pytest.approx(figures.officer_minutes)
    assert asked["surplus_minutes"].sum() == pytest.approx(figures.surplus_minutes)
    assert {band: (asked["band"] == band).sum() for band in BANDS} == figures.bands
    if figures.control:
        assert len(found.filter(kind="control")) == figures.control.patrols


@given(CASES)
@settings(max_examples=20)
def test_patrols_of_each_cell_are_as_many_as_the_cell_says(case: Case) -> None:
    block = reckoned(*case)
    key = ["day", "window", "hotspot"]
    counted = rows(block).filter(pl.col("kind") != "rest").group_by(key).len("patrols")
    said = cell_rows.rows(block).filter(pl.col("patrols") > 0).select(*key, "patrols")
    assert counted.sort(key).rows() == said.sort(key).rows()


@given(CASES)
@settings(max_examples=20)
def test_patrols_are_within_their_bounds_and_made_by_somebody(case: Case) -> None:
    found = rows(reckoned(*case))
    assert (found["low_minutes"] <= found["minutes"]).all()
    assert (found["minutes"] <= found["high_minutes"]).all()
    assert (found["devices"] >= 1).all()
    assert ((found["officers"] > 0) == (found["officer_minutes"] > 0)).all()


def test_an_evenings_patrols_are_as_the_definitions_work_them_out() -> None:
    evening = worked.worlds()["evening"]
    day = evening.plan.first_day
    found = rows(reckoned(plaincolumns.evidence(evening), Period(day, day)))
    assert found.schema == PATROLS.schema
    shown = found.select(
        *("hotspot", "window", "minutes", "low_minutes", "high_minutes", "qualifying", "uncertain"),
        *("band", "surplus_minutes", "officers", "officer_minutes", "devices"),
    )
    north, market, station = (f"HS{worked.SPOTS[name]}" for name in ("north", "market", "station"))
    assert shown.rows() == [
        (north, "early", 12, 11, 13, True, False, "10_to_15", 0, 2, 15, 2),
        (market, "early", 18, 17, 19, True, False, "15_to_20", 3, 1, 18, 1),
        (station, "early", 4, 3.5, 4.5, False, False, "2_to_5", 0, 1, 4, 1),
        (north, "early", 6, 5, 7, False, False, "5_to_10", 0, 1, 6, 1),
        (market, "late", 10.5, 9.5, 11.5, True, True, "10_to_15", 0, 1, 10.5, 1),
        (north, "late", 9, 8, 10, False, True, "5_to_10", 0, 1, 9, 1),
        (station, None, 12, 11, 13, None, None, "10_to_15", None, 1, 12, 1),
    ]
