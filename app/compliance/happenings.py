"""What people are to be told of a plan: which patrols were long enough, and what is not done."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from app.compliance.cells import REQUIRED
from app.compliance.now import Slot, State
from app.compliance.patrols import OUTSIDE
from app.compliance.scene import Record, Scene
from app.compliance.visits import LEAST_US, Bools
from geofence.model import MINUTE_US

Kind = Literal["target_reached", "left_early", "hotspot_overdue", "coverage_at_risk"]


@dataclass(frozen=True, slots=True)
class Key:
    """By what a happening is known again; `hotspot` 0 is all of them, `window` "" of a patrol."""

    kind: str
    hotspot: int
    window: str
    time_us: int


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that holds, since `time_us`; `devices` is whose it is, empty: nobody's.

    `live`: it can still be helped, or no more; None: it is news or history by its age.
    """

    key: Key
    time_us: int
    data: Mapping[str, object]
    devices: tuple[int, ...] = ()
    live: bool | None = None


class AlreadyTold:
    """What has been told already.

    Late data move the beginning of patrols and of waits: what was told under a key of this kind
    with a time from one moment to another was told of the same.
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        self._times: dict[tuple[str, int, str], list[int]] = {}
        for key in keys:
            self._times.setdefault((key.kind, key.hotspot, key.window), []).append(key.time_us)

    def has(self, key: Key, from_us: int, to_us: int) -> bool:
        """Whether it has, under a time from `from_us` to `to_us`."""
        times = self._times.get((key.kind, key.hotspot, key.window), ())
        return any(from_us <= time_us <= to_us for time_us in times)


def happenings(
    scene: Scene, done: Record, slots: Iterable[Slot], told: AlreadyTold
) -> Iterator[Happening]:
    """All that holds of these windows by now and has not been told."""
    for slot in slots:
        yield from _of_patrols(done, slot, told)
        yield from _overdue(scene, slot, told)
        yield from _at_risk(scene, slot, told)


def _of_patrols(done: Record, slot: Slot, told: AlreadyTold) -> Iterator[Happening]:
    cells, stays = done.cells, done.patrols.stays
    minimum_us = cells.minimum_us[done.cell]
    mine = (done.cell != OUTSIDE) & (cells.kind[done.cell] == REQUIRED)
    mine &= cells.slot[done.cell] == slot.number
    reached = stays.length_us >= minimum_us
    # Of one that may have been long enough nobody is told that it was not.
    early = ~reached & ~_under_way(done) & ~done.patrols.uncertain(minimum_us)
    for row in np.flatnonzero(mine & (reached | early)).tolist():
        kind: Kind = "target_reached" if reached[row] else "left_early"
        key = Key(kind, int(stays.group[row]), "", int(stays.start_us[row]))
        # An earlier patrol has begun, and lasted the least that one lasts, before this one.
        span = key.time_us - LEAST_US + 1, int(stays.end_us[row])
        # That its target was reached is not taken back, though some of it is elsewhere's by now.
        if not told.has(key, *span) and not told.has(replace(key, kind="target_reached"), *span):
            yield _of_patrol(done, row, key, int(minimum_us[row]))


def _under_way(done: Record) -> Bools:
    """The patrols of which some visit is open."""
    under_way = np.zeros(len(done.patrols), np.bool_)
    under_way[done.patrol[done.visits.open & (done.patrol != OUTSIDE)]] = True
    return under_way


def _of_patrol(done: Record, row: int, key: Key, minimum_us: int) -> Happening:
    visits, end_us = done.visits, int(done.patrols.stays.end_us[row])
    time_us = key.time_us + minimum_us if key.kind == "target_reached" else end_us
    there = (visits.enter_us <= time_us) & (time_us <= visits.exit_us) & (done.patrol == row)
    data = {"minutes": _minutes(end_us - key.time_us), "minimum": _minutes(minimum_us)}
    return Happening(key, time_us, data, done.devices(there))


def _overdue(scene: Scene, slot: Slot, told: AlreadyTold) -> Iterator[Happening]:
    minutes = scene.plan.overdue_minutes
    for spot in slot.hotspots:
        key = Key("hotspot_overdue", spot.hotspot, slot.window, spot.waiting_us)
        # Had somebody been there since it was told, they would have begun after that.
        from_us = max(slot.start_us, spot.last.begun_us or slot.start_us)
        if spot.state is State.OVERDUE and not told.has(key, from_us, slot.at_us):
            yield Happening(
                key,
                spot.waiting_us + round(minutes * MINUTE_US),
                {**_of_slot(slot), "minutes": minutes, "owed": spot.owed},
                live=scene.now_us < slot.end_us,
            )


def _at_risk(scene: Scene, slot: Slot, told: AlreadyTold) -> Iterator[Happening]:
    key = Key("coverage_at_risk", 0, slot.window, slot.start_us)
    if slot.projected is None or not slot.at_risk or told.has(key, slot.start_us, slot.start_us):
        return
    figures = {
        "projected": round(slot.projected, 4),
        "target": scene.plan.coverage_target,
        "covered": slot.covered,
        "cells": len(slot.hotspots),
    }
    data = {**_of_slot(slot), **figures}
    yield Happening(key, slot.at_us, data, live=scene.now_us < slot.end_us)


def _of_slot(slot: Slot) -> dict[str, object]:
    return {"window": slot.window, "day": dt.date.fromordinal(slot.day).isoformat()}


def _minutes(time_us: int) -> float:
    return round(time_us / MINUTE_US, 1)
