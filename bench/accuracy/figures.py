"""What a reading comes to: bias, error, bounds and verdicts, each with its n and its interval."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypedDict

import numpy as np

from accuracy.matching import PATROL_S
from accuracy.readings import Reading
from accuracy.rules import Rule
from geofence.model import Bools, Floats, Ints

RESAMPLES: Final = 500
SEED: Final = 1  # of the bootstrap
Z95: Final = 1.96
WITHIN: Final = 0.95
MINUTES: Final = (2, 3, 4, 5, 6, 7, 8, 9, 9.5, 10, 10.5, 11, 12, 13, 14, 16, 20, 25, 32)

Estimate = list[float]  # the figure, and its 95 % interval from and to; empty: nothing to go by


class RuleFigures(TypedDict):
    """How far one rule is from the truth, in seconds, on stays reported as one visit each."""

    n: int
    bias: Estimate
    rms: Estimate
    within: Estimate  # 95 % of dwells are no further from the truth
    enter_bias: float
    exit_bias: float


class Verdicts(TypedDict):
    """Ten minutes or not: counts of visits reported of true stays of two minutes or more."""

    n: int
    yes: int
    no: int
    wrong_yes: int
    wrong_no: int
    worst_s: float  # how far from ten minutes the truth of the worst wrong one was


class Band(TypedDict):
    """Stays of about one true length."""

    from_min: float
    to_min: float
    n: int
    yes: int  # surely ten minutes, as reported
    no: int
    missed: int
    off_s: list[float]  # 5th, 50th and 95th percentile of measured minus true; may be empty


class Figures(TypedDict):
    """All about one kind of device on one set of patrols."""

    stays: int  # true, of two minutes or more
    missed: int
    divided: int  # found, but not one visit for one stay
    rules: dict[Rule, RuleFigures]
    held: int  # true dwell within the bounds, of those found
    low_over: int  # the lower bound was more than the truth
    high_under: int
    width_s: float  # median of high minus low
    verdicts: Verdicts


def figures(reading: Reading, chosen: Bools | None = None) -> Figures:
    """The figures of a reading, of all patrols or of those `chosen` (a mask over patrols)."""
    match = reading.match
    due = reading.due if chosen is None else reading.due & chosen[match.owner]
    found = due & (match.shown_by >= 0)
    shown, true_s = match.shown_by[found], match.true_s[found]
    low_over = int((reading.low_s[shown] > true_s).sum())
    high_under = int((reading.high_s[shown] < true_s).sum())
    whole = np.flatnonzero(found & match.whole)
    return Figures(
        stays=int(due.sum()),
        missed=int((due & ~found).sum()),
        divided=int(found.sum()) - len(whole),
        rules={rule: _rule(reading, rule, whole) for rule in reading.ends},
        held=len(shown) - low_over - high_under,
        low_over=low_over,
        high_under=high_under,
        width_s=_rounded(np.median(reading.high_s[shown] - reading.low_s[shown]))
        if len(shown)
        else 0.0,
        verdicts=_verdicts(reading, due),
    )


def bands(reading: Reading) -> list[Band]:
    """The stays of a reading by their true length, shortest first."""
    return [_band(reading, *edge) for edge in pairwise(MINUTES)]


def wilson(count: int, n: int) -> Estimate:
    """A share of `n`, at least one, and its 95 % interval (Wilson 1927)."""
    share, z2 = count / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return [share, max(0.0, float(middle - half)), min(1.0, float(middle + half))]


def error(differences: Floats) -> tuple[Estimate, Estimate, Estimate]:
    """Bias, root mean square and 95th percentile of what is off, with bootstrap intervals."""
    if len(differences) == 0:
        return [], [], []
    rng = np.random.default_rng([SEED, len(differences)])
    drawn = differences[rng.integers(0, len(differences), (RESAMPLES, len(differences)))]
    size, sizes = np.abs(differences), np.abs(drawn)
    return (
        _estimate(differences.mean(), drawn.mean(axis=1)),
        _estimate(np.sqrt((size**2).mean()), np.sqrt((sizes**2).mean(axis=1))),
        _estimate(np.quantile(size, WITHIN), np.quantile(sizes, WITHIN, axis=1)),
    )


def _rule(reading: Reading, rule: Rule, whole: Ints) -> RuleFigures:
    shown, ends = reading.match.shown_by[whole], reading.ends[rule]
    enter_off = ends.enter_s[shown] - reading.true[whole, 0]
    exit_off = ends.exit_s[shown] - reading.true[whole, 1]
    known = np.isfinite(enter_off) & np.isfinite(exit_off)
    enter_off, exit_off = enter_off[known], exit_off[known]
    bias, rms, within = error(exit_off - enter_off)
    return RuleFigures(
        n=len(enter_off),
        bias=bias,
        rms=rms,
        within=within,
        enter_bias=_rounded(enter_off.mean()) if len(enter_off) else 0.0,
        exit_bias=_rounded(exit_off.mean()) if len(exit_off) else 0.0,
    )


def _verdicts(reading: Reading, due: Bools) -> Verdicts:
    """Every visit that shows some of a stay has a verdict, also one half of a divided stay."""
    behind = reading.match.behind
    asked = np.flatnonzero(behind >= 0)
    asked = asked[due[behind[asked]]]
    true_s = reading.match.true_s[behind[asked]]
    yes, no = reading.yes[asked], reading.no[asked]
    wrong_yes, wrong_no = yes & (true_s < PATROL_S), no & (true_s >= PATROL_S)
    off_s = np.abs(true_s - PATROL_S)[wrong_yes | wrong_no]
    return Verdicts(
        n=len(asked),
        yes=int(yes.sum()),
        no=int(no.sum()),
        wrong_yes=int(wrong_yes.sum()),
        wrong_no=int(wrong_no.sum()),
        worst_s=_rounded(off_s.max(initial=0.0)),
    )


def _band(reading: Reading, from_min: float, to_min: float) -> Band:
    match = reading.match
    rows = reading.due & (match.true_s >= 60.0 * from_min) & (match.true_s < 60.0 * to_min)
    found = rows & (match.shown_by >= 0)
    shown = match.shown_by[found]
    off_s = reading.dwell_s[shown] - match.true_s[found]
    return Band(
        from_min=from_min,
        to_min=to_min,
        n=int(rows.sum()),
        yes=int(reading.yes[shown].sum()),
        no=int(reading.no[shown].sum()),
        missed=int(rows.sum()) - len(shown),
        off_s=_rounds(np.quantile(off_s, [0.05, 0.5, 0.95])) if len(off_s) else [],
    )


def _estimate(value: float, resampled: Floats) -> Estimate:
    return _rounds([value, *np.quantile(resampled, [0.025, 0.975])])


def _rounds(values: Sequence[float] | Floats) -> list[float]:
    return [_rounded(value) for value in values]


def _rounded(value: float) -> float:
    """Two decimals: more say nothing here, and differ from one machine to another."""
    return round(float(value), 2) + 0.0
