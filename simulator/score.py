"""How well reported visits agree with the truth of a shift, and whether that is well enough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import nan
from typing import TypedDict

from simulator.scenario import Scenario
from simulator.truth import PASS_THROUGH_S, PATROL_S, TrueVisit

TRUTH_STEP_S = 1.0
"""The truth is known to the second; bounds are held to no more than that."""


class VisitRow(TypedDict):
    """The columns of a reported visit that count here; times RFC 3339, lengths in seconds."""

    device: str
    hotspot: str
    enter: str
    exit: str
    dwell_s: float
    low_s: float
    high_s: float
    enter_seen: bool
    exit_seen: bool
    pass_through: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Reported against true visits, of one kind of device or of all."""

    kind: str
    true: int
    """True visits of two minutes or more; those that follow count them only."""
    missed: int
    """Those that no reported visit overlaps."""
    interrupted: int
    """Those found during which the device had no fix for so long that nothing is known."""
    divided: int
    """Of the others, those that are not one visit each way: two reported as one, one as two."""
    bias_s: float
    """Mean of reported minus true dwell, over those found and neither of these; NaN if none."""
    rms_s: float
    """Root of the mean square of the same."""
    within_bounds: float
    """Share of all those found with the true dwell from low to high."""
    invented: int
    """Reported visits, no pass-throughs, that overlap no true presence."""
    sure: int
    """Reported visits whose bounds say that they were, or were not, ten minutes."""
    wrong: int
    """Those of them that the truth contradicts."""


