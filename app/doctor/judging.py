"""Which devices can judge whether a patrol was made, in which hot spots: a simple rule.

A stay is surely as long as the time from its first fix surely inside to its last. Each of these is
up to an interval E away from entering and leaving, and by a factor 1 / s more where only a share s
of the hot spot is further from its edge than the positions are accurate. So of a stay of T minutes
T - 2 E / s are sure at worst. A patrol of the plan's longest length is then surely one of the least
as long as E / s is at most half of what lies between the two lengths; one in the middle, a quarter.
docs/accuracy.md measures the same: at 10 to 15 minutes the limits are 75 s and 150 s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from app.doctor.devices import Seen
from app.doctor.finding import Finding, Status, listed
from app.doctor.places import Cores
from geofence.model import Floats, Ints

JUDGING: Final = "judging"
HALF: Final = 0.5
"""Where less of a hot spot than this is surely inside, one patrol looks like the next."""
_SECONDS: Final = 300  # up to so many an interval is told in seconds
_DO_OFTEN: Final = "Let it send more often (every 30 s is well), or count its totals only."
_DO_WIDEN: Final = "They are too narrow for it: draw them wider, or let it send more often."


class Grade(IntEnum):
    """What of a hot spot's patrols a device can judge."""

    NONE = 0  # no patrol of a planned length is ever sure: totals only
    LONG = 1  # only patrols near the greatest planned length are sure
    MOST = 2


@dataclass(frozen=True, slots=True)
class Patrols:
    """How long patrols are to be, in minutes."""

    minimum: float = 10.0
    maximum: float = 15.0

    @property
    def spare_s(self) -> float:
        """How much longer than need be a patrol may be as planned."""
        return max(self.maximum - self.minimum, 0.0) * 60.0

    def surely_s(self, interval_s: float) -> float:
        """How much of a stay of the least length is sure at worst, well inside a hot spot."""
        return max(self.minimum * 60.0 - 2 * interval_s, 0.0)


def grades(interval_s: float, sure_share: Floats, patrols: Patrols) -> Ints:
    """A `Grade` for each hot spot, [h], of a device with a fix each `interval_s`.

    `sure_share` [h] is how much of each is further from its edge than the device is accurate.
    """
    reach_s = interval_s / np.maximum(sure_share, 1e-9)
    found = np.full(len(sure_share), int(Grade.NONE))
    found[reach_s <= patrols.spare_s / 2] = Grade.LONG
    found[(reach_s <= patrols.spare_s / 4) & (sure_share >= HALF)] = Grade.MOST
    return found


def judged(seen: Seen, keys: Sequence[str], cores: Cores, patrols: Patrols) -> list[Finding]:
    """Whether a device is too sparse, or too inaccurate, to judge a patrol in these hot spots."""
    interval_s = seen.figures.interval_by_time_s
    if interval_s is None or seen.elsewhen or not keys:
        return []
    accuracy_m = seen.figures.accuracy_m or seen.device.profile.assumed_accuracy_m
    found = grades(interval_s, cores.shares(accuracy_m), patrols)
    least, name = f"{patrols.minimum:g}-minute patrol", seen.device.name
    none, long = (np.flatnonzero(found == grade).tolist() for grade in (Grade.NONE, Grade.LONG))
    every = "a fix " + _every(interval_s) + f", accurate to {accuracy_m:.0f} m"
    if len(none) == len(keys):
        sure = patrols.surely_s(interval_s) / 60
        says = (
            f"{name} ({every}) is too sparse to judge a {least} in any of these hot spots: of a"
            f" stay of that length {sure:.0f} min at worst are sure."
        )
        return [Finding(JUDGING, Status.BROKEN, says, _DO_OFTEN, name)]
    told = []
    if none:
        where = listed(keys[i] for i in none)
        says = f"{name} ({every}) cannot judge a {least} in {where}."
        told.append(Finding(JUDGING, Status.LOOK, says, _DO_WIDEN, name))
    if long:
        every_one = len(long) == len(keys)
        where = "these hot spots" if every_one else listed(keys[i] for i in long)
        says = (
            f"{name} ({every}) can be sure of a {least} in {where} only where it lasts nearly"
            f" {patrols.maximum:g} minutes."
        )
        told.append(Finding(JUDGING, Status.LOOK, says, _DO_OFTEN, name))
    return told


def _every(seconds: float) -> str:
    return f"every {seconds:.0f} s" if seconds <= _SECONDS else f"every {seconds / 60:.0f} min"
