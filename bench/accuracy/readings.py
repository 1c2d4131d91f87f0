"""One kind of device on one set of patrols: what was reported beside what was true."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accuracy.devices import START_US, Device, hotspots, record
from accuracy.matching import PATROL_S, SHORTEST_S, Match, match
from accuracy.patrols import Patrol
from accuracy.rules import Ends, Rule, ends
from geofence.engine import run
from geofence.hotspots import Hotspots
from geofence.model import Bools, Floats, Ints, Visits


@dataclass(frozen=True, slots=True)
class Ground:
    """Patrols and their hot spots made ready, for any number of devices."""

    patrols: Sequence[Patrol]
    hotspots: Hotspots

    @classmethod
    def of(cls, patrols: Sequence[Patrol]) -> "Ground":
        """Make the hot spots of `patrols` ready."""
        return cls(patrols, hotspots(patrols))


@dataclass(frozen=True, slots=True)
class Reading:
    """What one kind of device reported of the patrols; true stays and visits in columns."""

    owner: Ints  # patrol of each visit
    ends: dict[Rule, Ends]  # of the visits
    low_s: Floats
    high_s: Floats
    ends_seen: Bools
    pass_through: Bools
    true: Floats  # [stays, 2]: the first entry and the last exit
    match: Match

    @property
    def dwell_s(self) -> Floats:
        """What the visits lasted by our own rule."""
        return self.ends["pace"].exit_s - self.ends["pace"].enter_s

    @property
    def yes(self) -> Bools:
        """Which visits surely lasted ten minutes."""
        return self.low_s >= PATROL_S

    @property
    def no(self) -> Bools:
        """Which visits surely did not."""
        return ~self.yes & (self.high_s < PATROL_S) & self.ends_seen

    @property
    def due(self) -> Bools:
        """Which true stays were long enough to be looked for."""
        return self.match.true_s >= SHORTEST_S


def read(device: Device, ground: Ground, seed: int) -> Reading:
    """Let a device of this kind be carried on all patrols, and measure what it sends."""
    recorded = record(device, ground.patrols, seed)
    visits = run(recorded.fixes, ground.hotspots, device.profile)
    return reading(visits, ends(visits, recorded.fixes, recorded.inside, START_US), ground.patrols)


def reading(visits: Visits, by_rule: dict[Rule, Ends], patrols: Sequence[Patrol]) -> Reading:
    """Put visits, of which device and hot spot are the patrol's number, beside the truth."""
    ours = by_rule["pace"]
    stays = [patrol.stays for patrol in patrols]
    return Reading(
        owner=visits.device,
        ends=by_rule,
        low_s=visits.low_us / 1e6,
        high_s=visits.high_us / 1e6,
        ends_seen=visits.enter_seen & visits.exit_seen,
        pass_through=visits.pass_through,
        true=np.array([stay for each in stays for stay in each]).reshape(-1, 2),
        match=match(stays, visits.device, ours.enter_s, ours.exit_s),
    )