@dataclass(frozen=True, slots=True)
class Score:
    """The agreement for each kind of device, and over all."""

    kinds: tuple[Agreement, ...]
    total: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the figures of an agreement may be at worst."""

    bias_s: float
    rms_s: float
    within_bounds: float
    missed: int
    invented: int
    wrong: int
    divided: int = 3


# About twice the worst of 250 shifts of a sound engine. A radio may report once in five minutes, so
# that one visit can be minutes off; the others see an entry within seconds.
LIMITS: dict[str, Limits] = {
    "radio": Limits(bias_s=75, rms_s=220, within_bounds=0.9, missed=5, invented=2, wrong=4),
    "phone": Limits(bias_s=10, rms_s=45, within_bounds=0.9, missed=3, invented=1, wrong=4),
    "handheld": Limits(bias_s=10, rms_s=45, within_bounds=0.9, missed=3, invented=1, wrong=4),
}


@dataclass(frozen=True, slots=True)
class _Visit:
    """A reported visit, its times in seconds since the shift began."""

    row: VisitRow
    enter_s: float
    exit_s: float

    def overlap_s(self, true: TrueVisit) -> float:
        """Seconds in common; below zero where there is no moment in common."""
        return min(self.exit_s, true.exit_s) - max(self.enter_s, true.enter_s)

    def bounds(self, dwell_s: float) -> bool:
        """Whether a dwell is from low to high, as exactly as the truth is known."""
        low_s, high_s = self.row["low_s"], self.row["high_s"]
        return low_s - TRUTH_STEP_S <= dwell_s <= high_s + TRUTH_STEP_S

    @property
    def verdict(self) -> bool | None:
        """Whether it was ten minutes, if its bounds leave no doubt."""
        if self.row["low_s"] >= PATROL_S:
            return True
        seen = self.row["enter_seen"] and self.row["exit_seen"]
        return False if seen and self.row["high_s"] < PATROL_S else None


@dataclass(frozen=True, slots=True)
class _Stays:
    """The true and the reported visits of one device to one hot spot."""

    true: list[TrueVisit]
    reported: list[_Visit]

    def pairs(self) -> list[tuple[TrueVisit, _Visit]]:
        """True visits and the reported ones that show them, the longest overlaps first."""
        overlaps = [
            (visit.overlap_s(true), i, j)
            for i, true in enumerate(self.true)
            for j, visit in enumerate(self.reported)
            if visit.overlap_s(true) >= 0
        ]
        seen: dict[int, int] = {}
        for _, i, j in sorted(overlaps, reverse=True):
            if i not in seen and j not in seen.values():
                seen[i] = j
        return [(self.true[i], self.reported[j]) for i, j in seen.items()]

    def behind(self, visit: _Visit) -> TrueVisit | None:
        """The true visit that a reported one overlaps most, if any."""
        best = max(self.true, key=visit.overlap_s, default=None)
        return best if best and visit.overlap_s(best) >= 0 else None

    def one_to_one(self, true: TrueVisit, visit: _Visit) -> bool:
        """Whether these two overlap each other and nothing else."""
        reported = sum(other.overlap_s(true) >= 0 for other in self.reported)
        return reported == 1 and sum(visit.overlap_s(other) >= 0 for other in self.true) == 1


def score(rows: Iterable[VisitRow], scenario: Scenario) -> Score:
    """Compares what a service reported of a shift with what was true."""
    stays: dict[tuple[str, str], _Stays] = {}
    for true in scenario.truth.visits:
        stays.setdefault((true.device, true.hotspot), _Stays([], [])).true.append(true)
    for row in rows:
        visit = _Visit(row, *(_seconds(row[end], scenario.start) for end in ("enter", "exit")))
        key = (row["device"], row["hotspot"])
        stays.setdefault(key, _Stays([], [])).reported.append(visit)
    kinds = {device.name: device.kind for device in scenario.devices}
    return Score(
        tuple(
            _agreement(kind, [stay for (device, _), stay in stays.items() if kinds[device] == kind])
            for kind in dict.fromkeys(kinds.values())
        ),
        _agreement("all", list(stays.values())),
    )


def breaches(score: Score) -> list[str]:
    """One sentence for each limit that the agreement of a kind of device goes past."""
    return [breach for found in score.kinds for breach in _breaches(found)]


def _agreement(kind: str, stays: list[_Stays]) -> Agreement:
    long = [true for stay in stays for true in stay.true if true.dwell_s >= PASS_THROUGH_S]
    pairs = [(stay, *pair) for stay in stays for pair in stay.pairs()]
    found = [pair for pair in pairs if pair[1].dwell_s >= PASS_THROUGH_S]
    seen = [pair for pair in found if not pair[1].interrupted]
    errors = [
        visit.row["dwell_s"] - true.dwell_s
        for stay, true, visit in seen
        if stay.one_to_one(true, visit)
    ]
    bounded = [visit.bounds(true.dwell_s) for _, true, visit in found]
    reported = [(visit, stay.behind(visit)) for stay in stays for visit in stay.reported]
    sure = _sure(reported)
    return Agreement(
        kind=kind,
        true=len(long),
        missed=len(long) - len(found),
        interrupted=len(found) - len(seen),
        divided=len(seen) - len(errors),
        bias_s=_mean(errors),
        rms_s=_mean([error**2 for error in errors]) ** 0.5,
        within_bounds=_mean(bounded),
        invented=sum(true is None and not visit.row["pass_through"] for visit, true in reported),
        sure=len(sure),
        wrong=sum(verdict != truth for verdict, truth in sure),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else nan


def _sure(reported: list[tuple[_Visit, TrueVisit | None]]) -> list[tuple[bool, bool]]:
    """The sure verdicts, each with the truth; a sure "no" on nothing at all is no merit."""
    return [
        (visit.verdict, true is not None and true.dwell_s >= PATROL_S)
        for visit, true in reported
        if visit.verdict is not None and (visit.verdict or true is not None)
    ]


def _breaches(found: Agreement) -> list[str]:
    limits = LIMITS[found.kind]
    # Written so that a figure that is not a number does not pass.
    checks = [
        (abs(found.bias_s) <= limits.bias_s, f"bias {found.bias_s:+.1f} s"),
        (found.rms_s <= limits.rms_s, f"RMS error {found.rms_s:.1f} s"),
        (
            found.within_bounds >= limits.within_bounds,
            f"{found.within_bounds:.0%} of true dwells within their bounds",
        ),
        (found.missed <= limits.missed, f"{found.missed} of {found.true} visits missed"),
        (found.divided <= limits.divided, f"{found.divided} of {found.true} visits divided"),
        (found.invented <= limits.invented, f"{found.invented} visits invented"),
        (found.wrong <= limits.wrong, f"{found.wrong} of {found.sure} sure verdicts wrong"),
    ]
    return [f"{found.kind}: {figure}" for holds, figure in checks if not holds]


def _seconds(moment: str, start: datetime) -> float:
    return (datetime.fromisoformat(moment) - start).total_seconds()
