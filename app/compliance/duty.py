"""Who was on duty, who was taken off the plan, who officers are, and what they answered."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.compliance.intervals import Intervals, Ints, looked_up
from app.compliance.limits import LONGEST_DUTY_DAYS
from geofence.model import DAY_US

NOBODY = -1
"""Stands for no officer, no team."""


def overlong(length_us: int) -> str | None:
    """What is wrong with a duty time that lasts so long; None: nothing."""
    if length_us <= LONGEST_DUTY_DAYS * DAY_US:
        return None
    days = length_us / DAY_US
    return f"it is {days:.6g} days after start; nobody is on duty for over {LONGEST_DUTY_DAYS} days"


@dataclass(frozen=True, slots=True)
class DutyTimes:
    """When officers were on duty, `end_us` excluded; columns of equal length, microseconds UTC."""

    officer: Ints
    start_us: Ints
    end_us: Ints

    @property
    def times(self) -> Intervals:
        """When, by officer."""
        return Intervals(self.officer, self.start_us, self.end_us)


@dataclass(frozen=True, slots=True)
class Abstractions:
    """Who was taken off the plan, and why; columns of equal length, microseconds UTC.

    Each is of one `officer`, or of a `team`, or, where both are NOBODY, of everybody. `reason` is
    an index into `reasons`.
    """

    officer: Ints
    team: Ints
    start_us: Ints
    end_us: Ints
    reason: Ints
    reasons: tuple[str, ...]

    @property
    def of_everybody(self) -> npt.NDArray[np.bool_]:
        """Which are of everybody."""
        found: npt.NDArray[np.bool_] = (self.officer == NOBODY) & (self.team == NOBODY)
        return found

    def take(self, rows: npt.NDArray[np.bool_]) -> "Abstractions":
        """Those rows (a mask)."""
        return Abstractions(
            self.officer[rows],
            self.team[rows],
            self.start_us[rows],
            self.end_us[rows],
            self.reason[rows],
            self.reasons,
        )


@dataclass(frozen=True, slots=True)
class Officers:
    """All officers: id, team (NOBODY: none) and organisation, an index into `organisations`."""

    officer: Ints
    team: Ints
    organisation: Ints
    organisations: tuple[str, ...]

    def teams_of(self, officer: Ints) -> Ints:
        """The team of each of a column of officers; NOBODY for none."""
        return looked_up(officer, self.officer, self.team, NOBODY)

    def organisations_of(self, officer: Ints) -> Ints:
        """The organisation of each of a column of officers; NOBODY for one who is not known."""
        return looked_up(officer, self.officer, self.organisation, NOBODY)


@dataclass(frozen=True, slots=True)
class Devices:
    """All devices: id and kind (radio, phone, ...), an index into `kinds`."""

    device: Ints
    kind: Ints
    kinds: tuple[str, ...]

    def kinds_of(self, device: Ints) -> Ints:
        """The kind of each of a column of devices; NOBODY for one that is not known."""
        return looked_up(device, self.device, self.kind, NOBODY)


@dataclass(frozen=True, slots=True)
class Answers:
    """The cells of one plan that an officer answered for: "could not attend"; columns.

    `day` is a proleptic ordinal, `window` an index into `windows`.
    """

    hotspot: Ints
    day: Ints
    window: Ints
    windows: tuple[str, ...]


_NONE = np.empty(0, np.int64)
NO_DUTY_TIMES = DutyTimes(_NONE, _NONE, _NONE)
NO_ABSTRACTIONS = Abstractions(_NONE, _NONE, _NONE, _NONE, _NONE, ())
NO_OFFICERS = Officers(_NONE, _NONE, _NONE, ())
NO_DEVICES = Devices(_NONE, _NONE, ())
NO_ANSWERS = Answers(_NONE, _NONE, _NONE, ())
