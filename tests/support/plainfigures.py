"""The figures of a plan read once more from their definitions: slowly, with sets of half minutes.

It knows nothing of the code that it contests. Names are those of the answer.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import plaincompanions
from plainfound import HIGH, LOW, ONE, VALUE, Found
from plainpatrols import Patrol
from plainworld import HOUR, MINUTE, Row

Numbers: TypeAlias = dict[str, Any]
BANDS = {"under_2": 2, "2_to_5": 5, "5_to_10": 10, "10_to_15": 15, "15_to_20": 20}
SHARES = ("coverage", "compliance_cells", "compliance_patrols", "compliance_minutes")
KEYS: dict[str, Callable[[Row], object]] = {
    "hotspot": lambda row: row.hotspot,
    "day": lambda row: row.day,
    "window": lambda row: row.window,
    "shift": lambda row: row.slot,
    "week": lambda row: row.day - row.day.weekday() * ONE,
    "month": lambda row: row.day.replace(day=1),
}


def total(found: Found) -> Numbers:
    """The figures of all rows together."""
    return _figures(found, found.rows)


def by(found: Found, grouping: str) -> dict[object, Numbers]:
    """The figures of each group of rows. Windows and shifts leave out what is in no window."""
    key, within = KEYS[grouping], grouping in {"window", "shift"}
    groups: dict[object, list[Row]] = {}
    for row in found.rows:
        if row.window or not within:
            groups.setdefault(key(row), []).append(row)
    figures: dict[object, Numbers] = {}
    for one, chosen in groups.items():
        part = replace(found, end=_end(found, grouping, chosen[0].day))
        figures[one] = _figures(part, chosen, within=within)
    if grouping in {"day", "week", "month"}:
        _trend(found, figures)
    return figures


def _end(found: Found, grouping: str, day: dt.date) -> int:
    """The end of a row's days, as far as they were asked for and have passed."""
    last = {
        "day": day,
        "shift": day,
        "week": day + (6 - day.weekday()) * ONE,
        "month": (day.replace(day=1) + 31 * ONE).replace(day=1) - ONE,
    }.get(grouping, dt.date.max - ONE)
    return min(found.end, found.world.day_start(last + ONE))


def _trend(found: Found, figures: dict[object, Numbers]) -> None:
    """Adds how coverage compares with the target and with the row before."""
    before = None
    for numbers in figures.values():
        value = numbers["coverage"]["value"]
        known = value is not None
        numbers["against_target"] = value - found.world.plan.coverage_target if known else None
        numbers["change"] = value - before if known and before is not None else None
        before = value


def _figures(found: Found, chosen: Sequence[Row], *, within: bool = False) -> Numbers:
    required = [row for row in chosen if row.arm == "required"]
    numbers = {
        **_counts(found, required),
        **_shares(found, required),
        **_lengths(found, required),
        **plaincompanions.observability(found, required),
        "background": plaincompanions.background(found, chosen, within=within),
        "control": plaincompanions.control(found, chosen),
        "recency": plaincompanions.recency(found, required),
        "predictability": plaincompanions.predictability(found, required),
        **plaincompanions.nearby(found, required),
        **plaincompanions.readings(found, chosen),
        **plaincompanions.abstractions(found, required),
    }
    if numbers["measurable"] is False:
        numbers["mean_patrol_minutes"]["value"] = None
        for name in SHARES:
            if numbers[name]["low"] != numbers[name]["high"]:
                numbers[name]["value"] = None
    return numbers


def _counts(found: Found, required: Sequence[Row]) -> Numbers:
    made = {row: found.made(row) for row in required}
    return {
        "days": len({row.day for row in required}),
        "cells": len(required),
        "cells_covered": sum(one[VALUE] > 0 for one in made.values()),
        "cells_complete": sum(one[VALUE] >= row.required for row, one in made.items()),
        "cells_uncertain": sum(
            any(one[LOW] < wanted <= one[HIGH] for wanted in (1, row.required))
            for row, one in made.items()
        ),
        "cells_unfinished": sum(row.end > found.world.as_at for row in required),
        "cells_unmeasurable": sum(map(found.unmeasurable, required)),
        "cells_answered": sum(
            (row.hotspot, row.day, row.window) in found.world.answers and not one[VALUE]
            for row, one in made.items()
        ),
        "patrols_qualifying": sum(one[VALUE] for one in made.values()),
        "pass_throughs": sum(len(found.got.passing.get(row, ())) for row in required),
    }


def _shares(found: Found, required: Sequence[Row]) -> Numbers:
    cases = [[found.outcome(row, case) for row in required] for case in (LOW, VALUE, HIGH)]
    patrols = sum(row.required for row in required)
    wholes = (len(required), len(required), patrols, patrols * found.minimum)
    numbers: Numbers = {}
    for which, (name, whole) in enumerate(zip(SHARES, wholes, strict=True)):
        low, value, high = (sum(one[which] for one in case) for case in cases)
        numbers[name] = share(low, value, high, whole)
    numbers["compliance_minutes"]["n"] /= MINUTE
    lengths = [patrol.length / MINUTE for patrol in found.qualifying(required)]
    mean = sum(lengths) / len(lengths) if lengths else None
    return numbers | {"mean_patrol_minutes": {"value": mean, "n": len(lengths)}}


def share(low: float, value: float, high: float, whole: float) -> Numbers:
    """Parts of a whole; None where there is none."""
    parts = {"low": low, "value": value, "high": high}
    return {name: part / whole if whole else None for name, part in parts.items()} | {"n": whole}


def _lengths(found: Found, required: Sequence[Row]) -> Numbers:
    patrols, longest = found.patrols(required), found.world.plan.maximum_minutes
    minutes = [patrol.length / MINUTE for patrol in patrols]
    whole = [one for row in required for one in found.everybodys.patrols.get(row, ())]
    officers = sum(_officer_ticks(found, patrol) for patrol in whole)
    return {
        "patrols": len(patrols),
        "patrol_minutes": sum(minutes),
        "officer_minutes": officers / MINUTE,
        "person_hours": officers / HOUR,
        "surplus_patrols": sum(one > longest for one in minutes),
        "surplus_minutes": sum(max(one - longest, 0) for one in minutes),
        "bands": {
            name: [_band(one) for one in minutes].count(name) for name in [*BANDS, "over_20"]
        },
    }


def _band(minutes: float) -> str:
    """15 and 20 minutes sharp still belong to the band that ends with them."""
    below = (name for name, end in BANDS.items() if minutes < end or (minutes == end and end >= 15))
    return next(below, "over_20")


def _officer_ticks(found: Found, patrol: Patrol) -> int:
    """Time of those who are asked about in anybody's patrol; once, whatever they carry."""
    both = {
        (held.officer, tick)
        for stay in patrol.stays
        for held in found.world.carried
        if held.device == stay.device and found.maker.carried(held.officer, held.device)
        for tick in stay.ticks & set(range(held.start, held.end))
    }
    return len(both)
