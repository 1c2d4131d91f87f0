"""Who was on duty, who was taken off the plan, who officers are, and what they answered."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.compliance.intervals import Intervals, Ints

NOBODY = -1
"""Stands for no officer, no team."""


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
        return _looked_up(officer, self.officer, self.team)

    def organisations_of(self, officer: Ints) -> Ints:
        """The organisation of each of a column of officers; NOBODY for one who is not known."""
        return _looked_up(officer, self.officer, self.organisation)


@dataclass(frozen=True, slots=True)
class Devices:
    """All devices: id and kind (radio, phone, ...), an index into `kinds`."""

    device: Ints
    kind: Ints
    kinds: tuple[str, ...]

    def kinds_of(self, device: Ints) -> Ints:
        """The kind of each of a column of devices; NOBODY for one that is not known."""
        return _looked_up(device, self.device, self.kind)


@dataclass(frozen=True, slots=True)
class Answers:
    """The cells of one plan that an officer answered for: "could not attend"; columns.

    `day` is a proleptic ordinal, `window` an index into `windows`.
    """

    hotspot: Ints
    day: Ints
    window: Ints
    windows: tuple[str, ...]


def _looked_up(asked: Ints, ids: Ints, values: Ints) -> Ints:
    """The value of each id that is asked for, or NOBODY."""
    order = np.argsort(ids)
    place = np.minimum(np.searchsorted(ids, asked, sorter=order), max(len(ids) - 1, 0))
    if not len(ids):
        return np.full(len(asked), NOBODY, np.int64)
    row = order[place]
    return np.where(ids[row] == asked, values[row], NOBODY)


_NONE = np.empty(0, np.int64)
NO_DUTY_TIMES = DutyTimes(_NONE, _NONE, _NONE)
NO_ABSTRACTIONS = Abstractions(_NONE, _NONE, _NONE, _NONE, _NONE, ())
NO_OFFICERS = Officers(_NONE, _NONE, _NONE, ())
NO_DEVICES = Devices(_NONE, _NONE, ())
NO_ANSWERS = Answers(_NONE, _NONE, _NONE, ())
