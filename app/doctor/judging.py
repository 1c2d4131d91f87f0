"""Which devices can judge whether a patrol was made, in which hot spots: a simple rule.

A stay is surely as long as the time from its first fix surely inside to its last. Each of these is
up to an interval E away from entering and leaving, and by a factor 1 / s more where only a share s
of the hot spot is further from its edge than the positions are accurate. So of a stay of T minutes
T - 2 E / s are sure at worst. A patrol of the plan's longest length is then surely one of the least
as long as E / s is at most half of what lies between the two lengths; one in the middle, a quarter.
docs/accuracy.md measures the same: at 10 to 15 minutes the limits are 75 s and 150 s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from app.doctor.devices import Seen
from app.doctor.finding import MOST_NAMES, Finding, Status, counted, listed
from app.doctor.places import Cores
from geofence.model import Floats, Ints

JUDGING: Final = "judging"
FITNESS: Final = "fitness"
HALF: Final = 0.5
"""Where less of a hot spot than this is surely inside, one patrol looks like the next."""
_SECONDS: Final = 300  # up to so many an interval is told in seconds
_FEWEST_FIXES: Final = 10  # of fewer nobody knows how often it sends
_MINUTE_S: Final = 60.0
_DO_OFTEN: Final = "Let it send more often (every 30 s is well), or count its totals only."
_DO_ACCURATE: Final = (
    "See its antenna, its reception and its app's setting of accuracy, draw hot spots wider, or"
    " count its totals only."
)
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

    @property
    def name(self) -> str:
        """One of the least length, in words."""
        return f"{self.minimum:g}-minute patrol"

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


class Fitness(IntEnum):
    """How much of its patrols a device can judge, over all hot spots."""

    UNKNOWN = 0
    NONE = 1
    PART = 2
    ALL = 3


class Verdict(NamedTuple):
    """What is to be said of a device, and its place in the summary."""

    fitness: Fitness
    found: list[Finding]


_WORDS: Final = {
    Fitness.ALL: "can judge a {} in every hot spot",
    Fitness.PART: (
        "can in part: in some hot spots, of the longest patrols, or for some of their time"
    ),
    Fitness.NONE: "cannot: too sparse, too inaccurate, or dated wrong",
    Fitness.UNKNOWN: "have told too little of themselves to say",
}


def summary(fitness: Mapping[str, Fitness], patrols: Patrols) -> list[Finding]:
    """The devices, by name, that can judge a patrol, and those that cannot."""
    found = []
    for grade, words in _WORDS.items():
        names = [name for name, its in fitness.items() if its is grade]
        if names:
            whom = f"{len(names)} of {counted(len(fitness), 'device')}"
            says = f"{whom} {words.format(patrols.name)}: {listed(names, MOST_NAMES)}."
            status = Status.OK if grade is Fitness.ALL else Status.NOTE
            found.append(Finding(FITNESS, status, says))
    return found


def judged(seen: Seen, keys: Sequence[str], cores: Cores, patrols: Patrols) -> Verdict:
    """Whether a device is too sparse, or too inaccurate, to judge a patrol in these hot spots."""
    interval_s = seen.figures.interval_by_time_s
    if interval_s is None or seen.elsewhen or not keys:
        return Verdict(Fitness.UNKNOWN, [])
    shares = cores.shares(seen.figures.accuracy_m or seen.device.profile.assumed_accuracy_m)
    found = grades(interval_s, shares, patrols)
    told = _told(_Case(seen, interval_s, shares, patrols), keys, found)
    return Verdict(_fitness(seen, found), told)


def _fitness(seen: Seen, found: Ints) -> Fitness:
    clock = seen.figures.clock
    dated_wrong = clock is not None and clock.wrong is not None and abs(clock.error_s) > _MINUTE_S
    if not found.any() or dated_wrong:
        return Fitness.NONE
    accurate = seen.figures.accuracy_m or seen.device.profile.assumed_accuracy_m
    if seen.figures.fixes < _FEWEST_FIXES or not accurate:
        return Fitness.UNKNOWN
    whole = (found == Grade.MOST).all() and seen.figures.measurable
    return Fitness.ALL if whole else Fitness.PART


@dataclass(frozen=True, slots=True)
class _Case:
    """A device, and what its hot spots are to it."""

    seen: Seen
    interval_s: float
    shares: Floats
    patrols: Patrols

    @property
    def sparse(self) -> bool:
        """Whether its interval is what is wrong, and not that it is inaccurate."""
        [alone] = grades(self.interval_s, np.ones(1), self.patrols).tolist()
        return alone != Grade.MOST or float(self.shares.max()) >= HALF

    @property
    def who(self) -> str:
        """Its name, with what it is judged by."""
        return f"{self.seen.device.name} ({_every(self.interval_s)}, {_accurate(self.seen)})"

    def finding(self, status: Status, says: str, do: str, alike: str) -> Finding:
        """One about the device."""
        about = self.seen.device.name
        return Finding(JUDGING, status, f"{self.who} {says}.", do, about, f"devices {alike}")


def _told(case: _Case, keys: Sequence[str], found: Ints) -> list[Finding]:
    none, long = (np.flatnonzero(found == grade).tolist() for grade in (Grade.NONE, Grade.LONG))
    patrols = case.patrols
    if len(none) == len(keys):
        return [_in_none(case)]
    told = []
    if none:
        says = f"cannot judge a {patrols.name} in {listed(keys[i] for i in none)}"
        alike = f"cannot judge a {patrols.name} in some of these hot spots"
        told.append(case.finding(Status.LOOK, says, _DO_WIDEN, alike))
    if long:
        every_one = len(long) == len(keys)
        where = "these hot spots" if every_one else listed(keys[i] for i in long)
        only = f"only where it lasts nearly {patrols.maximum:g} minutes"
        says = f"can be sure of a {patrols.name} in {where} {only}"
        alike = f"can be sure of a {patrols.name} in hot spots {only}"
        do = _DO_OFTEN if case.sparse else _DO_ACCURATE
        told.append(case.finding(Status.LOOK, says, do, alike))
    return told


def _in_none(case: _Case) -> Finding:
    name = case.patrols.name
    if not case.sparse:
        says = (
            f"is too inaccurate to judge a {name} in any of these hot spots: of the best of them"
            f" {case.shares.max():.0%} is further from the edge than that"
        )
        alike = f"are too inaccurate to judge a {name} in any of these hot spots"
        return case.finding(Status.BROKEN, says, _DO_ACCURATE, alike)
    sure = case.patrols.surely_s(case.interval_s) / 60
    says = (
        f"is too sparse to judge a {name} in any of these hot spots: of a stay of that length"
        f" {sure:.0f} min at worst are sure"
    )
    alike = f"are too sparse to judge a {name} in any of these hot spots"
    return case.finding(Status.BROKEN, says, _DO_OFTEN, alike)


def _every(seconds: float) -> str:
    if seconds < 1:
        return "several fixes a second"
    length = f"{seconds:.0f} s" if seconds <= _SECONDS else f"{seconds / 60:.0f} min"
    return f"half of its time {length} or more between fixes"


def _accurate(seen: Seen) -> str:
    told_m, assumed_m = seen.figures.accuracy_m, seen.device.profile.assumed_accuracy_m
    if told_m is None:
        return f"accurate to {assumed_m:.0f} m as assumed" if assumed_m else "accuracy unknown"
    some = " where it tells it" if seen.figures.accuracy_unknown else ""
    return f"accurate to {told_m:.0f} m{some}"
