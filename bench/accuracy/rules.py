"""Where a visit begins and ends: our rule, and four that others use, from the very same fixes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from geofence.model import Bools, Fixes, Floats, Ints, Visits

Rule = Literal["pace", "crossing", "midpoint", "outside", "inside"]

NAMES: Final[Mapping[Rule, str]] = {
    "pace": "Beatkeeper (pace of the approach)",
    "crossing": "plain crossing",
    "midpoint": "midpoint of the legs",
    "outside": "first inside to first outside",
    "inside": "first to last inside",
}


@dataclass(frozen=True, slots=True)
class Ends:
    """When each visit begins and ends by one rule: seconds since a moment of the caller's.

    NaN where a rule has nothing to go by. float64[visits] each.
    """

    enter_s: Floats
    exit_s: Floats


def ends(visits: Visits, fixes: Fixes, inside: Bools, start_us: int) -> dict[Rule, Ends]:
    """When each visit begins and ends by each rule, in seconds since `start_us`.

    All rules are asked about the same visits: what absences are bridged is not what they differ
    in. `fixes` are all usable, by device and time; `inside` says which are in the hot spot of the
    visits (one hot spot a device).
    """
    at = np.flatnonzero(inside)
    first = np.searchsorted(at, _row(fixes, visits.device, visits.first_us))
    after = np.searchsorted(at, _row(fixes, visits.device, visits.last_us + 1))
    known = first < after  # some fix is inside: else the leg between two just clips the hot spot
    into, out = at[first[known]], at[after[known] - 1]
    time_s = (fixes.time_us - start_us) / 1e6
    before, beyond = _beside(fixes, into, -1), _beside(fixes, out, 1)

    def spread(enter_s: Floats, exit_s: Floats) -> Ends:
        both = np.full((2, len(known)), np.nan)
        both[:, known] = enter_s, exit_s
        return Ends(*both)

    entry, leaving = time_s[into], time_s[out]
    outside_before = np.where(before >= 0, time_s[before], np.nan)
    outside_after = np.where(beyond >= 0, time_s[beyond], np.nan)
    return {
        "pace": Ends((visits.enter_us - start_us) / 1e6, (visits.exit_us - start_us) / 1e6),
        "crossing": Ends((visits.first_us - start_us) / 1e6, (visits.last_us - start_us) / 1e6),
        "midpoint": spread((outside_before + entry) / 2.0, (leaving + outside_after) / 2.0),
        "outside": spread(entry, outside_after),
        "inside": spread(entry, leaving),
    }


def _beside(fixes: Fixes, row: Ints, step: int) -> Ints:
    """The rows of the same devices' fixes before (-1) or after (1); -1 where there is none."""
    other = np.clip(row + step, 0, len(fixes) - 1)
    same = (fixes.device[other] == fixes.device[row]) & (other != row)
    return np.where(same, other, -1)


def _row(fixes: Fixes, device: Ints, time_us: Ints) -> Ints:
    """The row of the first fix of a device at or after a time."""
    start = np.searchsorted(fixes.device, device)
    end = np.searchsorted(fixes.device, device, side="right")
    rows = [
        a + np.searchsorted(fixes.time_us[a:b], t)
        for a, b, t in zip(start.tolist(), end.tolist(), time_us.tolist(), strict=True)
    ]
    return np.array(rows, np.int64)
