"""The shift that a briefing is for: a window of the plan, and what it asks of which hot spots."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.compliance.calendar import DAY
from app.compliance.cells import REQUIRED, Cells, HotspotVersions, PlanVersion, cells
from geofence.model import HOUR_US

# People are briefed before they go out, while the shift before may still be under way.
BRIEFED_AHEAD_US: Final = HOUR_US
# A plan that asks for nothing for longer has no next shift to speak of.
LOOKED_AHEAD: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Shift:
    """A schedule window on an operational day; `required` patrols by hot spot (id)."""

    window: str
    day: dt.date
    start_us: int
    end_us: int
    required: Mapping[int, int]


def shift(
    plans: Sequence[PlanVersion], hotspots: HotspotVersions, moment_us: int, known_us: int
) -> Shift | None:
    """The window that is briefed at a moment, by what was known at another; None: none is near.

    Of those under way, or within an hour of their start, the one that starts last; else the next.
    """
    today = plans[-1].plan.calendar.day_of(moment_us)
    found = cells(plans, hotspots, today - DAY, today + LOOKED_AHEAD, known_us)
    asked = np.unique(found.slot[found.kind == REQUIRED])
    start_us, end_us = found.slots.start_us[asked], found.slots.end_us[asked]
    on = np.flatnonzero((start_us - BRIEFED_AHEAD_US <= moment_us) & (moment_us < end_us))
    later = np.flatnonzero(start_us > moment_us)
    if len(on):
        return _shift(found, int(asked[on[np.argmax(start_us[on])]]))
    if len(later):
        return _shift(found, int(asked[later[np.argmin(start_us[later])]]))
    return None


def _shift(found: Cells, slot: int) -> Shift:
    slots, rows = found.slots, np.flatnonzero((found.slot == slot) & (found.kind == REQUIRED))
    required = zip(found.hotspot[rows].tolist(), found.required[rows].tolist(), strict=True)
    return Shift(
        window=found.windows[int(slots.window[slot])],
        day=dt.date.fromordinal(int(slots.day[slot])),
        start_us=int(slots.start_us[slot]),
        end_us=int(slots.end_us[slot]),
        required=dict(required),
    )


def by_lot(shift: Shift, plan: str, keys: Mapping[int, str]) -> list[int]:
    """The hot spots of a shift in an order drawn by lot for it, so that nobody can foresee visits.

    By the SHA-256 of `plan:YYYY-MM-DD:window:hot spot` (their keys): the same whenever it is asked.
    """
    drawn = f"{plan}:{shift.day}:{shift.window}:"
    return sorted(
        shift.required, key=lambda spot: hashlib.sha256(f"{drawn}{keys[spot]}".encode()).hexdigest()
    )
