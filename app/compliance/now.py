"""How the windows of a plan stand: what is due at each hot spot, and what comes of it at this rate.

A window that is over is judged as it stood at its end, with all that is known of it now.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import NamedTuple

import numpy as np

from app.compliance.cells import REQUIRED
from app.compliance.figures import Share
from app.compliance.intervals import Ints
from app.compliance.patrols import OUTSIDE
from app.compliance.scene import Record, Scene
from app.compliance.shifts import Observability
from app.compliance.visits import Bools
from geofence.model import MINUTE_US

# A projection from less of a window than this would warn of every late start.
EARLIEST_WARNING = 0.25


class State(StrEnum):
    """How a hot spot stands in a window, the most urgent first."""

    OVERDUE = auto()
    DUE = auto()
    NOT_MEASURABLE = auto()
    ANSWERED = auto()
    BEING_PATROLLED = auto()
    DONE = auto()


_URGENCY = {state: rank for rank, state in enumerate(State)}


@dataclass(frozen=True, slots=True)
class Presence:
    """Who is at a hot spot: since when (the beginning of their patrol), last seen there when."""

    devices: tuple[int, ...]
    since_us: int
    seen_us: int
    overstayed: bool


class Last(NamedTuple):
    """When the last patrol began and ended, and when the last qualifying one did; None: none has.

    Whatever is there at the moment ends with it. Microseconds UTC.
    """

    begun_us: int | None
    ended_us: int | None
    qualifying_us: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A hot spot in a window; times in microseconds UTC.

    `last` tells of its patrols on that operational day up to the moment. `waiting_us` is since when
    it has had nobody in this window.
    """

    hotspot: int
    state: State
    required: int
    made: int
    owed: int
    owed_us: int
    inside: Presence | None
    last: Last
    waiting_us: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A window on an operational day (an ordinal), as it stands at `at_us`.

    `number` is its row in the cells' `slots`.
    `coverage` is what is reached so far, `projected` (0 to 1) what is at its end if it goes on like
    this; None: too early, or not measurable. `measurable` None: unknown.
    """

    number: int
    window: str
    day: int
    start_us: int
    end_us: int
    at_us: int
    covered: int
    coverage: Share
    observability: Observability
    measurable: bool | None
    projected: float | None
    at_risk: bool
    hotspots: tuple[Standing, ...]


def standing(scene: Scene, done: Record) -> list[Slot]:
    """The windows that have begun, and were not over at the scene's `since_us`.

    Of their hot spots the most urgent come first, of those the ones that are owed the most.
    """
    cells = done.cells
    chosen = (cells.start_us <= scene.now_us) & (cells.end_us > scene.since_us)
    rows = np.flatnonzero(chosen & (cells.kind == REQUIRED))
    slots = np.unique(cells.slot[rows]).tolist()
    return [_Judge(scene, done, rows[cells.slot[rows] == slot]).slot() for slot in slots]


class _Judge:
    """Judges the cells of one window on one day."""

    def __init__(self, scene: Scene, done: Record, rows: Ints) -> None:
        cells = done.cells
        self._scene, self._done, self._rows = scene, done, rows
        self._slot = int(cells.slot[rows[0]])
        self._window = cells.windows[cells.slots.window[self._slot]]
        self._day = int(cells.slots.day[self._slot])
        self._start_us = int(cells.slots.start_us[self._slot])
        self._end_us = int(cells.slots.end_us[self._slot])
        self._at_us = min(scene.now_us, self._end_us)
        self._day_us = scene.calendar.start_of(dt.date.fromordinal(self._day))
        tracked, observed = int(done.tracked[self._slot]), int(done.observed[self._slot])
        self._observability = Observability(observed / tracked if tracked else None, tracked)

    @property
    def _measurable(self) -> bool | None:
        share = self._observability.value
        return None if share is None else share >= float(self._done.cells.slots.least[self._slot])

    def slot(self) -> Slot:
        spots = [self._standing(row) for row in self._rows.tolist()]
        spots.sort(key=lambda spot: (_URGENCY[spot.state], -spot.owed_us, spot.waiting_us))
        covered = self._done.counted.covered[self._rows]
        projected = self._projected(covered[:, 1] > 0)
        target = self._scene.plan.coverage_target
        late = self._at_us - self._start_us >= EARLIEST_WARNING * (self._end_us - self._start_us)
        return Slot(
            number=self._slot,
            window=self._window,
            day=self._day,
            start_us=self._start_us,
            end_us=self._end_us,
            at_us=self._at_us,
            covered=int(covered[:, 1].sum()),
            coverage=self._coverage(*covered.sum(axis=0).tolist()),
            observability=self._observability,
            measurable=self._measurable,
            projected=projected,
            at_risk=late and projected is not None and projected < target,
            hotspots=tuple(spots),
        )

    def _coverage(self, low: int, value: int, high: int) -> Share:
        n = len(self._rows)
        known = self._measurable is not False or low == high
        return Share(value / n if known else None, low / n, high / n, n)

    def _projected(self, covered: Bools) -> float | None:
        passed = (self._at_us - self._start_us) / (self._end_us - self._start_us)
        if self._measurable is False or passed == 0:
            return None
        inside = np.isin(
            self._done.cells.hotspot[self._rows], self._done.visits.hotspot[self._present()]
        )
        return min(1.0, int((covered | inside).sum()) / passed / len(self._rows))

    def _present(self) -> Bools:
        """The visits under way at the moment."""
        visits = self._done.visits
        mask: Bools = (visits.enter_us <= self._at_us) & (
            self._done.here | (visits.exit_us >= self._at_us)
        )
        return mask

    def _standing(self, row: int) -> Standing:
        counted, cells = self._done.counted, self._done.cells
        hotspot = int(cells.hotspot[row])
        made, required = int(counted.qualifying[row]), int(cells.required[row])
        inside = self._presence(hotspot, int(cells.maximum_us[row]))
        last = self._last(hotspot, int(cells.minimum_us[row]))
        waiting_us = max(self._start_us, last.ended_us or self._start_us)
        owed = max(required - made, 0)
        return Standing(
            hotspot=hotspot,
            state=self._state(row, owed, waiting_us, present=inside is not None),
            required=required,
            made=made,
            owed=owed,
            owed_us=int(counted.required_us[row] - counted.minutes_us[row, 1]),
            inside=inside,
            last=last,
            waiting_us=waiting_us,
        )

    def _state(self, row: int, owed: int, waiting_us: int, *, present: bool) -> State:
        if present:
            return State.BEING_PATROLLED
        if not owed:
            return State.DONE
        if self._done.answered[row]:
            return State.ANSWERED
        if self._measurable is False:
            return State.NOT_MEASURABLE
        patience_us = round(self._scene.plan.overdue_minutes * MINUTE_US)
        return State.OVERDUE if self._at_us - waiting_us >= patience_us else State.DUE

    def _presence(self, hotspot: int, maximum_us: int) -> Presence | None:
        visits = self._done.visits
        rows = self._present() & (visits.hotspot == hotspot)
        if not rows.any():
            return None
        patrol = self._done.patrol[rows]
        since_us = int(visits.enter_us[rows].min())
        begun = self._done.patrols.stays.start_us[patrol[patrol != OUTSIDE]]
        since_us = int(begun.min(initial=since_us))
        seen_us = min(int(visits.exit_us[rows].max()), self._at_us)
        overstayed = seen_us - since_us > maximum_us
        return Presence(self._done.devices(rows), since_us, seen_us, overstayed)

    def _last(self, hotspot: int, minimum_us: int) -> Last:
        stays = self._done.patrols.stays
        known = (stays.group == hotspot) & (stays.start_us <= self._at_us)
        rows = np.flatnonzero(known & (stays.end_us > self._day_us))
        if not len(rows):
            return Last(None, None, None)
        ends = np.minimum(stays.end_us[rows], self._at_us)
        long = stays.length_us[rows] >= minimum_us
        qualifying_us = int(ends[long][-1]) if long.any() else None
        return Last(int(stays.start_us[rows[-1]]), int(ends[-1]), qualifying_us)
