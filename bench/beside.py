"""A speed beside its ceiling: both take turns, so that they meet the same machine."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np


@dataclass(frozen=True, slots=True)
class Beside:
    """Fixes a second here and at the ceiling, medians of rounds, and their ratio round by round."""

    fixes_per_s: float
    ceiling_per_s: float
    ratio: float
    ratio_least: float
    ratio_most: float

    @classmethod
    def of(cls, rates: Sequence[float], ceilings: Sequence[float]) -> "Beside":
        """From fixes a second in each round."""
        ratios = np.array(rates) / np.array(ceilings)
        return cls(
            float(np.median(rates)),
            float(np.median(ceilings)),
            float(np.median(ratios)),
            float(np.min(ratios)),
            float(np.max(ratios)),
        )

    def as_json(self) -> dict[str, float]:
        """What results.json holds."""
        return asdict(self)


def rate(fixes: int, work: Callable[[], object]) -> float:
    """Fixes a second of `work`, which takes in that many."""
    start = perf_counter()
    work()
    return fixes / (perf_counter() - start)
