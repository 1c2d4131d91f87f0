import datetime as dt

import polars as pl

from app.reports.shapes import Shapes

# In summer 06:00 in London is 05:00 UTC.
SIX = dt.datetime(2026, 7, 1, 5, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def test_a_day_has_the_shape_that_counts_from_its_beginning() -> None:
    shapes = Shapes([("a", SIX - 99 * MINUTE, SIX, "old"), ("a", SIX, None, "new")])
    days = pl.Series([dt.date(2026, 7, 2), dt.date(2026, 7, 1), dt.date(2026, 6, 30), None])
    assert shapes.at(pl.repeat("a", 4, eager=True), days).to_list() == ["new", "new", None, None]


def test_rows_in_no_order_keep_their_places() -> None:
    shapes = Shapes([("a", SIX, None, "A"), ("b", SIX, SIX + 2 * MINUTE, "B")])
    when = pl.Series([SIX + 2 * MINUTE, SIX + MINUTE, SIX, SIX - MINUTE])
    found = shapes.at(pl.Series(["b", "a", "b", "a"]), when.dt.cast_time_unit("us"))
    assert found.to_list() == [None, "A", "B", None]
