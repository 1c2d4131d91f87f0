"""Visits out of fixes that come window by window, in bounded memory."""

from collections.abc import Iterable
from typing import Final

import polars as pl

from geofence.engine import Advance, Ends, Withdrawn, advance
from geofence.hotspots import Hotspots
from geofence.memory import Memory
from geofence.model import Fixes, Profile

KEY: Final = ("device", "hotspot", "first_us")  # a visit keeps these while it grows
VISIT: Final = {
    **dict.fromkeys(KEY, pl.Int64),
    **dict.fromkeys(("enter_us", "exit_us", "outer_from_us", "outer_to_us"), pl.Int64),
    **dict.fromkeys(("inside_us", "bridged_us", "low_us", "fixes"), pl.Int64),
    "mean_speed_mps": pl.Float64,
    **dict.fromkeys(("enter_seen", "exit_seen", "pass_through", "open"), pl.Boolean),
}


def measure(windows: Iterable[Fixes], hotspots: Hotspots, profile: Profile) -> pl.DataFrame:
    """Return the visits that fixes show, as `geofence.engine.run` would of all of them at once.

    All fixes of a window are later than those of the one before; ValueError if not. The columns are
    those of `VISIT`, as `geofence.model.Visits` has them, in no order.
    """
    memory = Memory.empty()
    unsettled = pl.DataFrame(schema=VISIT)
    settled = []
    for fixes in windows:
        step = advance(memory, fixes, hotspots, profile)
        if step.needs_from:
            message = "a window holds fixes that are not later than those before"
            raise ValueError(message)
        memory = memory.joined(step.memory)
        known = _told(unsettled, step)
        settled.append(known.filter(~pl.col("open")))
        unsettled = known.filter("open")
    return pl.concat([*settled, unsettled])


def _told(before: pl.DataFrame, step: Advance) -> pl.DataFrame:
    """Return visits that could change, `before` this step, and those it found, as they are now."""
    now = before.join(_table(step.withdrawn), on=KEY, how="anti")
    now = _ended(now, _table(step.ends))
    found = pl.DataFrame({name: getattr(step.visits, name) for name in VISIT}, VISIT)
    return pl.concat([now, found]).unique(KEY, keep="last")


def _table(columns: Ends | Withdrawn) -> pl.DataFrame:
    return pl.DataFrame({name: getattr(columns, name) for name in columns.names()})


def _ended(visits: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Return `visits` with the outer ends that `ends` moved.

    There is one rule at most for a device at a hot spot, which has no other version here.
    """
    both = visits.join(ends, on=("device", "hotspot"), how="left", suffix="_now", validate="m:1")
    moved = pl.col("first_us").is_between("from_us", "to_us").fill_null(value=False)
    seen = pl.col("exit_seen_now")
    return both.with_columns(
        pl.when(moved).then("outer_to_us_now").otherwise("outer_to_us").alias("outer_to_us"),
        pl.when(moved).then(seen).otherwise("exit_seen").alias("exit_seen"),
        pl.when(moved).then(~seen).otherwise("open").alias("open"),
    ).select(*VISIT)
