"""Exported cells are those that figures are made of: summed up, they are the figures."""

from types import ModuleType
from typing import TypeAlias

import plaincolumns
import polars as pl
import pytest
import worked
from columnmaking import CASES
from hypothesis import given, settings
from reckoned import reckoned

from app.compliance.calendar import DAY
from app.compliance.figures import Figures, Share
from app.compliance.groups import Period
from app.compliance.reckoning import Evidence
from app.compliance.report import report
from app.reports import cell_rows, patrol_rows, place_days
from app.reports.cell_rows import CELLS, rows
from app.reports.table import Table

Case: TypeAlias = tuple[Evidence, Period]
FLAGS = {
    "cells_covered": "covered",
    "cells_complete": "complete",
    "cells_uncertain": "uncertain",
    "cells_excused": "excused",
    "cells_answered": "answered",
    "cells_unfinished": "unfinished",
}
SUMS = {
    "patrols": "patrols",
    "patrols_qualifying": "qualifying",
    "surplus_patrols": "surplus_patrols",
    "surplus_minutes": "surplus_minutes",
    "pass_throughs": "pass_throughs",
    "patrol_minutes": "patrol_minutes",
    "officer_minutes": "officer_minutes",
}
SHARES = {
    "coverage": "covered",
    "compliance_cells": "complete",
    "compliance_patrols": "made",
    "compliance_minutes": "minutes_counted",
}


def same(found: pl.DataFrame, figures: Figures) -> None:
    """All that adds up over some cells is what the report says of them."""
    required = found.filter(kind="required")
    assert len(required) == figures.cells
    assert (~required["measurable"]).sum() == figures.cells_unmeasurable
    for name, column in (FLAGS | SUMS).items():
        assert required[column].sum() == pytest.approx(getattr(figures, name)), name
    for name, column in SHARES.items():
        shared(required, column, getattr(figures, name))
    background = found.filter(~pl.col("control"))["background_minutes"].sum()
    assert background == pytest.approx(figures.background.minutes)
    if figures.nearby_minutes is not None:
        assert required["nearby_minutes"].sum() == pytest.approx(figures.nearby_minutes)
    if figures.mean_patrol_minutes.value is not None:
        mean = float(required["qualifying_minutes"].sum()) / float(required["qualifying"].sum())
        assert mean == pytest.approx(figures.mean_patrol_minutes.value)
    if figures.control is not None:
        controls = found.filter(kind="control")
        assert len(controls) == figures.control.cells
        assert controls["patrol_minutes"].sum() == pytest.approx(figures.control.patrol_minutes)


def shared(required: pl.DataFrame, column: str, share: Share) -> None:
    if share.n:
        assert required[f"{column}_low"].sum() == pytest.approx((share.low or 0) * share.n)
        assert required[f"{column}_high"].sum() == pytest.approx((share.high or 0) * share.n)


@given(CASES)
@settings(max_examples=40)
def test_cells_add_up_to_the_figures_in_total_by_place_and_by_day(case: Case) -> None:
    evidence, period = case
    found = rows(reckoned(*case))
    same(found, report(evidence, period, "total").total)
    for row in report(evidence, period, "hotspot").rows:
        same(found.filter(hotspot=f"HS{row.key}"), row.figures)
    for row in report(evidence, period, "day").rows:
        same(found.filter(day=row.key), row.figures)


@given(CASES)
@settings(max_examples=20)
def test_days_are_the_same_in_whatever_block_they_are_read(case: Case) -> None:
    evidence, period = case
    whole = reckoned(evidence, period)
    days = pl.date_range(period.first, period.last, eager=True).to_list()
    parts = [reckoned(evidence, Period(day, day)) for day in days]
    for table in (cell_rows, patrol_rows, place_days):
        assert pl.concat([table.rows(part) for part in parts]).equals(table.rows(whole))


@pytest.mark.parametrize("table", [cell_rows, patrol_rows, place_days])
def test_of_days_before_the_plan_there_is_a_header_and_no_row(table: ModuleType) -> None:
    evening = worked.worlds()["evening"]
    before = evening.plan.first_day - 9 * DAY
    found = table.rows(reckoned(plaincolumns.evidence(evening), Period(before, before)))
    assert found.is_empty()
    (schema,) = (one.schema for one in vars(table).values() if isinstance(one, Table))
    assert found.schema == schema


def test_an_evenings_cells_are_as_the_definitions_work_them_out() -> None:
    evening = worked.worlds()["evening"]
    day = evening.plan.first_day
    found = rows(reckoned(plaincolumns.evidence(evening), Period(day, day)))
    assert found.schema == CELLS.schema
    north, market, station = (f"HS{worked.SPOTS[name]}" for name in ("north", "market", "station"))
    cells = {(row["window"], row["hotspot"]): row for row in found.iter_rows(named=True)}
    early = cells["early", north]
    assert (early["required"], early["patrols"], early["qualifying"], early["made"]) == (2, 2, 1, 1)
    assert (early["covered"], early["complete"], early["uncertain"]) == (True, False, False)
    assert (early["minutes_counted"], early["officer_minutes"]) == (18, 21)
    assert (early["minutes_counted_low"], early["minutes_counted_high"]) == (16, 20)
    assert str(early["start"]) == "2026-01-16 18:00:00+00:00"
    late = cells["late", market]
    assert (late["minutes_counted"], late["patrol_minutes"]) == (10, 10.5)
    assert (late["covered_low"], late["covered"], late["uncertain"]) == (False, True, True)
    rest = cells[None, station]
    assert (rest["kind"], rest["background_minutes"]) == ("rest", 12)
    assert rest["patrols"] is rest["covered"] is rest["required"] is None
