"""Hot spots as they were at any time, as GeoJSON text."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

import polars as pl

from app.compliance.calendar import Calendar

# Hot spot versions begin with an operational day, of which there is only one for all plans.
_CALENDAR = Calendar()
TIME: Final = pl.Datetime("us", "UTC")
"""What holds instants in a column."""
_SCHEMA = pl.Schema({"hotspot": pl.String(), "start": TIME, "end": TIME, "geometry": pl.String()})


class Shapes:
    """Finds what hot spots looked like.

    They are given by key, from a moment until another (None: on), as GeoJSON geometries.
    """

    def __init__(self, shapes: Iterable[tuple[str, dt.datetime, dt.datetime | None, str]]) -> None:
        rows = list(shapes)
        self._shapes = pl.DataFrame(rows, _SCHEMA, orient="row").sort("start")
        self.longest = max((len(geometry) for *_, geometry in rows), default=0)
        """How many characters the longest geometry has."""

    def at(self, hotspot: pl.Series, when: pl.Series) -> pl.Series:
        """The geometry of each hot spot (by key) at a moment, or on an operational day.

        Null where there was none.
        """
        asked = pl.DataFrame({"hotspot": hotspot, "when": _moments(when)}).with_row_index()
        found = asked.sort("when").join_asof(
            self._shapes,
            left_on="when",
            right_on="start",
            by="hotspot",
            check_sortedness=False,  # both are; it cannot tell within groups
        )
        still = pl.col("end").is_null() | (pl.col("when") < pl.col("end"))
        return found.sort("index").select(pl.when(still).then("geometry"))["geometry"]


def _moments(when: pl.Series) -> pl.Series:
    """Moments as they are, and of operational days their beginnings."""
    if when.dtype != pl.Date:
        return when
    days = when.unique().drop_nulls()
    starts = [_CALENDAR.start_of(day) for day in days]
    return when.replace_strict(days, pl.Series(starts, dtype=pl.Int64), default=None).cast(TIME)
