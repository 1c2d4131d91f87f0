"""What stands beside coverage and compliance, reckoned plainly from what each row got."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import plainduty
from plainfound import Found
from plainworld import DAY, HOUR, MINUTE, Row

Numbers: TypeAlias = dict[str, Any]
QUARTER = 15 * MINUTE


def observability(found: Found, required: Sequence[Row]) -> Numbers:
    slots = {(row.slot, row.start, row.end) for row in required}
    both = [plainduty.watched(found.world, found.maker, *times) for _, *times in slots]
    tracked, observed = sum(one for one, _ in both), sum(one for _, one in both)
    value = observed / tracked if tracked else None
    enough = None if value is None else value >= found.world.plan.least_observability
    return {"observability": {"value": value, "n": tracked}, "measurable": enough}


def dark(found: Found, counted: Sequence[Row]) -> bool:
    """Whether too little of these cells' slots was observed to give a figure of them a value."""
    return observability(found, counted)["measurable"] is False


def background(found: Found, chosen: Sequence[Row], *, within: bool) -> Numbers:
    """Of what was not under control: by place and day, or (in windows) by cell."""
    mine = [row for row in chosen if row.treated is not False]
    places = {(row.hotspot, row.day, row.window if within else None) for row in mine}
    minutes = _background_minutes(found, mine)
    return {
        "minutes": minutes,
        "per_day": minutes / len(places) if places else None,
        "n": len(places),
    }


def _background_minutes(found: Found, chosen: Sequence[Row]) -> float:
    """What overlaps at one hot spot counts once: as passing through, where that belongs."""
    passing = {
        (row.hotspot, tick): row
        for row, those in found.got.passing.items()
        for one in those
        for tick in one.ticks
    }
    staying = {
        (row.hotspot, tick): row
        for row, those in found.got.patrols.items()
        for one in those
        if row.arm == "rest"
        for tick in one.ticks
    }
    rows = set(chosen)
    return sum(row in rows for row in (staying | passing).values()) / MINUTE


def control(found: Found, chosen: Sequence[Row]) -> Numbers | None:
    if not any(row.treated is False for row in found.rows):
        return None
    cells = [row for row in chosen if row.arm == "control"]
    patrols = found.patrols(cells)
    return {
        "cells": len(cells),
        "contaminated": _share(
            [[found.outcome(row, case)[0] for case in range(3)] for row in cells],
            dark=dark(found, cells),
        ),
        "patrols": len(patrols),
        "patrol_minutes": sum(patrol.length for patrol in patrols) / MINUTE,
        "background_minutes": _background_minutes(
            found, [row for row in chosen if row.treated is False]
        ),
    }


def recency(found: Found, required: Sequence[Row]) -> Numbers:
    last: dict[int, int] = {}
    for patrol in found.qualifying(required):
        last[patrol.hotspot] = max(last.get(patrol.hotspot, patrol.end), patrol.end)
    since = [max(found.end - end, 0) / MINUTE for end in last.values()]
    return {
        "mean_minutes": sum(since) / len(since) if since else None,
        "longest_minutes": max(since, default=None),
        "n": len(since),
        "none": len({row.hotspot for row in required} - set(last)),
    }


def predictability(found: Found, required: Sequence[Row]) -> Numbers:
    dawn = found.world.day_start(found.world.date)
    near, modal, count = 0, [], 0
    for spot in {patrol.hotspot for patrol in found.qualifying(required)}:
        here = [row for row in required if row.hotspot == spot]
        # By the time since the operational day began: of equals, the earliest is the modal one.
        arrivals = sorted((patrol.start - dawn) % DAY for patrol in found.qualifying(here))
        close = [sum(_close(one, other) for other in arrivals) for one in arrivals]
        near += max(close)
        modal.append((arrivals[close.index(max(close))] + dawn) % DAY)
        count += len(arrivals)
    return {
        "value": near / count if count else None,
        "n": count,
        "modal_time": _clock(modal[0]) if len(modal) == 1 else None,
    }


def _clock(tick: int) -> str:
    return f"{tick // HOUR:02}:{tick % HOUR // MINUTE:02}"


def _close(one: int, other: int) -> bool:
    apart = abs(one - other)
    return min(apart, DAY - apart) <= QUARTER


def nearby(found: Found, required: Sequence[Row]) -> Numbers:
    near = sum(len(_near(found, row.hotspot) & row.ticks) for row in required)
    inside = sum(found.spent(row)[1] for row in required)
    if not required:
        return {"nearby_minutes": None, "strictness": None}
    return {
        "nearby_minutes": near / MINUTE,
        "strictness": inside / (inside + near) if inside + near else None,
    }


def _near(found: Found, hotspot: int) -> set[int]:
    return {
        tick
        for near in found.world.near
        if near.hotspot == hotspot
        for tick in found.maker.had(found.world, near.device, set(range(near.start, near.end)))
    }


def readings(found: Found, chosen: Sequence[Row]) -> Numbers:
    """Other readings of coverage: excused, as treated, as assigned."""
    required = [row for row in chosen if row.arm == "required"]
    both = [row for row in chosen if row.arm in {"required", "control"}]
    covered = {row: [found.outcome(row, case)[0] for case in range(3)] for row in required}
    spared = [
        row
        for row in required
        if not covered[row][1] and plainduty.excused(found.world, row.start, row.end)
    ]
    counted = [covered[row] for row in required if row not in spared]
    controls = [
        [found.outcome(row, case)[0] for case in range(3)] for row in chosen if row.arm == "control"
    ]
    # A control may have been left alone in as many cases as it cannot have been patrolled in.
    alone = [[1 - made for made in reversed(one)] for one in controls]
    return {
        "cells_excused": len(spared),
        "excused": _share(counted, dark=dark(found, required)),
        "as_treated": _share([*covered.values(), *controls], dark=dark(found, both)),
        "as_assigned": _share([*covered.values(), *alone], dark=dark(found, both)),
    }


def _share(cells: Sequence[Sequence[int]], *, dark: bool) -> Numbers:
    whole = len(cells)
    low, value, high = (sum(one[case] for one in cells) for case in range(3))
    parts = {"low": low, "value": value, "high": high}
    shares = {name: part / whole if whole else None for name, part in parts.items()}
    unsure = dark and shares["low"] != shares["high"]
    return shares | ({"value": None} if unsure else {}) | {"n": whole}


def abstractions(found: Found, required: Sequence[Row]) -> Numbers:
    slots = {(row.slot, row.start, row.end) for row in required}
    times = [(start, end) for _, start, end in slots]
    return {"abstracted_hours": plainduty.abstracted(found.world, found.maker, times)}


def reasons(found: Found) -> dict[str, float]:
    """Officer-hours that were taken for each reason that there was."""
    slots = {(row.slot, row.start, row.end) for row in found.rows if row.arm == "required"}
    times = [(start, end) for _, start, end in slots]
    every = sorted({away.reason for away in found.world.away})
    hours = {one: plainduty.abstracted(found.world, found.maker, times, one) for one in every}
    return {one: took for one, took in hours.items() if took}
